"""One conversation: its messages with what became of each, and what the panel shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, QuerySet

from accounts.models import Member
from contacts.models import Address, AttributeDefinition
from conversations.models import Conversation, Direction, Draft, Kind, Message
from conversations.selectors.listing import with_row_data
from gateway.fallback.model import Fallback
from gateway.models import Delivery, Suppression
from gateway.standing import standing

PAGE = 50
# A late message may carry a smaller id than one already shown, so live reads look back this far.
OVERLAP = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a thread, oldest first; ``earlier``: there is more above it."""

    messages: list[Message]
    earlier: bool


def thread(conversation: Conversation, before: int | None = None) -> Piece:
    """The newest messages, or those above the message ``before``; one statement."""
    rows = _messages(conversation)
    if before is not None:
        edge = Message.objects.filter(conversation=conversation, pk=before).values("created_at")
        rows = rows.filter(created_at__lte=edge[:1]).exclude(pk=before)
        rows = rows.exclude(created_at=edge[:1], pk__gt=before)
    found = list(rows.order_by("-created_at", "-id")[: PAGE + 1])
    return Piece(list(reversed(found[:PAGE])), earlier=len(found) > PAGE)


def since(conversation: Conversation, after: int) -> list[Message]:
    """Messages with a larger id and a few before them, so that a late one is not missed."""
    rows = _messages(conversation)
    newer = list(rows.filter(id__gt=after).order_by("-id")[: 4 * PAGE])
    older = list(rows.filter(id__lte=after).order_by("-id")[:OVERLAP])
    return sorted(newer + older, key=lambda row: (row.created_at, row.pk))


def by_uid(conversation: Conversation, uids: Iterable[UUID]) -> list[Message]:
    """These messages of the conversation."""
    return list(_messages(conversation).filter(uid__in=list(uids)).order_by("created_at", "id"))


def by_id(conversation: Conversation, ids: Iterable[int]) -> list[Message]:
    """These messages of the conversation."""
    return list(_messages(conversation).filter(id__in=list(ids)).order_by("created_at", "id"))


def _messages(conversation: Conversation) -> QuerySet[Message]:
    return Message.objects.filter(conversation=conversation).select_related("author__user")


def deliveries(messages: Sequence[Message]) -> dict[UUID, Delivery]:
    """The delivery that tells where each message stands that we sent.

    What belongs to a customer's message is our reaction to it, and no news of the message.
    """
    uids = [
        row.uid
        for row in messages
        if row.direction == Direction.OUTBOUND and row.kind in {Kind.TEXT, Kind.CAMPAIGN}
    ]
    if not uids:
        return {}
    rows = Delivery.objects.filter(workspace_id=messages[0].workspace_id, message_uid__in=uids)
    by_message: dict[UUID, list[Delivery]] = {}
    for row in rows:
        by_message.setdefault(row.message_uid, []).append(row)
    found = {uid: standing(its) for uid, its in by_message.items()}
    return {uid: row for uid, row in found.items() if row is not None}


def fallbacks(messages: Sequence[Message]) -> dict[UUID, list[Fallback]]:
    """What another channel did, or waits to do, for messages we sent; by message, in order."""
    uids = [row.uid for row in messages if row.kind in {Kind.TEXT, Kind.CAMPAIGN}]
    if not uids:
        return {}
    rows = Fallback.objects.filter(
        delivery__workspace=messages[0].workspace_id, delivery__message_uid__in=uids
    )
    found: dict[UUID, list[Fallback]] = {}
    for row in rows.select_related("delivery__channel", "channel").order_by("pk"):
        found.setdefault(row.delivery.message_uid, []).append(row)
    return found


def draft_of(conversation: Conversation, member: Member) -> Draft | None:
    """What the member has typed here and not sent."""
    return Draft.objects.filter(conversation=conversation, member=member).first()


def arrived_since(conversation: Conversation, member: Member, seen: int) -> list[Message]:
    """What others said to the customer, or the customer said, after the message ``seen``."""
    rows = _messages(conversation).filter(id__gt=seen, kind=Kind.TEXT)
    return list(rows.exclude(author=member).order_by("id")[:20])


def opt_outs(addresses: Sequence[Address]) -> dict[str, list[Suppression]]:
    """Why the addresses are not to be written to, by address."""
    if not addresses:
        return {}
    rows = Suppression.objects.filter(
        workspace_id=addresses[0].workspace_id, address__in=[row.value for row in addresses]
    )
    result: dict[str, list[Suppression]] = {}
    for row in rows:
        result.setdefault(row.address, []).append(row)
    return result


def other_conversations(conversation: Conversation, member: Member) -> list[Conversation]:
    """The contact's other conversations, newest first."""
    rows = with_row_data(member).filter(contact_id=conversation.contact_id)
    return list(rows.exclude(pk=conversation.pk).order_by("-last_message_at", "-id")[:10])


def activities(conversation: Conversation) -> list[Message]:
    """The newest things that were done to the conversation, newest first."""
    rows = _messages(conversation).filter(kind=Kind.ACTIVITY)
    return list(rows.order_by("-id")[:12])


def attribute_definitions(conversation: Conversation) -> list[AttributeDefinition]:
    """The workspace's custom attributes."""
    rows = AttributeDefinition.objects.in_workspace(conversation.workspace_id)
    return list(rows.order_by(F("name")))
