"""Claims due deliveries with a lease: token buckets, replies before bulk, opt-outs looked at last.

A claim is one statement, however many rows and channels: each statement more is one more wait of
its thread for the busy one that sends. Times are the database's: workers whose clocks differ, or
jump, never differ about a lease or a bucket.
"""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import DatabaseError, connection, transaction

from gateway.models import Priority
from gateway.outbox.changes import announce
from gateway.outbox.places import RESERVE, RESERVE_SECONDS, Load, kept_for_replies
from gateway.outbox.row import Row, channel_id_of, selected
from gateway.quiet.holding import hold_back

logger = structlog.get_logger(__name__)

LEASE = timedelta(seconds=90)
# A bucket holds this many seconds of its rate, so that no sliding second holds much more.
BURST_SECONDS = 0.04

# As a subquery, of which PostgreSQL expects half to be true: as a join it expects next to nothing
# to be left, reads the whole queue and sorts it, where the first rows by index are enough.
RUNNING = """(d.batch_id IS NULL OR EXISTS (
        SELECT 1 FROM gateway_batch g WHERE g.id = d.batch_id AND g.state = 'running'))"""
# Answers to one person leave one after the other, as they were written. Bulk comes once.
IN_TURN = f"""(d.priority >= {Priority.BULK.value} OR NOT EXISTS (
        SELECT 1 FROM gateway_delivery e
        WHERE e.channel_id = d.channel_id AND e.address = d.address AND e.id < d.id
          AND e.state IN ('queued', 'sending') AND e.priority < {Priority.BULK.value}))"""  # noqa: S608
DUE = f"d.state = 'queued' AND d.due_at <= clock_timestamp() AND {RUNNING} AND {IN_TURN}"

# What is in a bucket by now. One refilled "in the future" rests until then: it is below zero.
TOKENS = f"""LEAST(
        b.tokens + GREATEST(0, b.elapsed) * b.rate,
        GREATEST(1, b.rate * {BURST_SECONDS}),
        CASE WHEN b.elapsed < 0 THEN b.elapsed * b.rate END)"""
ENDED = "q.expires_at <= clock_timestamp() OR s.reason IS NOT NULL"
# Held back by quiet hours: another time is found for it (gateway.quiet.holding).
REFUSED = f"""{ENDED} OR (q.marketing
        AND (q.quiet_at <= clock_timestamp() OR q.held_until > clock_timestamp()))"""
OPTED_OUT = """LEFT JOIN gateway_suppression s ON q.marketing
        AND s.workspace_id = q.workspace_id AND s.medium = q.medium AND s.address = q.address"""

