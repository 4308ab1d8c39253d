"""What became of messages, and what the panel shows beside a thread."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import F

from accounts.models import Member
from contacts.models import Address, AttributeDefinition
from conversations.models import Conversation, Direction, Draft, Kind, Message
from conversations.selectors.listing import with_row_data
from gateway.fallback.model import Fallback
from gateway.models import Delivery, Suppression
from gateway.standing import standing


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
    """What others said to the customer, or the customer said, after the message ``seen``.

    On any channel: a colleague may have answered on another one.
    """
    rows = Message.objects.filter(conversation__contact=conversation.contact_id)
    rows = rows.filter(id__gt=seen, kind=Kind.TEXT).exclude(author=member)
    return list(rows.select_related("author__user").order_by("id")[:20])


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


def written(conversation: Conversation) -> list[str]:
    """What the contact wrote of late, on whatever channel, the newest first."""
    rows = Message.objects.filter(
        conversation__contact=conversation.contact_id, direction=Direction.INBOUND, kind=Kind.TEXT
    )
    return list(rows.order_by("-id").values_list("text", flat=True)[:50])


def activities(conversation: Conversation) -> list[Message]:
    """The newest things that were done to the conversation, newest first."""
    rows = Message.objects.filter(conversation=conversation, kind=Kind.ACTIVITY)
    return list(rows.select_related("author__user").order_by("-id")[:12])


def attribute_definitions(conversation: Conversation) -> list[AttributeDefinition]:
    """The workspace's custom attributes."""
    rows = AttributeDefinition.objects.in_workspace(conversation.workspace_id)
    return list(rows.order_by(F("name")))
