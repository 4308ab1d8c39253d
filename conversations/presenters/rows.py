"""A conversation as a row of a list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import Contact, Label
from conversations.models import Conversation, Direction, Status
from gateway.branding import Brand, brand_of
from gateway.marks import medium_icon
from gateway.models import Channel
from gateway.registry import UnknownKind, adapter_class

LONG_WAIT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ChannelMark:
    """The channel as an icon with its name, and the brand customers see."""

    icon: str
    kind: str
    name: str
    address: str
    brand: Brand | None


@dataclass(frozen=True, slots=True)
class Row:
    """What one row shows. ``order`` sorts rows in the browser as the database does."""

    id: int
    contact: str
    contact_id: int
    channel: ChannelMark
    preview: str
    ours: bool
    at: datetime
    waiting_since: datetime | None
    long_wait: bool
    assignee: str
    assignee_id: int | None
    unread: bool
    priority: int
    status: str
    status_name: str
    snoozed_until: datetime | None
    labels: tuple[Label, ...]
    version: int
    order: str


def contact_name(contact: Contact, address: str) -> str:
    """How a person is called: by name, else by the address."""
    return contact.name.strip() or address or _("Unknown contact")


def channel_mark(conversation: Conversation) -> ChannelMark:
    """The channel of a conversation; needs ``channel`` loaded."""
    return mark_of(conversation.channel)


def mark_of(channel: Channel) -> ChannelMark:
    """As an icon with its name."""
    named = (channel.name, channel.address, brand_of(channel))
    try:
        adapter = adapter_class(channel.kind)
    except UnknownKind:
        return ChannelMark("plug", channel.kind, *named)
    return ChannelMark(medium_icon(adapter.medium), str(adapter.label), *named)


def row(conversation: Conversation) -> Row:
    """Needs what selectors.listing.with_row_data loads."""
    read_at: datetime | None = getattr(conversation, "read_at", None)
    inbound = conversation.last_inbound_at
    waiting = conversation.waiting_since if conversation.status == Status.OPEN else None
    return Row(
        id=conversation.pk,
        contact=contact_name(conversation.contact, conversation.address.shown),
        contact_id=conversation.contact_id,
        channel=channel_mark(conversation),
        preview=" ".join(conversation.preview.split()),
        ours=conversation.preview_direction == Direction.OUTBOUND,
        at=conversation.last_message_at,
        waiting_since=waiting,
        long_wait=waiting is not None and timezone.now() - waiting > LONG_WAIT,
        assignee=conversation.assignee.name if conversation.assignee else "",
        assignee_id=conversation.assignee_id,
        unread=inbound is not None and (read_at is None or inbound > read_at),
        priority=conversation.priority,
        status=conversation.status,
        status_name=str(Status(conversation.status).label),
        snoozed_until=conversation.snoozed_until,
        labels=tuple(conversation.labels.all()),
        version=conversation.version,
        order=f"{conversation.last_message_at.timestamp():017.6f}.{conversation.pk:012d}",
    )


def rows(conversations: Iterable[Conversation]) -> list[Row]:
    """All of them."""
    return [row(conversation) for conversation in conversations]