# due: the channels that have something due, by one probe of each one's queue; with how much more
#   this process may take.
# held: whoever claims a channel holds its bucket, with the tokens it has by then; a bucket that
#   another worker holds at this moment is left to that one.
# locked: rows in the order they shall leave, no more than there are tokens, for each costs at least
#   one. taken: of these, while the tokens last (the running cost before a row must be below them)
#   and, for bulk, while places remain.
# spent: tokens may go below zero by the cost of the last message, a debt that the next refill pays.
CLAIM = f"""
WITH due AS MATERIALIZED (
    SELECT b.*, {TOKENS} AS tokens_now,
        GREATEST(0, %(places)s - b.held
            + CASE WHEN b.slow THEN 0
                   ELSE LEAST({RESERVE}, floor(b.rate * {RESERVE_SECONDS})) END)::int AS places
    FROM (
        SELECT c.id, c.kind, c.config, c.rate_per_second AS rate, bucket.tokens,
            extract(epoch FROM clock_timestamp() - bucket.refilled_at)::float AS elapsed,
            coalesce(load.held, 0) AS held, coalesce(load.slow, false) AS slow
        FROM gateway_channel c JOIN gateway_bucket bucket ON bucket.channel_id = c.id
        LEFT JOIN unnest(%(channels)s::uuid[], %(held)s::int[], %(slow)s::bool[])
            AS load (id, held, slow) ON load.id = c.id
        CROSS JOIN LATERAL (
            SELECT 1 FROM gateway_delivery d WHERE d.channel_id = c.id AND {DUE}
            ORDER BY d.priority, d.due_at, d.id LIMIT 1) AS first
        WHERE c.enabled AND c.paused_at IS NULL) AS b),
held AS MATERIALIZED (
    SELECT channel_id, tokens, refilled_at FROM gateway_bucket
    WHERE channel_id = ANY(ARRAY(SELECT id FROM due WHERE tokens_now > 0 AND places > 0))
    ORDER BY channel_id FOR UPDATE SKIP LOCKED),
room AS MATERIALIZED (
    SELECT b.id, b.places, b.at, {TOKENS} AS tokens
    FROM (
        SELECT due.id, due.rate, due.places, held.tokens, now.at,
            extract(epoch FROM now.at - held.refilled_at)::float AS elapsed
        FROM held JOIN due ON due.id = held.channel_id
        CROSS JOIN (SELECT clock_timestamp() AS at OFFSET 0) AS now) AS b),
locked AS (
    SELECT room.places, room.tokens, q.* FROM room CROSS JOIN LATERAL (
        SELECT d.id, d.channel_id, d.workspace_id, d.medium, d.address, d.cost, d.priority,
               d.due_at, d.expires_at, d.marketing, d.quiet_at, d.held_until
        FROM gateway_delivery d WHERE d.channel_id = room.id AND {DUE}
        ORDER BY d.priority, d.due_at, d.id
        LIMIT LEAST(room.places, ceil(room.tokens))::int FOR UPDATE OF d SKIP LOCKED) AS q
    WHERE room.tokens > 0),
ranked AS (
    SELECT locked.*, row_number() OVER w AS place, sum(cost) OVER w - cost AS spent
    FROM locked WINDOW w AS (PARTITION BY channel_id ORDER BY priority, due_at, id)),
taken AS MATERIALIZED (
    SELECT q.id, q.channel_id, q.cost, ({REFUSED}) IS TRUE AS refused
    FROM ranked q {OPTED_OUT}
    WHERE q.spent < q.tokens
      AND (q.priority < {Priority.BULK.value} OR q.place <= q.places - %(for_replies)s)),
sent AS (
    UPDATE gateway_delivery AS d SET state = 'sending', attempts = d.attempts + 1,
        attempted_at = clock_timestamp(),
        lease_until = clock_timestamp() + interval '{LEASE.total_seconds()} seconds'
    WHERE d.id = ANY(ARRAY(SELECT id FROM taken WHERE NOT refused))
    RETURNING d.*),
spent AS (
    UPDATE gateway_bucket AS b SET refilled_at = room.at, tokens = room.tokens - coalesce((
        SELECT sum(cost) FROM taken WHERE taken.channel_id = room.id AND NOT refused), 0)
    FROM room WHERE b.channel_id = room.id
    RETURNING b.channel_id, b.tokens),
told AS (
    SELECT json_build_object(
        'rooms', coalesce(json_agg(json_build_object(
            'id', due.id, 'rate', due.rate, 'places', due.places, 'kind', due.kind,
            'config', encode(due.config, 'base64'),
            'tokens', coalesce(spent.tokens, due.tokens_now),
            'taken', (SELECT count(*) FROM taken
                      WHERE taken.channel_id = due.id AND NOT refused))), '[]'::json),
        'refused', (SELECT coalesce(json_agg(id), '[]'::json) FROM taken WHERE refused))::text
    FROM due LEFT JOIN spent ON spent.channel_id = due.id)
SELECT CASE WHEN row_number() OVER w = 1 THEN (TABLE told) END,
    {selected("sent")}
FROM (VALUES (1)) AS always LEFT JOIN sent ON true
WINDOW w AS (ORDER BY sent.priority, sent.due_at, sent.id)
ORDER BY sent.priority, sent.due_at, sent.id
"""  # noqa: S608 - constants only

