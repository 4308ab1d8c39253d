"""The statements of conversations.ingest: each takes a whole batch."""

KNOWN_MESSAGES = """
SELECT v.channel, v.external_id FROM (VALUES {values}) AS v (channel, external_id)
JOIN conversations_message m
    ON m.channel_id = v.channel::uuid AND m.external_id = v.external_id
"""

INSERT_MESSAGES = """
INSERT INTO conversations_message
    (workspace_id, conversation_id, channel_id, uid, direction, kind, text, attachments, data,
     external_id, created_at)
SELECT v.workspace::bigint, v.conversation::bigint, v.channel::uuid, uuidv7(), 'inbound', 'text',
       v.text, v.attachments::jsonb, v.data::jsonb, v.external_id, v.created_at::timestamptz
FROM (VALUES {values}) AS v
    (place, workspace, conversation, channel, text, attachments, data, external_id, created_at)
ORDER BY v.place
ON CONFLICT (channel_id, external_id) DO NOTHING
RETURNING id, conversation_id
"""

# With its messages already counted in: they follow in the same transaction.
OPEN_CONVERSATIONS = """
INSERT INTO conversations_conversation
    (workspace_id, contact_id, channel_id, address_id, status, priority, version, preview,
     preview_direction, queued_at, waiting_since, last_message_at, last_inbound_at, created_at,
     answers_on_id, thread, public, resolved_at)
SELECT v.workspace::bigint, v.contact::bigint, v.channel::uuid, v.address::bigint,
       CASE WHEN v.wakes THEN 'open' ELSE 'resolved' END, 0, v.count::int, v.preview, 'inbound',
       CASE WHEN v.wakes THEN v.began::timestamptz END,
       CASE WHEN v.wakes THEN v.began::timestamptz END,
       v.ended::timestamptz, v.ended::timestamptz, v.began::timestamptz,
       nullif(v.wrote_on::uuid, v.channel::uuid), v.thread, v.public,
       CASE WHEN NOT v.wakes THEN v.ended::timestamptz END
FROM (VALUES {values}) AS v
    (workspace, contact, channel, address, count, preview, began, ended, wrote_on, thread, public,
     wakes)
ON CONFLICT (contact_id, channel_id, thread) WHERE NOT (status = 'resolved') DO NOTHING
RETURNING contact_id, channel_id::text, thread, id
"""

# The newest conversation of a contact on a channel, in a thread, is the one that goes on.
FIND_CONVERSATIONS = """
SELECT DISTINCT ON (c.contact_id, c.channel_id, c.thread)
    c.contact_id, c.channel_id::text, c.thread, c.id
FROM conversations_conversation c
JOIN (VALUES {values}) AS v (contact, channel, thread)
    ON c.contact_id = v.contact::bigint AND c.channel_id = v.channel::uuid AND c.thread = v.thread
ORDER BY c.contact_id, c.channel_id, c.thread, (c.status <> 'resolved') DESC, c.id DESC
"""

# What the last thing that reached the customer offered, by number or to be tapped; where they quote
# a message of ours, what that one offered.
OFFERED = """
SELECT v.place, last.uid::text, last.data->'options', last.data->'content'
FROM (VALUES {values}) AS v (place, conversation, channel, quoted) CROSS JOIN LATERAL (
    SELECT m.uid, m.data FROM conversations_message m
    WHERE m.conversation_id = v.conversation::bigint
      AND m.direction = 'outbound' AND m.kind IN ('text', 'campaign')
      AND (v.quoted = '' OR m.uid = (
          SELECT d.message_uid FROM gateway_delivery d
          WHERE d.channel_id = v.channel::uuid AND d.external_id = v.quoted))
    ORDER BY m.created_at DESC, m.id DESC LIMIT 1) AS last
WHERE last.data ?| array['options', 'content']
"""

# Whatever an agent made of it: the customer writes, so it is open; what a machine wrote leaves it
# as it is. Rows are locked in the order of their ids, so that two workers never wait for each other
# in a circle.
TOUCH_CONVERSATIONS = """
WITH v (id, count, at, preview, channel, wakes) AS (VALUES {values}),
locked AS (
    SELECT id FROM conversations_conversation WHERE id IN (SELECT v.id::bigint FROM v)
    ORDER BY id FOR NO KEY UPDATE)
UPDATE conversations_conversation AS c SET
    version = c.version + v.count::int,
    status = CASE WHEN v.wakes THEN 'open' ELSE c.status END,
    resolved_at = CASE WHEN NOT v.wakes THEN c.resolved_at END,
    snoozed_until = CASE WHEN NOT v.wakes THEN c.snoozed_until END,
    queued_at = CASE WHEN NOT v.wakes THEN c.queued_at
        WHEN c.assignee_id IS NULL THEN coalesce(
            CASE WHEN c.status = 'open' THEN c.queued_at END, v.at::timestamptz) END,
    waiting_since = CASE WHEN v.wakes THEN coalesce(c.waiting_since, v.at::timestamptz)
        ELSE c.waiting_since END,
    last_message_at = greatest(c.last_message_at, v.at::timestamptz),
    last_inbound_at = greatest(c.last_inbound_at, v.at::timestamptz),
    answers_on_id = nullif(v.channel::uuid, c.channel_id),
    preview = v.preview, preview_direction = 'inbound'
FROM v, locked, conversations_conversation AS old
WHERE c.id = v.id::bigint AND locked.id = c.id AND old.id = c.id
RETURNING c.id, c.contact_id, c.channel_id::text, c.assignee_id, c.version,
    v.wakes AND old.status <> 'open'
"""
