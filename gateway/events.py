"""Normalized events: what adapters parse and what receivers above the gateway are given."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.content.model import Content, Location, Media
from gateway.content.reading import read_stored
from gateway.states import State


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file the customer sent; ``url`` is the provider's and may need credentials.

    ``size`` in bytes, None when the provider does not say.
    """

    url: str
    content_type: str
    name: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A customer wrote. ``sender`` is a normalized address; ``occurred_at`` in UTC or None.

    ``payload`` is what the suggestion they tapped carries (``text`` is then its label).
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


@dataclass(frozen=True, slots=True)
class Typing:
    """A customer is writing at this moment."""

    sender: str


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
    """A customer used a keyword. ``answered``: the provider has already confirmed it to them."""

    external_id: str
    sender: str
    keyword: Keyword
    words: str
    answered: bool


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A valid event of a kind we do not know; kept and shown as such."""

    kind: str
    detail: str = ""


Event = InboundMessage | StatusUpdate | Withdrawal | OptOut | Typing | UnknownEvent


@dataclass(frozen=True, slots=True)
class Received:
    """An event with where it came from; what receivers get, in the order received per address."""

    workspace_id: int
    channel_id: uuid.UUID
    address_kind: str
    medium: str
    received_at: datetime
    request_id: str
    event: InboundMessage | OptOut | Typing


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
    """A file of an inbound message that is to be fetched; ``place`` among its files, from 0."""

    workspace_id: int
    channel_id: uuid.UUID
    message_uid: uuid.UUID
    place: int
    attachment: Attachment


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of a message was fetched, or will never be; receivers get it in the transaction.

    ``message_uid`` is a UUID as text, in its canonical form.
    """

    workspace_id: int
    message_uid: str


@dataclass(slots=True)  # not frozen: made for each message, and freezing doubles what it costs
class OutboundMessage:
    """What an adapter is asked to send: one provider message.

    ``address`` is the normalized recipient, ``status_url`` where the provider shall report
    (it carries ``uid``, a UUID in its canonical form), ``sender`` the one of the channel's pool it
    leaves from (empty: the channel's own), ``content`` as in Delivery.content, and ``media`` the
    files in it; ``rich`` is all of the content, read. ``lifetime_s``: what is not delivered within
    so many seconds shall be withdrawn by the provider.
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

    @property
    def rich(self) -> Content:
        """The content in the model's words."""
        return read_stored(self.content)
