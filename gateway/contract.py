"""The adapter contract: an adapter verifies, parses, builds and interprets; it does no I/O."""

import json
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from gateway.content.shows import Shows
from gateway.errors import Malformed
from gateway.events import Event, OutboundMessage
from gateway.forms import parse_form

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


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


@dataclass(slots=True)  # not frozen: made for each message, and freezing doubles what it costs
class Request:
    """An HTTP request an adapter wants made. ``data`` is form fields, ``json`` a JSON body.

    ``secrets`` are strings that must not appear in any log; ``private`` names form or JSON fields
    (message bodies) that the log leaves out.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Sequence[tuple[str, str]] = ()
    data: Sequence[tuple[str, str]] | None = None
    json: Any = None
    auth: tuple[str, str] | None = None
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


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider accepted the message under this id."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Found:
    """The provider was asked whether it has a message: its id, or None when it has not."""

    external_id: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """Result of a credentials check: what the provider says about the account, in words."""

    summary: str


@dataclass(frozen=True, slots=True)
class ConfigField:
    """One setting of a channel; the form, the API and its checks are generated from these.

    ``pattern`` is a full-match regular expression; ``secret`` values are write-only.
    """

    name: str
    label: "str | _StrPromise"
    help: "str | _StrPromise" = ""
    secret: bool = False
    required: bool = True
    pattern: str = ""
    pattern_error: "str | _StrPromise" = ""
    placeholder: str = ""
    phone: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a kind of channel can do. ``max_text`` in characters of one provider message."""

    max_text: int
    segments: bool = False
    read_receipts: bool = False
    idempotent_send: bool = False
    can_find: bool = False


SendSteps = Generator[Request, Response, Sent]
FindSteps = Generator[Request, Response, Found]
CheckSteps = Generator[Request, Response, Checked]


class Adapter(ABC):
    """One kind of channel at one provider. Instances hold the decrypted config, nothing else.

    ``base_url`` is the provider's fixed host, or the simulator's look-alike; it is never typed by
    a person.
    """

    kind: ClassVar[str]
    label: ClassVar["str | _StrPromise"]
    medium: ClassVar[str]  # what consent is given for: sms, rcs, email…
    address_kind: ClassVar[str]  # one of gateway.addresses.KINDS
    provider: ClassVar[str]  # the simulator's path and the name in logs
    provider_url: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    fields: ClassVar[tuple[ConfigField, ...]]
    # Hosts that customers' files lie on, beside the provider's own. Where such a file has moved to
    # may be any public host; it is then fetched without credentials.
    media_hosts: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: Mapping[str, str], *, base_url: str | None = None) -> None:
        self.config = config
        self.base_url = base_url or self.provider_url

    @classmethod
    def check_config(cls, config: Mapping[str, str]) -> dict[str, "str | _StrPromise"]:
        """Errors that concern several fields together; each field alone is checked before."""
        return {}

    @classmethod
    @abstractmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The address customers write to, for display."""

    @abstractmethod
    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless the provider signed this request."""

    @abstractmethod
    def shard_key(self, request: WebhookRequest) -> str:
        """What keeps order: the sender's address. Raises Malformed for no payload of this provider.

        Called once, after ``verify`` and before the request is stored.
        """

    @abstractmethod
    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """All events of a verified request. An exception keeps the request as ``failed``."""

    def acknowledge(self, request: WebhookRequest) -> WebhookResponse:
        """What the provider expects back for a stored request."""
        return WebhookResponse()

    def media_request(self, url: str) -> Request:
        """The request for a customer's file (``Attachment.url``); ``auth`` and ``headers`` only
        where the URL is one of the provider's own that needs them.
        """
        return Request("GET", url)

    def shows(self, address: str) -> Shows:
        """What this channel can show somebody in one provider message."""
        return Shows(text=self.capabilities.max_text)

    def segments(self, text: str) -> int:
        """How many units the provider counts for this text."""
        return 1

    @abstractmethod
    def send(self, message: OutboundMessage) -> SendSteps:
        """Steps to send one message; raises a SendError."""

    def find(
        self, message: OutboundMessage, attempted_at: datetime, asked_at: datetime | None = None
    ) -> FindSteps:
        """Steps to ask whether an attempt was accepted; only with ``capabilities.can_find``.

        ``asked_at`` is now, on the clock of ``attempted_at``: what the provider's own clock says in
        its answer tells how far the two are apart.
        """
        raise TypeError(f"{self.kind} cannot be asked for a message.")

    @abstractmethod
    def check(self) -> CheckSteps:
        """Steps to check the credentials against the provider; raises a SendError."""
