"""Makes exchanges with providers fit for a log: no credentials, no message bodies."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson

from gateway.content.model import Media
from gateway.http import Part, Request, Response
from gateway.sql import storable

HIDDEN = "•••"
LIMIT = 2_000
SECRET_WORDS = ("token", "secret", "password", "authorization", "api_key", "apikey", "signature")


def request_summary(request: Request) -> str:
    """The fields of a request as one JSON line; private and secret values replaced."""
    hidden = _hidden(request.private)
    if request.data is not None:
        shown: Any = {name: HIDDEN if hidden[name] else value for name, value in request.data}
    elif request.parts:
        shown = {part.name: HIDDEN if hidden[part.name] else _shown(part) for part in request.parts}
    elif request.body is not None:
        shown = f"{len(request.body)} B"
    else:
        shown = _scrub(request.json or {}, hidden)
    return _without(_as_json(shown), request.secrets)[:LIMIT]


def _shown(part: Part) -> str:
    """A field's value; of a file what it is, never what is in it."""
    if isinstance(part.value, str) and not part.filename:
        return part.value
    name = part.filename or (part.value.name if isinstance(part.value, Media) else "")
    kind = part.content_type or (part.value.content_type if isinstance(part.value, Media) else "")
    return f"[{' '.join(filter(None, (name, kind)))}]"


def response_summary(request: Request, response: Response) -> str:
    """The answer's body; JSON objects lose private and secret members, other text is cut short."""
    try:
        said = _as_json(_scrub(_parsed(response.body), _hidden(request.private)))
    except ValueError:
        return _without(response.body.decode("utf-8", "replace")[:200], request.secrets)
    except RecursionError:  # nested deeper than any answer: nobody can tell what is secret in it
        return "[nested too deeply]"
    return _without(said, request.secrets)[:LIMIT]


def url_summary(request: Request) -> str:
    """The URL with the values of secret-looking parameters replaced."""
    if not request.params and "?" not in request.url:
        return _plain_url(request.url, request.secrets)
    parts = urlsplit(request.url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *request.params]
    hidden = _hidden(request.private)
    shown = [(name, HIDDEN if hidden[name] else value) for name, value in query]
    return _without(urlunsplit(parts._replace(query=urlencode(shown))), request.secrets)


# A channel's messages all go to one URL.
@lru_cache(maxsize=1024)
def _plain_url(url: str, secrets: tuple[str, ...]) -> str:
    return _without(url, secrets)


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # What only the lenient parser takes (half a surrogate pair, NaN) is still an answer.
        return json.loads(body.decode("utf-8", "replace"))


def _as_json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, default=str)


class Names(dict[str, bool]):
    """Whether a field's value is hidden, by the field's name.

    Looked up, not computed: a provider uses the same few dozen names in every message.
    """

    LIMIT = 4096

    def __init__(self, private: frozenset[str]) -> None:
        super().__init__()
        self.private = {name.lower() for name in private}

    def __missing__(self, name: str) -> bool:
        lower = name.lower()
        hides = lower in self.private or any(word in lower for word in SECRET_WORDS)
        if len(self) < self.LIMIT:
            self[name] = hides
        return hides


@lru_cache(maxsize=64)
def _hidden(private: frozenset[str]) -> Names:
    return Names(private)


def _scrub(value: Any, hidden: Names) -> Any:
    if isinstance(value, dict):
        return {
            key: HIDDEN
            if hidden[key]
            else (_scrub(item, hidden) if isinstance(item, dict | list) else item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_scrub(item, hidden) for item in value[:20]]
    return value


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        if secret and secret in text:
            text = text.replace(secret, HIDDEN)
    return text if text.isascii() and "\0" not in text else storable(text)
