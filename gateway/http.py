"""HTTP as adapters know it: a provider's request, its answer, and what we ask of a provider."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

import orjson

from gateway.content.model import Media
from gateway.errors import Malformed
from gateway.forms import parse_form

# The method of a stored "request" that we have asked for ourselves (``Adapter.poll``).
POLLED = "POLL"


@dataclass(frozen=True)  # no slots: the form is read once and kept
class WebhookRequest:
    """A provider's HTTP request. ``url`` is the exact public URL; header names are lower-case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    def form(self) -> list[tuple[str, str]]:
        """The form fields in order, blanks and repeats kept; Malformed when they cannot be read."""
        return self._form

    @cached_property
    def _form(self) -> list[tuple[str, str]]:
        try:
            return parse_form(self.body)
        except ValueError as error:
            raise Malformed("The body is not a form.") from error


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """What the provider expects back."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and how long it may be used, in seconds."""

    value: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Grant:
    """How to get a bearer token that many requests share; the transport keeps it until it ends.

    ``key`` names the account and what the token is for. ``ask`` builds the request (a signed claim
    holds the time, so it is built when it is needed); ``read`` reads its answer, or raises the
    SendError that the message then ends with. ``param``: the URL's parameter that carries it, where
    it is no header; ``stale`` says of an answer other than a 401 that the token is taken no more.
    """

    key: str
    ask: "Callable[[], Request]"
    read: "Callable[[Response], Token]"
    param: str = ""
    stale: "Callable[[Response], bool] | None" = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart form: a field, or a file.

    ``value`` is text, bytes, or a file of ours or at a public address, whose bytes the transport
    puts there.
    """

    name: str
    value: str | bytes | Media
    filename: str = ""
    content_type: str = ""


@dataclass(slots=True)  # not frozen: made for each message, and freezing doubles what it costs
class Request:
    """An HTTP request an adapter wants made. At most one of ``data`` (form fields), ``json``,
    ``parts`` (a multipart form) and ``body`` (bytes; ``headers`` say what they are).

    ``grant`` has the transport add a bearer token. ``secrets`` are strings that must not appear in
    any log; ``private`` names form or JSON fields (message bodies) that the log leaves out.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Sequence[tuple[str, str]] = ()
    data: Sequence[tuple[str, str]] | None = None
    json: Any = None
    parts: Sequence[Part] = ()
    body: bytes | None = None
    auth: tuple[str, str] | None = None
    grant: Grant | None = None
    secrets: tuple[str, ...] = ()
    private: frozenset[str] = frozenset()


@dataclass(slots=True)  # not frozen: made for each message, and freezing doubles what it costs
class Response:
    """What came back. ``headers`` names are lower-case; ``body`` is cut at a limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return self._lenient_json()

    def _lenient_json(self) -> Any:
        # What only the standard library takes (half a surrogate pair, NaN) is still an answer.
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def date(self) -> datetime | None:
        """The provider's own time, in UTC; None when it does not say."""
        return http_date(self.headers.get("date", ""))

    def retry_after(self) -> float | None:
        """Seconds to wait by Retry-After (seconds or an HTTP date); None when not said."""
        said = self.headers.get("retry-after", "").strip()
        if said.isdecimal():
            return float(said[:9])
        due = http_date(said)
        return None if due is None else max(0.0, (due - datetime.now(UTC)).total_seconds())


def http_date(text: str) -> datetime | None:
    """A time as HTTP headers write it, in UTC; None when it is none."""
    try:
        found = parsedate_to_datetime(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
