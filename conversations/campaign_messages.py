"""Shows campaign messages in the threads of those who have one.

A campaign to a million people makes deliveries, not conversations. Its message becomes a row of a
thread when there is a thread: the person answers, or already has an open conversation.
"""

from collections.abc import Collection

from django.db import connection

from gateway.addresses import KINDS

COLUMNS = """
INSERT INTO conversations_message
    (workspace_id, conversation_id, channel_id, uid, direction, kind, text, attachments, data,
     created_at)
SELECT d.workspace_id, c.id, d.channel_id, d.message_uid, 'outbound', 'campaign',
       d.content->>'text', '[]'::jsonb, jsonb_build_object('campaign', b.name),
       coalesce(d.sent_at, d.created_at)
"""
HANDED_OVER = "d.batch_id IS NOT NULL AND d.state IN ('sent', 'delivered', 'read')"

# Somebody wrote: bring the last campaign messages to that address into view.
FOR_CONVERSATIONS = f"""
{COLUMNS}
FROM conversations_conversation c
JOIN contacts_address a ON a.id = c.address_id
CROSS JOIN LATERAL (
    SELECT * FROM gateway_delivery d
    WHERE d.channel_id = c.channel_id AND d.address = a.value AND {HANDED_OVER}
      AND d.created_at > now() - interval '30 days'
    ORDER BY d.id DESC LIMIT 5) d
JOIN gateway_batch b ON b.id = d.batch_id
WHERE c.id = ANY(%s)
ON CONFLICT (workspace_id, uid) DO NOTHING
"""  # noqa: S608 - constants only

# A campaign message left: show it where a conversation is not resolved. Each delivery is looked up
# on its own way from its id to address, contact and conversation, four probes of unique indexes.
# OFFSET 0 keeps the planner from going through all open conversations of the channel instead, or
# through all that the campaign has sent, of which it knows nothing before the next ANALYZE.
FOR_DELIVERIES = f"""
{COLUMNS}
FROM unnest(%s::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (SELECT * FROM gateway_delivery d WHERE d.id = wanted.id OFFSET 0) d
JOIN gateway_batch b ON b.id = d.batch_id
CROSS JOIN LATERAL (
    SELECT a.id, a.contact_id FROM contacts_address a
    WHERE a.workspace_id = d.workspace_id AND a.kind = ANY(%s) AND a.value = d.address
    OFFSET 0) a
CROSS JOIN LATERAL (
    SELECT c.id, c.address_id FROM conversations_conversation c
    WHERE c.contact_id = a.contact_id AND c.channel_id = d.channel_id AND c.status <> 'resolved'
    OFFSET 0) c
WHERE {HANDED_OVER} AND c.address_id = a.id
ON CONFLICT (workspace_id, uid) DO NOTHING
RETURNING conversation_id, id
"""  # noqa: S608 - constants only


def attach_to_conversations(conversation_ids: Collection[int]) -> None:
    """Bring the recent campaign messages of these conversations' people into their threads."""
    if conversation_ids:
        with connection.cursor() as cursor:
            cursor.execute(FOR_CONVERSATIONS, [list(conversation_ids)])


def attach_deliveries(delivery_ids: Collection[int]) -> list[tuple[int, int]]:
    """Show bulk deliveries that have just left in conversations that are not resolved.

    Returns (conversation id, message id) of what was added.
    """
    if not delivery_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(FOR_DELIVERIES, [list(delivery_ids), list(KINDS)])
        return list(cursor.fetchall())
