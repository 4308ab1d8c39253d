"""Follows the deliveries of messages: moves their ticks in the browsers that show them."""

from collections.abc import Collection, Sequence

from django.db import connection

from conversations import realtime
from conversations.campaign_messages import attach_deliveries
from gateway.events import DeliveryChange

# Rows are locked in the order of their ids, so that two workers never wait for each other in a
# circle.
BUMP = """
WITH v AS (
    SELECT m.conversation_id AS id, array_agg(m.uid::text) AS uids
    FROM conversations_message m
    WHERE m.workspace_id = ANY(%s) AND m.uid = ANY(%s::uuid[]) GROUP BY m.conversation_id),
locked AS (
    SELECT id FROM conversations_conversation WHERE id IN (SELECT id FROM v)
    ORDER BY id FOR NO KEY UPDATE)
UPDATE conversations_conversation AS c SET version = c.version + 1
FROM v JOIN locked USING (id)
WHERE c.id = v.id
RETURNING c.workspace_id, c.id, c.version, v.uids
"""


def receive_changes(batch: Sequence[DeliveryChange]) -> None:
    """Publish new states of messages' deliveries; a fixed number of statements a batch."""
    attach_deliveries([change.delivery_id for change in batch if change.batch_id is not None])
    rows = next_versions(
        {change.workspace_id for change in batch}, [change.message_uid for change in batch]
    )
    realtime.publish_many(
        (workspace_id, realtime.delivery_changed(pk, version, uids))
        for workspace_id, pk, version, uids in rows
    )


def next_versions(
    workspace_ids: Collection[int], message_uids: Sequence[str]
) -> list[tuple[int, int, int, list[str]]]:
    """The conversations of these messages get their next version, in one statement.

    Returns (workspace id, conversation id, version, uids of its messages).
    """
    with connection.cursor() as cursor:
        cursor.execute(BUMP, [list(workspace_ids), list(message_uids)])
        return list(cursor.fetchall())
