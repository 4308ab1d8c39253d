"""Signs of life, both ways: the customer is writing, an agent is writing, a message was read.

None is stored. What customers are shown goes out beside the outbox (gateway.signalling).
"""

from collections.abc import Sequence
from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone

from conversations import realtime
from conversations.models import Conversation, Direction, Message
from gateway.contract import Signal
from gateway.events import Received, Typing
from gateway.models import Channel
from gateway.signalling.sending import (
    is_read_by_token,
    show_read,
    show_typing,
    signals_of,
    typing_is_about,
)
from gateway.sql import with_values

# Older signs say nothing any more: what was typed then is a message by now, or never will be.
STALE = timedelta(seconds=10)
# The customer is shown at most so often that somebody writes, however many do; in seconds.
TYPING_EVERY = 8
# Nobody waits to hear that what they wrote before then was read.
READ_WITHIN = timedelta(days=7)

# The conversation that a message from this address on this channel would go on in.
OF_TYPING = """
SELECT v.workspace::bigint, found.id
FROM (VALUES {values}) AS v (workspace, kind, address, channel)
JOIN contacts_address a
    ON a.workspace_id = v.workspace::bigint AND a.kind = v.kind AND a.value = v.address
CROSS JOIN LATERAL (
    SELECT c.id FROM conversations_conversation c
    WHERE c.contact_id = a.contact_id
      AND (c.channel_id = v.channel::uuid OR c.answers_on_id = v.channel::uuid)
    ORDER BY c.status <> 'resolved' DESC, c.answers_on_id = v.channel::uuid DESC NULLS LAST,
        c.id DESC
    LIMIT 1) AS found
"""


def receive_typing(batch: Sequence[Received]) -> None:
    """Tell the agents which customers are writing; one statement, and none for what is too old."""
    since = timezone.now() - STALE
    rows = {
        (one.workspace_id, one.address_kind, one.event.sender, str(one.channel_id)): None
        for one in batch
        if isinstance(one.event, Typing) and one.received_at >= since
    }
    found = with_values(OF_TYPING, list(rows), fetch=True)
    realtime.publish_many((workspace, realtime.customer_typing(pk)) for workspace, pk in found)


def tell_typing(*, workspace_id: int, conversation_id: int) -> None:
    """A member is writing an answer: let the customer see it, where the channel can show it."""
    if not cache.add(f"typing:{workspace_id}:{conversation_id}", 1, TYPING_EVERY):
        return
    rows = Conversation.objects.in_workspace(workspace_id)
    rows = rows.select_related("channel", "answers_on", "address")
    row = rows.defer("channel__config", "answers_on__config").filter(pk=conversation_id).first()
    if row is None:
        return
    if not typing_is_about(row.reply_channel):
        show_typing(row.reply_channel, row.address.value)
    elif newest := _newest_id(row, row.reply_channel):
        show_typing(row.reply_channel, row.address.value, newest)


def tell_read(conversation: Conversation) -> None:
    """The newest of the customer's messages was read: let them see it, once."""
    channel, heard = conversation.reply_channel, conversation.last_inbound_at
    if Signal.READ not in signals_of(channel):
        return
    if heard is None or heard < timezone.now() - READ_WITHIN:
        return
    newest = _newest(conversation, channel)
    if newest is None or newest.external_id is None:
        return
    if not is_read_by_token(channel):
        show_read(channel, conversation.address.value, newest.external_id)
    elif token := newest.data.get("read_token"):
        show_read(channel, conversation.address.value, str(token))


def _newest_id(conversation: Conversation, channel: Channel) -> str | None:
    """The provider's id of the newest message the customer wrote on this channel."""
    newest = _newest(conversation, channel)
    return newest.external_id if newest else None


def _newest(conversation: Conversation, channel: Channel) -> Message | None:
    rows = Message.objects.filter(
        conversation=conversation, channel=channel, direction=Direction.INBOUND
    )
    return rows.exclude(external_id=None).order_by("-created_at", "-id").first()
