"""Gives deliveries their senders, and remembers which sender people write to."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson
from django.db import connection

from gateway.events import InboundMessage, Received
from gateway.outbox.row import Row
from gateway.senders.model import Why
from gateway.senders.pool import Pool
from gateway.sql import storable, with_values

# One statement for what was known, what is new and what the deliveries keep of it. A conflict is
# an update, also where nothing changes: so it sees what another worker has just committed, and
# every worker and every attempt gets the same sender. Rows are locked in the order of their keys.
ASSIGN = """
WITH v AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(rows)s) AS row
        (id bigint, workspace bigint, channel uuid, address text, sender text, why text)),
kept AS (
    INSERT INTO gateway_senderchoice AS c (workspace_id, channel_id, address, sender, why)
    SELECT DISTINCT ON (channel, address) workspace, channel, address, sender, why
    FROM v ORDER BY channel, address
    ON CONFLICT (channel_id, address) DO UPDATE SET
        sender = CASE WHEN %(pools)s::jsonb -> c.channel_id::text ? c.sender
                      THEN c.sender ELSE excluded.sender END,
        why = CASE WHEN %(pools)s::jsonb -> c.channel_id::text ? c.sender
                   THEN c.why ELSE excluded.why END
    RETURNING c.channel_id, c.address, c.sender, c.why),
locked AS (
    SELECT d.id, kept.sender, kept.why FROM gateway_delivery d
    JOIN v ON v.id = d.id
    JOIN kept ON kept.channel_id = v.channel AND kept.address = v.address
    ORDER BY d.id FOR UPDATE OF d)
UPDATE gateway_delivery AS d SET sender = locked.sender, sender_why = locked.why
FROM locked WHERE d.id = locked.id
RETURNING d.id, d.sender
"""
REMEMBER = """
INSERT INTO gateway_senderchoice AS c (workspace_id, channel_id, address, sender, why)
SELECT workspace::bigint, channel::uuid, address, sender, 'written_to'
FROM (VALUES {values}) AS v (workspace, channel, address, sender) ORDER BY 2, 3
ON CONFLICT (channel_id, address) DO UPDATE SET sender = excluded.sender, why = excluded.why
WHERE (c.sender, c.why) <> (excluded.sender, excluded.why)
"""


def assign_senders(rows: Sequence[Row], pools: Mapping[UUID, Pool]) -> None:
    """Give claimed rows their senders, in one statement; none where no channel has a pool.

    A row that has left from a sender before keeps it, as long as it is in the pool.
    """
    given = {row.pk: row for row in rows if _needs(row, pools.get(row.channel_id))}
    if not given:
        return
    said = [_said(row, pools[row.channel_id]) for row in given.values()]
    known = {str(channel_id): pool.values for channel_id, pool in pools.items()}
    with connection.cursor() as cursor:
        cursor.execute(
            ASSIGN, {"rows": orjson.dumps(said).decode(), "pools": orjson.dumps(known).decode()}
        )
        for pk, sender in cursor.fetchall():
            given[pk].sender = sender


def _needs(row: Row, pool: Pool | None) -> bool:
    return pool is not None and row.sender not in pool.values


def _said(row: Row, pool: Pool) -> dict[str, object]:
    sender, by_country = pool.choose(row.address)
    return {
        "id": row.pk,
        "workspace": row.workspace_id,
        "channel": str(row.channel_id),
        "address": row.address,
        "sender": sender,
        "why": (Why.COUNTRY if by_country else Why.GENERAL).value,
    }


def remember_written_to(messages: Sequence[tuple[Received, Pool]]) -> None:
    """Who wrote to a sender of a pool is written from it from now on, in one statement.

    The last message of a batch counts. In the transaction that stores the messages.
    """
    chosen: dict[tuple[str, str], tuple[int, str]] = {}
    for received, pool in messages:
        if isinstance(received.event, InboundMessage):
            sender = pool.written_to(received.event.recipient)
            if sender:
                key = (str(received.channel_id), storable(received.event.sender))
                chosen[key] = (received.workspace_id, sender)
    values = [
        (workspace, channel, address, sender)
        for (channel, address), (workspace, sender) in sorted(chosen.items())
    ]
    with_values(REMEMBER, values)
