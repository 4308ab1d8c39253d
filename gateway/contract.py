"""The adapter contract: an adapter verifies, parses, builds and interprets; it does no I/O."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from gateway.content.shows import Shows
from gateway.content.templates import ProviderTemplate, TemplateDraft
from gateway.events import About, Event, OutboundMessage, Sought, Window
from gateway.http import Grant as Grant
from gateway.http import Part as Part
from gateway.http import Request as Request
from gateway.http import Response as Response
from gateway.http import Token as Token
from gateway.http import WebhookRequest as WebhookRequest
from gateway.http import WebhookResponse as WebhookResponse
from gateway.http import http_date as http_date
from gateway.senders.pool import Pool

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# "Shown as a picture", which an emoji may have behind it or not.
PICTURE = "\ufe0f"
# What the door takes of every kind that does not say otherwise, in bytes.
BODY_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider accepted the message under this id."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Polled:
    """What a provider answered when it was asked for what is new: bodies to store as they are.

    ``cursor`` is what to go on from; it is kept in the transaction that stores the bodies.
    ``more``: ask again at once.
    """

    bodies: tuple[bytes, ...]
    cursor: str
    more: bool = False


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
    it to another host. ``generated``: left empty in a new channel, it becomes a random value of 43
    characters (letters, digits, ``-`` and ``_``). Fields of one ``group`` stand together under its
    name. ``when`` is another setting and the values of it with which this one counts; forms hide it
    with others. ``needed``: there it cannot be empty, which ``Adapter.check_config`` checks.
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
    generated: bool = False
    when: "tuple[str, tuple[str, ...]] | None" = None
    needed: bool = False


class LookAlikes(StrEnum):
    """Which characters ``Adapter.wording`` swaps: none, look-alikes, letters with accents too."""

    OFF = "off"
    ON = "on"
    ACCENTS = "accents"


@dataclass(frozen=True, slots=True)
class Reactions:
    """Which emoji a message can be given; ``only`` empty: any.

    They are compared without variation selectors: ❤ is ❤️.
    """

    only: tuple[str, ...] = ()

    def take(self, emoji: str) -> bool:
        """Whether this one can be given."""
        bare = emoji.replace(PICTURE, "")
        return not self.only or any(bare == one.replace(PICTURE, "") for one in self.only)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a kind of channel can do. ``max_text`` in characters of one provider message.

    ``reach_batch`` is how many addresses one question about reach takes (0: none can be asked),
    ``reach_per_minute`` how many such questions. ``revocable``: a sent message can be withdrawn.
    ``lifetime``: the provider itself withdraws it when ``OutboundMessage.lifetime_s`` is over.
    ``signals``: what ``Adapter.signal`` can show a customer.
    ``lookalikes``: what ``wording`` swaps.
    ``falls_back``: the provider itself sends what does not arrive in another way, so we may not.
    ``window``: free text may only be sent so long after the customer has last written;
    ``human_window``: for so long, if a person wrote it. ``reply_token_s``: for how long the token
    of a customer's message can be used to answer; ``idempotent_send`` does not hold for what leaves
    with one. ``quotes``: an answer may name the message it is about. ``by_token``: a message is
    quoted and reported read by tokens that came with it, and without them not at all.
    ``templates``: what the provider has approved can be sent by name. ``registers``: we tell the
    provider ourselves where its webhooks go (``Adapter.register``). ``poll_every_s``: how often it
    is asked for what is new (0: never), ``search_every_s``: for posts with hashtags, one at a time
    (0: it cannot be). ``public``: some of what it brings is public. ``typing_about``: who is shown
    that somebody writes is shown it below a message of theirs. ``threads``: of a public answer in
    several parts each stands below the one before. ``reactions``: what we can react with to a
    customer's message (``Adapter.react``); None: with nothing.
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
    window: Window | None = None
    human_window: Window | None = None
    reply_token_s: float = 0
    quotes: bool = False
    by_token: bool = False
    templates: bool = False
    registers: bool = False
    poll_every_s: float = 0
    search_every_s: float = 0
    public: bool = False
    typing_about: bool = False
    threads: bool = False
    reactions: Reactions | None = None


SendSteps = Generator[Request, Response, Sent]
FindSteps = Generator[Request, Response, Found]
CheckSteps = Generator[Request, Response, Checked]
ReachSteps = Generator[Request, Response, Mapping[str, Reached]]
RevokeSteps = Generator[Request, Response, Revoked]
SignalSteps = Generator[Request, Response, None]
PollSteps = Generator[Request, Response, Polled]
# The last request is the one whose answer is the file.
FetchSteps = Generator[Request, Response, Request]
TemplatesSteps = Generator[Request, Response, tuple[ProviderTemplate, ...]]
TemplateSteps = Generator[Request, Response, ProviderTemplate]


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
    # Hosts that customers' files lie on, beside the provider's own; ".example.net" stands for all
    # hosts below it. Where such a file has moved to may be any public host; it is then fetched
    # without credentials.
    media_hosts: ClassVar[tuple[str, ...]] = ()
    # Whether ``parse`` tells opt-out keywords itself; else gateway.keywords hears them.
    hears_keywords: ClassVar[bool] = False
    # How large a request the provider may post, in bytes.
    body_limit: ClassVar[int] = BODY_LIMIT

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

    @classmethod
    def account_key(cls, config: Mapping[str, str]) -> str:
        """By what webhooks name this account where all of an app's go to one address.

        Several ids are separated by spaces (a number, and the account it belongs to). Empty where
        each channel has an address of its own (``settings.GATEWAY_SHARED_DOORS``).
        """
        return ""

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

    def fetch(self, url: str) -> FetchSteps:
        """Steps to a customer's file, where it takes more than one request; raises a SendError.

        Returns the request for the file itself: like ``media_request``, which is all there is to do
        by default.
        """
        yield from ()
        return self.media_request(url)

    def inside(self, request: WebhookRequest, part: str) -> bytes:
        """A file that came within a stored request (``Attachment.inside``)."""
        raise TypeError(f"{self.kind} brings no files within its requests.")

    def poll(self, cursor: str) -> PollSteps:
        """Steps to ask for what is new since ``cursor`` (empty at first); raises a SendError.

        Only with ``capabilities.poll_every_s``. What comes is stored as a request whose method is
        ``gateway.http.POLLED``, which ``parse`` is given like any other. Asking twice does no harm:
        repeats are recognised by their external ids.
        """
        raise TypeError(f"{self.kind} is not asked for what is new.")

    def search(self, sought: Sequence[Sought], cursor: str) -> PollSteps:
        """Steps to ask for posts with hashtags, new since ``cursor``; raises a SendError.

        Only with ``capabilities.search_every_s``; as often, and one hashtag at a time, in turn.
        What comes goes the way of ``poll`` and is parsed to ``Tagged``.
        """
        raise TypeError(f"{self.kind} cannot be asked for hashtags.")

    def public_url(self, external_id: str) -> str:
        """Where everybody can read a public post; empty where nobody can."""
        return ""

    def register(self, webhook_url: str) -> "CheckSteps":
        """Steps to tell the provider where its webhooks go; only with ``capabilities.registers``.

        May be done again at any time. Raises a SendError.
        """
        raise TypeError(f"{self.kind} is told its webhook's address by a person.")

    def templates(self) -> TemplatesSteps:
        """Steps to list the approved templates and those under way; raises a SendError."""
        raise TypeError(f"{self.kind} has no templates.")

    def create_template(self, draft: TemplateDraft) -> TemplateSteps:
        """Steps to hand a template in for approval; Rejected names what the provider dislikes."""
        raise TypeError(f"{self.kind} has no templates.")

    def delete_template(self, template: ProviderTemplate) -> "CheckSteps":
        """Steps to remove a template there; raises a SendError."""
        raise TypeError(f"{self.kind} has no templates.")

    def shows(self, address: str) -> Shows:
        """What this channel can show somebody in one provider message."""
        return Shows(text=self.capabilities.max_text)

    def shows_in(self, address: str, about: About) -> Shows:
        """As ``shows``, where what it answers makes a difference (in public, say)."""
        return self.shows(address)

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

    def react(self, message: OutboundMessage) -> SendSteps:
        """Steps to give or take back a reaction (``About.reacts``).

        Only with ``capabilities.reactions``. Raises a SendError, never Ambiguous: one that is given
        twice does no harm. Returns an id of its own, made of the delivery's where the provider
        gives none (``reaction_id``).
        """
        raise TypeError(f"{self.kind} has no reactions.")

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
        the provider's id of the customer's message (with ``capabilities.by_token`` its
        ``read_token``): the one that was read, or their newest (TYPING, with
        ``capabilities.typing_about`` alone; else empty). Raises a SendError, never Ambiguous: a
        signal that is shown twice does no harm.
        """
        raise TypeError(f"{self.kind} shows no signals.")

    @abstractmethod
    def check(self) -> CheckSteps:
        """Steps to check the credentials against the provider; raises a SendError."""


def reaction_id(message: OutboundMessage) -> str:
    """The id of a reaction that its provider gives none."""
    return f"reaction:{message.uid}"
