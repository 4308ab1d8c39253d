"""The statements that route a batch; each is one, however large the batch is.

Locks are taken in one order: the workspace's turn, agents by id, conversations without ever waiting
for one (SKIP LOCKED), so that routing cannot wait in a circle with whoever locks conversations.
"""

WANTS_AGENT = """
    c.workspace_id = %(workspace)s AND c.assignee_id IS NULL AND c.status = 'open'
    AND c.queued_at IS NOT NULL
"""

# Online agents with room for another conversation, their names and loads.
FREE_AGENTS = """
    FROM routing_agent a
    JOIN accounts_member m ON m.id = a.member_id AND m.ended_at IS NULL
    JOIN accounts_user u ON u.id = m.user_id AND u.is_active
    CROSS JOIN LATERAL (SELECT count(*) FROM conversations_conversation l
                        WHERE l.assignee_id = a.member_id AND l.status = 'open') AS load
    WHERE a.workspace_id = %(workspace)s AND a.status = 'online' AND a.capacity > load.count
"""

# A workspace is routed by one at a time; the lock goes with the transaction. Null when another is
# at it, else how many wait, of a batch at most.
TURN_CLASS = 0x726F  # "ro"
TURN = f"""
SELECT CASE WHEN pg_try_advisory_xact_lock({TURN_CLASS}, %(workspace)s) THEN (
    SELECT count(*) FROM (
        SELECT FROM conversations_conversation c WHERE {WANTS_AGENT} LIMIT %(most)s) AS waiting)
END
"""  # noqa: S608 - put together from our own words

# A batch of n needs the n first at most, and one more to tell whether the last choice was a tie.
# Their rows are locked, so that nobody goes offline or gets less capacity meanwhile; who did just
# before is left out, because PostgreSQL looks at a row again when it had to wait for its lock.
CANDIDATES = f"""
WITH first AS MATERIALIZED (
    SELECT a.id, load.count AS load, coalesce(nullif(u.name, ''), u.email) AS name,
        count(*) OVER () AS total
    {FREE_AGENTS}
    ORDER BY load.count, a.idle_since, a.id LIMIT %(most)s + 1)
SELECT first.load, a.idle_since, a.id, a.capacity, a.member_id, first.name, first.total
FROM first
JOIN routing_agent a ON a.id = first.id AND a.status = 'online' AND a.capacity > first.load
ORDER BY a.id FOR NO KEY UPDATE OF a
"""  # noqa: S608 - put together from our own words

# Whoever holds one of them is changing it, and wakes routing where that makes a difference.
QUEUE = f"""
SELECT c.id FROM conversations_conversation c WHERE {WANTS_AGENT}
ORDER BY c.priority DESC, c.queued_at, c.id LIMIT %(most)s FOR NO KEY UPDATE OF c SKIP LOCKED
"""  # noqa: S608 - put together from our own words

GIVE = """
WITH chosen AS (
    SELECT * FROM json_to_recordset(%(choices)s) AS choice
        (place int, id bigint, agent bigint, member bigint, name text, reason jsonb)),
given AS (
    UPDATE conversations_conversation AS c
    SET assignee_id = v.member, queued_at = NULL, version = c.version + 1
    FROM chosen v WHERE c.id = v.id
    RETURNING v.place, c.id, c.version, c.channel_id, v.member, v.name, v.reason),
noted AS (
    INSERT INTO conversations_message
        (workspace_id, conversation_id, channel_id, uid, direction, kind, text, attachments, data,
         created_at)
    SELECT %(workspace)s, id, channel_id, gen_random_uuid(), 'outbound', 'activity', '', '[]',
        jsonb_build_object('event', 'assigned', 'member', member, 'member_name', name,
                           'reason', reason), %(now)s
    FROM given ORDER BY place),
kept AS (
    INSERT INTO routing_assignment (workspace_id, conversation_id, member_id, reason, created_at)
    SELECT %(workspace)s, id, member, reason, %(now)s FROM given ORDER BY place),
busy AS (
    UPDATE routing_agent SET idle_since = %(now)s WHERE id IN (SELECT agent FROM chosen))
SELECT id, version FROM given ORDER BY place
"""

# What is left after a batch: nothing, mostly, and that is cheap to see.
ANYTHING_WAITS = f"""
SELECT EXISTS (SELECT FROM conversations_conversation c WHERE {WANTS_AGENT})
"""  # noqa: S608 - put together from our own words

# Whether a conversation that nobody holds waits while an agent is free.
ANYTHING_ASSIGNABLE = f"""
SELECT EXISTS (SELECT {FREE_AGENTS})
   AND EXISTS (SELECT FROM conversations_conversation c WHERE {WANTS_AGENT}
               LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
"""  # noqa: S608 - put together from our own words

# A pending one too: nobody is left who knows what it waits for.
TAKE_BACK = """
WITH held AS (
    SELECT * FROM json_to_recordset(%(held)s) AS held
        (id bigint, workspace bigint, channel uuid, reason jsonb)),
taken AS (
    UPDATE conversations_conversation AS c
    SET assignee_id = NULL, version = c.version + 1, status = 'open', queued_at = %(now)s
    FROM held v WHERE c.id = v.id
    RETURNING c.id, c.version, v.workspace, v.channel, v.reason),
noted AS (
    INSERT INTO conversations_message
        (workspace_id, conversation_id, channel_id, uid, direction, kind, text, attachments, data,
         created_at)
    SELECT workspace, id, channel, gen_random_uuid(), 'outbound', 'activity', '', '[]',
        jsonb_build_object('event', 'unassigned', 'reason', reason), %(now)s
    FROM taken ORDER BY id),
kept AS (
    INSERT INTO routing_assignment (workspace_id, conversation_id, reason, created_at)
    SELECT workspace, id, reason, %(now)s FROM taken ORDER BY id)
SELECT workspace, id, version FROM taken ORDER BY id
"""
