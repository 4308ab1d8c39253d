"""Moves the conversations of a contact that is merged into another."""

from django.db import connection

from conversations import realtime
from conversations.models import Conversation, Message, Status

# Where both contacts have a conversation on the same channel that is not resolved, one has to give
# way (a constraint allows one). The one the customer wrote to last goes on, with the older one's
# messages; the other is resolved, so that its own history (assignments) stays.
PAIRS = """
SELECT k.id, o.id,
    coalesce(o.last_inbound_at, o.created_at) > coalesce(k.last_inbound_at, k.created_at)
FROM conversations_conversation k
JOIN conversations_conversation o ON o.channel_id = k.channel_id AND o.thread = k.thread
WHERE k.contact_id = %s AND o.contact_id = %s
  AND k.status <> 'resolved' AND o.status <> 'resolved'
ORDER BY k.id
FOR UPDATE
"""
# What waits for an answer goes on waiting, since the earlier of the two times.
CARRY = """
UPDATE conversations_conversation AS w SET
    waiting_since = least(w.waiting_since, l.waiting_since),
    queued_at = CASE WHEN coalesce(w.assignee_id, l.assignee_id) IS NULL
                     THEN least(w.queued_at, l.queued_at) END,
    assignee_id = coalesce(w.assignee_id, l.assignee_id),
    team_id = coalesce(w.team_id, l.team_id),
    status = CASE WHEN 'open' IN (w.status, l.status) THEN 'open' ELSE w.status END,
    snoozed_until = CASE WHEN 'open' IN (w.status, l.status) THEN NULL ELSE w.snoozed_until END,
    priority = greatest(w.priority, l.priority),
    version = w.version + 1
FROM conversations_conversation AS l
WHERE w.id = %s AND l.id = %s
"""
RESOLVE = """
UPDATE conversations_conversation
SET status = 'resolved', resolved_at = now(), queued_at = NULL, waiting_since = NULL,
    snoozed_until = NULL, assignee_id = NULL, version = version + 1
WHERE id = %s
"""


def receive_merging(*, keep_id: int, other_id: int, workspace_id: int) -> None:
    """Give ``keep`` the conversations of ``other``, in the transaction that merges them."""
    with connection.cursor() as cursor:
        cursor.execute(PAIRS, [keep_id, other_id])
        pairs = cursor.fetchall()
        for kept, others, others_is_newer in pairs:
            winner, loser = (others, kept) if others_is_newer else (kept, others)
            cursor.execute(CARRY, [winner, loser])
            cursor.execute(RESOLVE, [loser])
            Message.objects.filter(conversation=loser).update(conversation=winner)
    moved = Conversation.objects.filter(contact=other_id)
    moved_ids = set(moved.values_list("id", flat=True))
    moved.update(contact=keep_id)
    changed = Conversation.objects.filter(contact=keep_id).exclude(status=Status.RESOLVED)
    touched = {pk for pair in pairs for pk in pair[:2]} | moved_ids
    touched |= set(changed.values_list("id", flat=True))
    versions = Conversation.objects.filter(pk__in=touched).values_list("id", "version")
    realtime.publish_many(
        (workspace_id, realtime.conversation_moved(pk, version, keep_id))
        for pk, version in versions
    )
