"""Makes exchanges with providers fit for a log: no credentials, no message bodies."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from gateway.contract import Request, Response
from gateway.sql import storable

HIDDEN = "•••"
LIMIT = 2_000
SECRET_WORDS = ("token", "secret", "password", "authorization", "api_key", "apikey", "signature")


def request_summary(request: Request) -> str:
    """The fields of a request as one JSON line; private and secret values replaced."""
    fields: Mapping[str, Any] | list[tuple[str, str]]
    fields = list(request.data) if request.data is not None else request.json or {}
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    shown = {name: _shown(name, value, request.private) for name, value in pairs}
    return _without(json.dumps(shown, ensure_ascii=False, default=str), request.secrets)[:LIMIT]


def response_summary(request: Request, response: Response) -> str:
    """The answer's body; JSON objects lose private and secret members, other text is cut short."""
    text = response.body.decode("utf-8", "replace")
    try:
        parsed = json.loads(text)
    except ValueError:
        return _without(text[:200], request.secrets)
    private = {name.lower() for name in request.private}
    return _without(json.dumps(_scrub(parsed, private), ensure_ascii=False), request.secrets)[
        :LIMIT
    ]


def url_summary(request: Request) -> str:
    """The URL with the values of secret-looking parameters replaced."""
    parts = urlsplit(request.url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *request.params]
    shown = urlencode([(name, _shown(name, value, request.private)) for name, value in query])
    return _without(urlunsplit(parts._replace(query=shown)), request.secrets)


def _scrub(value: Any, private: set[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: HIDDEN if _hides(key, private) else _scrub(item, private)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_scrub(item, private) for item in value[:20]]
    return value


def _hides(name: str, private: set[str]) -> bool:
    return name.lower() in private or any(word in name.lower() for word in SECRET_WORDS)


def _shown(name: str, value: Any, private: Iterable[str]) -> Any:
    return HIDDEN if _hides(name, {word.lower() for word in private}) else value


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    return storable(text)
