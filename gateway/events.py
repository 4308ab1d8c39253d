"""Normalized events: what adapters parse and what receivers above the gateway are given."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.content.model import Content, Location, Media
from gateway.content.reading import read_stored
from gateway.mail import Mail, OutboundMail
from gateway.states import State


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file the customer sent; ``url`` is the provider's and may need credentials.

    ``inside`` names it where it came within the request itself (``Adapter.inside``); then there is
    no URL. ``size`` in bytes, None when the provider does not say. ``content_id``: by what an HTML
    text names a picture that stands in it.
    """

    url: str
    content_type: str
    name: str = ""
    size: int | None = None
    inside: str = ""
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """For how long free text may be sent after a customer did something.

    ``messages``: at most so many of ours in it; None: as many as we like.
    """

    seconds: float
    messages: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """An address that is proven to be the same person's; ``value`` in its normal form."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Referred:
    """What a message is about, beside a message of the thread: a story, a post, an advertisement.

    ``kind``: ``story``, ``mention``, ``post``, ``ad``, ``product``, ``forwarded``.
    """

    kind: str
    url: str = ""
    text: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class SharedContact:
    """A person whose card the customer sent. Phone numbers as they stand on the card."""

    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A customer wrote. ``sender`` is a normalized address; ``occurred_at`` in UTC or None.

    ``payload`` is what the suggestion they tapped carries (``text`` is then its label).
    ``sender_kind``: what kind of address ``sender`` is, where it is not the adapter's own.
    ``also``: addresses that are proven to be the same person's. ``reply_to``: the provider's id of
    the message it answers. ``refers_to``: ids of ours and theirs, the nearest first, in whose
    conversation it belongs. ``thread``: what keeps it apart from what else this person writes here
    (a public post's id, a mail's first Message-ID). ``public``: everybody can read it.
    ``unsupported``: the provider's word for a kind that cannot be shown. ``window``: what it opens,
    where that is not the usual. ``reply_token``: answers it once. ``quote_token`` and
    ``read_token``: by what it is quoted and reported read where its id is not enough
    (``Capabilities.by_token``). ``automatic``: a machine wrote it; it reopens nothing and is not
    answered. ``mail``: what only mail has. ``sender_handle``: by what people know the sender there
    (``@name``), where the address is an id.
    """

    external_id: str
    sender: str
    recipient: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    sender_name: str = ""
    occurred_at: datetime | None = None
    payload: str | None = None
    location: Location | None = None
    sender_kind: str = ""
    also: tuple[Identity, ...] = ()
    reply_to: str = ""
    refers_to: tuple[str, ...] = ()
    thread: str = ""
    public: bool = False
    referred: Referred | None = None
    shared: tuple[SharedContact, ...] = ()
    unsupported: str = ""
    window: Window | None = None
    reply_token: str = ""
    quote_token: str = ""
    read_token: str = ""
    automatic: bool = False
    mail: Mail | None = None
    sender_handle: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """A customer changed a message of theirs; ``text`` is what it says now.

    ``version`` tells edits of one message apart (a time, a count): the same one again changes
    nothing.
    """

    external_id: str
    sender: str
    text: str
    version: str
    occurred_at: datetime | None = None
    sender_kind: str = ""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A customer took a message of theirs back. ``erase``: we may not keep what it said."""

    external_id: str
    sender: str
    erase: bool = False
    occurred_at: datetime | None = None
    sender_kind: str = ""


@dataclass(frozen=True, slots=True)
class Reaction:
    """A customer reacted to a message, of ours or theirs; no ``emoji``: took the reaction back."""

    external_id: str
    sender: str
    emoji: str
    occurred_at: datetime | None = None
    sender_kind: str = ""


@dataclass(frozen=True, slots=True)
class SentElsewhere:
    """The business answered a customer outside of here (the provider's own app or inbox).

    What we have sent ourselves is recognised by ``external_id`` (or ``delivery_uid``, where the
    provider carries it) and not shown twice. ``recipient`` is the customer.
    """

    external_id: str
    recipient: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    occurred_at: datetime | None = None
    recipient_kind: str = ""
    reply_to: str = ""
    thread: str = ""
    public: bool = False
    delivery_uid: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything we have sent to this customer up to a moment has come this far.

    ``state`` is DELIVERED or READ, ``until`` in UTC.
    """

    sender: str
    state: State
    until: datetime
    provider_word: str
    sender_kind: str = ""


@dataclass(frozen=True, slots=True)
class WindowOpened:
    """A customer did something that is no message and lets us write to them."""

    sender: str
    window: Window
    occurred_at: datetime | None = None
    reply_token: str = ""
    sender_kind: str = ""


@dataclass(frozen=True, slots=True)
class Sought:
    """A hashtag to look for, without its sign and in lower case, in posts since a time (UTC)."""

    hashtag: str
    since: datetime


@dataclass(frozen=True, slots=True)
class TemplateNews:
    """The provider says that a template has changed. What it does not say is empty.

    ``status`` is a word of gateway.content.templates.TemplateStatus.
    """

    external_id: str
    name: str
    language: str
    status: str = ""
    category: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BadAddress:
    """An address that nothing can be delivered to any more; it goes on the suppression list."""

    address: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Typing:
    """A customer is writing at this moment."""

    sender: str
    sender_kind: str = ""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The provider reports that a message's time was over.

    ``done``: it is withdrawn, and was not delivered. Otherwise it could not be withdrawn and may
    still be delivered. ``delivery_uid`` as in StatusUpdate.
    """

    external_id: str
    done: bool
    provider_word: str
    delivery_uid: uuid.UUID | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """The provider reports on a message of ours. ``state`` is one of states.REPORTABLE.

    ``delivery_uid`` when the callback carries our own id, so that it can be applied even before
    the send has returned. ``error_class`` names a class of gateway.errors.
    """

    external_id: str
    state: State
    provider_word: str
    delivery_uid: uuid.UUID | None = None
    error_class: str = ""
    error_code: str = ""
    error_text: str = ""
    occurred_at: datetime | None = None


class Keyword(StrEnum):
    """Opt-out keywords."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class OptOut:
    """A customer used a keyword. ``answered``: the provider has already confirmed it to them.

    ``source``: ``keyword``, or ``provider`` where they blocked us or complained (``words`` say so).
    """

    external_id: str
    sender: str
    keyword: Keyword
    words: str
    answered: bool
    sender_kind: str = ""
    source: str = "keyword"


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A valid event of a kind we do not know; kept and shown as such."""

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A public post with a hashtag that was looked for (``Adapter.search``); not always to us.

    ``hashtag`` as it was sought. ``post`` is what it would be as a message; where it is to us as
    well, it comes as that too, in its own time.
    """

    hashtag: str
    post: InboundMessage


# What is handed to receivers of its own name, in the order received per address.
Told = Edited | Unsent | Reaction | SentElsewhere | WindowOpened | TemplateNews | Tagged
Event = (
    InboundMessage
    | StatusUpdate
    | Withdrawal
    | OptOut
    | Typing
    | Told
    | Seen
    | BadAddress
    | UnknownEvent
)


@dataclass(frozen=True, slots=True)
class Received:
    """An event with where it came from; what receivers get, in the order received per address.

    ``address_kind`` is that of the customer's address; ``inbound_id`` the request's place in the
    inbound log; ``window`` what the event opens, where the channel has reply windows, and
    ``human_window`` what for people.
    """

    workspace_id: int
    channel_id: uuid.UUID
    address_kind: str
    medium: str
    received_at: datetime
    request_id: str
    event: InboundMessage | OptOut | Typing | Told
    inbound_id: int = 0
    window: Window | None = None
    human_window: Window | None = None


@dataclass(slots=True)  # not frozen: made for each message, and freezing doubles what it costs
class DeliveryChange:
    """A delivery has a new state; receivers get them in batches, inside the same transaction.

    ``uid`` and ``message_uid`` are UUIDs as text, in their canonical form.
    """

    delivery_id: int
    uid: str
    message_uid: str
    workspace_id: int
    channel_id: uuid.UUID
    batch_id: int | None
    medium: str
    address: str
    state: State
    error_class: str = ""
    error_code: str = ""
    error_text: str = ""


@dataclass(frozen=True, slots=True)
class Replacement:
    """Another channel has taken over a part of a message.

    ``options`` are what it offers by number there (``gateway.content.options``).
    """

    workspace_id: int
    message_uid: uuid.UUID
    channel_id: uuid.UUID
    options: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """A file of an inbound message that is to be fetched; ``place`` among its files, from 0.

    ``inbound_id``: the request it came within, where it did.
    """

    workspace_id: int
    channel_id: uuid.UUID
    message_uid: uuid.UUID
    place: int
    attachment: Attachment
    inbound_id: int = 0


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of a message was fetched, or will never be; receivers get it in the transaction.

    ``message_uid`` is a UUID as text, in its canonical form.
    """

    workspace_id: int
    message_uid: str


@dataclass(frozen=True, slots=True)
class About:
    """What a message of ours answers.

    ``reply_to``: the provider's id of the message it quotes or, in public, stands below;
    ``quote_token`` and ``thread`` as in InboundMessage. ``public``: everybody will read it.
    ``person``: a person wrote it, not a machine. ``mail``: what only mail has. ``follows``: it goes
    on what its part before began, and stands below that once that is out. ``reacts``: it is no
    message but our reaction to the message ``reply_to``: the emoji ``reaction``, or empty to take
    the reaction back.
    """

    reply_to: str = ""
    thread: str = ""
    public: bool = False
    person: bool = False
    mail: OutboundMail | None = None
    quote_token: str = ""
    follows: bool = False
    reacts: bool = False
    reaction: str = ""


NOTHING = About()


@dataclass(slots=True)  # not frozen: made for each message, and freezing doubles what it costs
class OutboundMessage:
    """What an adapter is asked to send: one provider message.

    ``address`` is the normalized recipient, ``status_url`` where the provider shall report
    (it carries ``uid``, a UUID in its canonical form), ``sender`` the one of the channel's pool it
    leaves from (empty: the channel's own), ``content`` as in Delivery.content, and ``media`` the
    files in it; ``rich`` is all of the content, read. ``lifetime_s``: what is not delivered within
    so many seconds shall be withdrawn by the provider. ``about``: what it answers.
    ``window_until``: until when free text may be sent to this person, None where nobody knows; it
    is over where only ``Capabilities.human_window`` is still open.
    ``reply_token`` answers their last message once; empty when there is none (any more).
    """

    uid: str
    address: str
    text: str
    status_url: str
    content: dict[str, object] = field(default_factory=dict)
    media: tuple[Media, ...] = ()
    marketing: bool = False
    lifetime_s: int | None = None
    sender: str = ""
    about: About = NOTHING
    window_until: datetime | None = None
    reply_token: str = ""

    @property
    def rich(self) -> Content:
        """The content in the model's words."""
        return read_stored(self.content)
