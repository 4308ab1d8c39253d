"""The adapter contract: an adapter verifies, parses, builds and interprets; it does no I/O."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from gateway.content.shows import Shows
from gateway.errors import Malformed
from gateway.events import Event, OutboundMessage
from gateway.forms import parse_form
from gateway.senders.pool import Pool

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
    SendError that the message then ends with.
    """

    key: str
    ask: "Callable[[], Request]"
    read: "Callable[[Response], Token]"


@dataclass(slots=True)  # not frozen: made for each message, and freezing doubles what it costs
class Request:
    """An HTTP request an adapter wants made. ``data`` is form fields, ``json`` a JSON body.

    ``grant`` has the transport add a bearer token. ``secrets`` are strings that must not appear in
    any log; ``private`` names form or JSON fields (message bodies) that the log leaves out.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Sequence[tuple[str, str]] = ()
    data: Sequence[tuple[str, str]] | None = None
    json: Any = None
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


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider accepted the message under this id."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Found:
    """The provider was asked whether it has a message: its id, or None when it has not."""

    external_id: str | None


class Reach(StrEnum):
    """Whether a channel reaches an address, as the provider answered.

    ``NOT_LAUNCHED``: the sender is not open to everybody yet and this number is none of its
    testers. No answer (a time-out, a 5xx) is a SendError and none of these.
    """

    YES = "yes"
    NO = "no"
    NOT_LAUNCHED = "not_launched"


@dataclass(frozen=True, slots=True)
class Reached:
    """What the provider says of an address; ``features`` in its own words, sorted."""

    reach: Reach
    features: tuple[str, ...] = ()


class Signal(StrEnum):
    """What a customer can be shown of us beside messages.

    ``TYPING``: somebody is writing to them at this moment. ``READ``: a message of theirs was read.
    """

    TYPING = "typing"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Revoked:
    """The provider took a withdrawal.

    ``certain``: it says that the message was not delivered and will not be. Otherwise a report of
    its delivery may still cross.
    """

    certain: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """Result of a credentials check: what the provider says about the account, in words.

    ``tried`` is false where it could not be asked; the words then say why.
    """

    summary: str
    tried: bool = True


@dataclass(frozen=True, slots=True)
class ConfigField:
    """One setting of a channel; the form, the API and its checks are generated from these.

    ``pattern`` is a full-match regular expression; ``secret`` values are write-only. ``choices``
    are (value, label), an empty value becomes ``default``; ``max_length`` in characters (0: the
    usual). ``url``: the outgoing door must let it through, and secrets that are saved do not follow
    it to another host. Fields of one ``group`` stand together under its name.
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
    url: bool = False
    multiline: bool = False
    choices: "tuple[tuple[str, str | _StrPromise], ...]" = ()
    default: str = ""
    group: "str | _StrPromise" = ""
    max_length: int = 0


class LookAlikes(StrEnum):
    """Which characters ``Adapter.wording`` swaps: none, look-alikes, letters with accents too."""

    OFF = "off"
    ON = "on"
    ACCENTS = "accents"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a kind of channel can do. ``max_text`` in characters of one provider message.

    ``reach_batch`` is how many addresses one question about reach takes (0: none can be asked),
    ``reach_per_minute`` how many such questions. ``revocable``: a sent message can be withdrawn.
    ``lifetime``: the provider itself withdraws it when ``OutboundMessage.lifetime_s`` is over.
    ``signals``: what ``Adapter.signal`` can show a customer.
    ``lookalikes``: what ``wording`` swaps.
    ``falls_back``: the provider itself sends what does not arrive in another way, so we may not.
    """

    max_text: int
    segments: bool = False
    read_receipts: bool = False
    idempotent_send: bool = False
    can_find: bool = False
    reach_batch: int = 0
    reach_per_minute: int = 0
    revocable: bool = False
    lifetime: bool = False
    signals: frozenset[Signal] = frozenset()
    lookalikes: LookAlikes = LookAlikes.OFF
    falls_back: bool = False


SendSteps = Generator[Request, Response, Sent]
FindSteps = Generator[Request, Response, Found]
CheckSteps = Generator[Request, Response, Checked]
ReachSteps = Generator[Request, Response, Mapping[str, Reached]]
RevokeSteps = Generator[Request, Response, Revoked]
SignalSteps = Generator[Request, Response, None]


class Adapter(ABC):
    """One kind of channel at one provider. Instances hold the decrypted config, nothing else.

    ``base_url`` is the provider's fixed host, or the simulator's look-alike; it is never typed by
    a person. Where the URL itself is a setting (``ConfigField.url``), ``base_url`` other than
    ``provider_url`` still means that nothing may leave for any other place.

    ``capabilities`` are the kind's; an instance may have its own, as far as its config says so.
    """

    kind: ClassVar[str]
    label: ClassVar["str | _StrPromise"]
    medium: ClassVar[str]  # what consent is given for: sms, rcs, email…
    address_kind: ClassVar[str]  # one of gateway.addresses.KINDS
    provider: ClassVar[str]  # the simulator's path and the name in logs
    provider_url: ClassVar[str]
    capabilities: Capabilities
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

    def handshake(self, request: WebhookRequest) -> WebhookResponse | None:
        """The answer to a verified request that only asks whether this address is ours.

        It carries no event and perhaps a secret, so it is answered and never stored. None for all
        other requests.
        """
        return None

    @abstractmethod
    def shard_key(self, request: WebhookRequest) -> str:
        """What keeps order: the sender's address. Raises Malformed for no payload of this provider.

        Called once, after ``verify`` and before the request is stored.
        """

    @abstractmethod
    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """All events of a verified request. An exception keeps the request as ``failed``."""

    def kept_url(self, request: WebhookRequest) -> str:
        """The URL as it is stored with the request: without secrets, if the provider puts any in.

        ``parse`` gets the request with this URL.
        """
        return request.url

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

    def wording(self, text: str, swaps: LookAlikes | None = None) -> str:
        """A text as it is queued: counted, stored and sent like this. Short, as it runs for each.

        ``swaps``: as if the channel were set so (to say what that would save).
        """
        return text

    def senders(self) -> Pool | None:
        """The channel's pool of senders; None where it has one sender alone.

        Where there is one, ``OutboundMessage.sender`` names which of them a message leaves from,
        and what customers write to any of them comes in.
        """
        return None

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

    def reach(self, addresses: Sequence[str]) -> ReachSteps:
        """Steps to ask which of these the channel reaches; only with ``capabilities.reach_batch``.

        At most that many addresses; every one of them is answered for, or a SendError is raised.
        """
        raise TypeError(f"{self.kind} cannot be asked whom it reaches.")

    def revoke(self, message: OutboundMessage, external_id: str) -> RevokeSteps:
        """Steps to withdraw a message that was accepted; only with ``capabilities.revocable``.

        Raises a SendError; every one of them leaves the message as it was, and may be asked again.
        """
        raise TypeError(f"{self.kind} cannot withdraw a message.")

    def signal(self, signal: Signal, address: str, *, uid: str, about: str = "") -> SignalSteps:
        """Steps to show a customer a signal; only one of ``capabilities.signals``.

        ``uid`` is ours, a UUID in its canonical form, the same when it is tried again. ``about`` is
        the provider's id of the customer's message (READ), empty for TYPING. Raises a SendError,
        never Ambiguous: a signal that is shown twice does no harm.
        """
        raise TypeError(f"{self.kind} shows no signals.")

    @abstractmethod
    def check(self) -> CheckSteps:
        """Steps to check the credentials against the provider; raises a SendError."""
