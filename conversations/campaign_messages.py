"""Shows campaign messages in the threads of those who have one.

A campaign to a million people makes deliveries, not conversations. Its message becomes a row of a
thread when there is a thread: the person answers, or already has an open conversation.
"""

from collections.abc import Collection

from django.db import connection

from gateway.addresses import KINDS

# A campaign's content in a few words, as gateway.content.words.headline has them.
HEADLINE = """
coalesce(s.content->>'text', s.content->'template'->>'text', nullif(concat_ws(' · ',
    (SELECT string_agg(coalesce(card->>'title', card->>'text'), ' · ' ORDER BY n)
     FROM jsonb_array_elements(s.content->'cards') WITH ORDINALITY AS cards (card, n)),
    s.content->'list'->>'button',
    CASE WHEN s.content ? 'location' THEN coalesce(s.content->'location'->>'label', '📍') END),
    ''),
    (SELECT string_agg(file->>'name', ' · ' ORDER BY n)
     FROM jsonb_array_elements(s.content->'media') WITH ORDINALITY AS files (file, n)), '')
"""
# Content without the links to our own files, which run out; their ids do not.
CONTENT = """
s.content - 'options' - 'about' - 'letter'
|| CASE WHEN s.content ? 'media' THEN jsonb_build_object('media',
    (SELECT jsonb_agg(CASE WHEN file ? 'file' THEN file - 'url' ELSE file END ORDER BY n)
     FROM jsonb_array_elements(s.content->'media') WITH ORDINALITY AS files (file, n)))
   ELSE '{}' END
|| CASE WHEN s.content ? 'cards' THEN jsonb_build_object('cards',
    (SELECT jsonb_agg(CASE WHEN card->'media' ? 'file' THEN card #- '{media,url}' ELSE card END
                      ORDER BY n)
     FROM jsonb_array_elements(s.content->'cards') WITH ORDINALITY AS cards (card, n)))
   ELSE '{}' END
|| CASE WHEN s.content->'template'->'header' ? 'file'
   THEN jsonb_build_object('template', s.content->'template' #- '{header,url}') ELSE '{}' END
"""
# What is offered by number: in the message itself, or where another channel took over.
OPTIONS = """
coalesce(s.content->'options', '[]') || coalesce(
    CASE WHEN s.fallback_s IS NOT NULL
    THEN (SELECT f.options FROM gateway_fallback f WHERE f.delivery_id = s.id) END, '[]')
"""
# ``s`` is what was said: the delivery itself, or the one that it replaces.
COLUMNS = f"""
INSERT INTO conversations_message
    (workspace_id, conversation_id, channel_id, uid, direction, kind, text, attachments, data,
     created_at)
SELECT d.workspace_id, c.id, c.channel_id, d.message_uid, 'outbound', 'campaign',
       {HEADLINE}, '[]'::jsonb, jsonb_build_object('campaign', b.name)
       || CASE WHEN s.content - 'text' - 'options' - 'about' - 'letter' = '{{}}' THEN '{{}}'
          ELSE jsonb_build_object('content', {CONTENT}) END
       || CASE WHEN {OPTIONS} = '[]' THEN '{{}}' ELSE jsonb_build_object('options', {OPTIONS}) END,
       coalesce(d.sent_at, d.created_at)
"""
SAID = """
CROSS JOIN LATERAL (
    SELECT d.channel_id, d.content, d.fallback_s, d.id WHERE d.replaces_id IS NULL
    UNION ALL
    SELECT o.channel_id, o.content, o.fallback_s, o.id FROM gateway_delivery o
    WHERE o.id = d.replaces_id) s
"""
LEFT = "('sent', 'delivered', 'read')"

# Somebody wrote: bring the last campaign messages to that address into view, also those that went
# out on another channel in the end.
FOR_CONVERSATIONS = f"""
{COLUMNS}
FROM conversations_conversation c
JOIN contacts_address a ON a.id = c.address_id
CROSS JOIN LATERAL (
    SELECT * FROM gateway_delivery d
    WHERE d.channel_id = c.channel_id AND d.address = a.value AND d.batch_id IS NOT NULL
      AND (d.state IN {LEFT} OR d.state = 'replaced' AND d.replaces_id IS NULL)
      AND d.created_at > now() - interval '30 days'
      AND c.thread IN ('', d.external_id)
    ORDER BY d.id DESC LIMIT 5) n
CROSS JOIN LATERAL (
    SELECT n.* WHERE n.state <> 'replaced'
    UNION ALL
    SELECT * FROM (SELECT * FROM gateway_delivery r
                   WHERE r.replaces_id = n.id AND n.state = 'replaced' AND r.state IN {LEFT}
                   ORDER BY r.id LIMIT 1) r) d
{SAID}
JOIN gateway_batch b ON b.id = d.batch_id
WHERE c.id = ANY(%s)
ON CONFLICT (workspace_id, uid) DO NOTHING
RETURNING conversation_id, data ? 'options'
"""  # noqa: S608 - constants only

# A campaign message left: show it where a conversation is not resolved. Each delivery is looked up
# on its own way from its id to address, contact and conversation, four probes of unique indexes.
# OFFSET 0 keeps the planner from going through all open conversations of the channel instead, or
# through all that the campaign has sent, of which it knows nothing before the next ANALYZE. What
# took over belongs where it would be answered (conversations.home): first on the channel it was
# to leave on.
FOR_DELIVERIES = f"""
{COLUMNS}
FROM unnest(%s::bigint[]) AS wanted (id)
CROSS JOIN LATERAL (SELECT * FROM gateway_delivery d WHERE d.id = wanted.id OFFSET 0) d
{SAID}
JOIN gateway_batch b ON b.id = d.batch_id
CROSS JOIN LATERAL (
    SELECT a.id, a.contact_id FROM contacts_address a
    WHERE a.workspace_id = d.workspace_id AND a.kind = ANY(%s) AND a.value = d.address
    OFFSET 0) a
CROSS JOIN LATERAL (
    SELECT c.id, c.channel_id, c.address_id FROM conversations_conversation c
    WHERE c.contact_id = a.contact_id AND c.channel_id IN (s.channel_id, d.channel_id)
      AND c.status <> 'resolved' AND c.thread = ''
    ORDER BY c.channel_id = s.channel_id DESC LIMIT 1) c
WHERE d.batch_id IS NOT NULL AND d.state IN {LEFT} AND c.address_id = a.id
ON CONFLICT (workspace_id, uid) DO NOTHING
RETURNING conversation_id, id
"""  # noqa: S608 - constants only


def attach_to_conversations(conversation_ids: Collection[int]) -> set[int]:
    """Bring the recent campaign messages of these conversations' people into their threads.

    Returns the conversations in which one of them offers something by number.
    """
    if not conversation_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(FOR_CONVERSATIONS, [list(conversation_ids)])
        return {pk for pk, offers in cursor.fetchall() if offers}


def attach_deliveries(delivery_ids: Collection[int]) -> list[tuple[int, int]]:
    """Show bulk deliveries that have just left in conversations that are not resolved.

    Returns (conversation id, message id) of what was added.
    """
    if not delivery_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(FOR_DELIVERIES, [list(delivery_ids), list(KINDS)])
        return list(cursor.fetchall())
