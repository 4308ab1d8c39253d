"""Shows what the business answered outside of here, once, in the thread of its customer.

A provider echoes what we have sent ourselves as well; that is recognised by its id, or, where the
echo is faster than the answer to our own request, as the message that is leaving at this moment.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q

from contacts.resolve import Resolved, resolve_addresses
from conversations import realtime
from conversations.ingest_sql import FIND_CONVERSATIONS
from conversations.lines import LONGEST_THREAD, PREVIEW
from conversations.models import Conversation, Direction, Kind, Message, Status
from gateway.events import Expected, Received, SentElsewhere
from gateway.media import fetching
from gateway.models import Delivery
from gateway.sql import storable, with_values
from gateway.states import State

# For so long an answer to our own request may be on its way.
LEAVING = timedelta(minutes=10)


def receive_elsewhere(batch: Sequence[Received]) -> None:
    """Store them in the order received; one by one, for they are few."""
    for received in batch:
        if isinstance(received.event, SentElsewhere) and not _known(received, received.event):
            _store(received, received.event)


def _known(received: Received, event: SentElsewhere) -> bool:
    """Whether we have sent it ourselves, or it is shown already."""
    if Message.objects.filter(channel=received.channel_id, external_id=event.external_id).exists():
        return True
    ours = Q(external_id=event.external_id)
    if event.delivery_uid is not None:
        ours |= Q(uid=event.delivery_uid)
    leaving = Q(
        address=event.recipient,
        state__in=[State.SENDING, State.UNKNOWN],
        content__text=event.text,
        attempted_at__gte=received.received_at - LEAVING,
    )
    return Delivery.objects.filter(ours | leaving, channel=received.channel_id).exists()


def _store(received: Received, event: SentElsewhere) -> None:
    who = resolve_addresses(
        workspace_id=received.workspace_id, kind=received.address_kind, people={event.recipient: ""}
    )[event.recipient]
    row = _conversation(received, event, who)
    message = Message.objects.create(
        workspace_id=received.workspace_id,
        conversation=row,
        channel_id=received.channel_id,
        direction=Direction.OUTBOUND,
        kind=Kind.TEXT,
        text=storable(event.text),
        attachments=[
            {"url": one.url, "content_type": one.content_type, "name": one.name}
            for one in event.attachments
        ],
        data={"elsewhere": True} | ({"quotes": event.reply_to} if event.reply_to else {}),
        external_id=event.external_id,
        created_at=received.received_at,
    )
    fetching.expect(
        [
            Expected(received.workspace_id, received.channel_id, message.uid, place, one)
            for place, one in enumerate(event.attachments)
        ]
    )
    row.version += 1
    # Whoever was waiting has been answered.
    row.waiting_since = None
    row.last_message_at = max(row.last_message_at, received.received_at)
    row.preview, row.preview_direction = message.text[:PREVIEW] or "📎", Direction.OUTBOUND
    row.save()
    realtime.publish(
        received.workspace_id,
        realtime.message_created(
            row.pk,
            row.version,
            message.pk,
            Direction.OUTBOUND,
            contact_id=row.contact_id,
            request_id=received.request_id,
        ),
    )


def _conversation(received: Received, event: SentElsewhere, who: Resolved) -> Conversation:
    """The conversation it belongs in, locked; where there is none, a new one that is done."""
    thread = storable(event.thread)[:LONGEST_THREAD]
    key: tuple[Any, ...] = (who.contact_id, str(received.channel_id), thread)
    rows = with_values(FIND_CONVERSATIONS, [key], fetch=True)
    if not rows:
        return Conversation.objects.create(
            workspace_id=received.workspace_id,
            contact_id=who.contact_id,
            channel_id=received.channel_id,
            address_id=who.address_id,
            thread=thread,
            public=event.public,
            status=Status.RESOLVED,
            resolved_at=received.received_at,
            last_message_at=received.received_at,
            created_at=received.received_at,
        )
    return Conversation.objects.select_for_update(of=("self",)).get(pk=rows[0][-1])