# What must not leave after all, because it has expired or its address has opted out since.
REFUSE = f"""
WITH q AS (
    SELECT q.id, s.reason FROM gateway_delivery q {OPTED_OUT}
    WHERE q.id = ANY(%s) AND q.state = 'queued' AND ({ENDED})
    ORDER BY q.id FOR UPDATE OF q SKIP LOCKED)
UPDATE gateway_delivery AS d SET
    state = CASE WHEN q.reason IS NULL THEN 'expired' ELSE 'failed' END,
    failed_at = CASE WHEN q.reason IS NULL THEN d.failed_at ELSE clock_timestamp() END,
    error_class = CASE WHEN q.reason IS NULL THEN d.error_class ELSE 'OptedOut' END,
    error_code = CASE WHEN q.reason IS NULL THEN d.error_code ELSE q.reason END
FROM q WHERE d.id = q.id
RETURNING {selected("d")}
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Account:
    """A claimed channel's kind and its encrypted config, as they were when it was claimed."""

    kind: str
    config: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim gave.

    ``wait_seconds``: when there will be tokens for what had to wait, None when nothing waits for
    tokens. ``full``: whether more is due for which there was no place.
    """

    rows: Sequence[Row]
    wait_seconds: float | None
    full: bool = False
    accounts: Mapping[UUID, Account] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Room:
    """A channel that has something due: what this process could take and took, tokens left."""

    rate: float
    bulk_places: int
    tokens: float
    taken: int


def claim(load: Load) -> Claim:
    """Claim what may leave now or soon, beside what this process holds already."""
    for_replies = kept_for_replies(load.places)
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {**_held(load), "places": load.places, "for_replies": for_replies})
        found = cursor.fetchall()
    told = orjson.loads(found[0][0])
    if told["refused"]:
        _refuse_if_possible(told["refused"])
    rooms = [_room(one, for_replies) for one in told["rooms"]]
    accounts = {channel_id_of(one["id"]): _account(one) for one in told["rooms"]}
    return Claim(_rows(found), _wait(rooms), any(map(_is_full, rooms)), accounts)


def _held(load: Load) -> dict[str, list[Any]]:
    held, slow = load.held(), set(load.slow)
    channels = list(held.keys() | slow)
    return {
        "channels": [str(pk) for pk in channels],
        "held": [held.get(pk, 0) for pk in channels],
        "slow": [pk in slow for pk in channels],
    }


def _rows(found: Sequence[tuple[Any, ...]]) -> list[Row]:
    if found[0][1] is None:
        return []
    return [Row.of_columns(columns) for _, *columns in found]


def _room(told: Mapping[str, Any], for_replies: int) -> Room:
    return Room(told["rate"], told["places"] - for_replies, told["tokens"], told["taken"])


def _account(told: Mapping[str, Any]) -> Account:
    return Account(told["kind"], b64decode(told["config"]))


def _wait(rooms: Sequence[Room]) -> float | None:
    # A channel without places waits for sends to finish, not for tokens.
    poor = [room for room in rooms if room.bulk_places > 0 and room.tokens <= 0]
    return min((max((1e-3 - room.tokens) / room.rate, 0.001) for room in poor), default=None)


def _is_full(room: Room) -> bool:
    return room.taken >= room.bulk_places


def _refuse_if_possible(delivery_ids: Sequence[int]) -> None:
    # What was claimed beside them may leave; these are queued as before and seen again.
    try:
        refuse(delivery_ids)
        hold_back(delivery_ids)
    except DatabaseError as error:
        logger.warning("not refused now", count=len(delivery_ids), reason=type(error).__name__)


@transaction.atomic
def refuse(delivery_ids: Sequence[int]) -> None:
    """End what is still queued of these and has expired, or whose address has opted out."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSE, [list(delivery_ids)])
        rows = [Row.of_columns(list(columns)) for columns in cursor.fetchall()]
    announce(rows)


def ensure_buckets() -> None:
    """Every channel has a bucket; a new one holds one token."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO gateway_bucket (channel_id, tokens, refilled_at, failures) "
            "SELECT c.id, 1, clock_timestamp(), 0 FROM gateway_channel c "
            "LEFT JOIN gateway_bucket b ON b.channel_id = c.id WHERE b.channel_id IS NULL "
            "ON CONFLICT DO NOTHING"
        )
