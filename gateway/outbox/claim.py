"""Claims due deliveries with a lease: token buckets, replies before bulk, opt-outs looked at last.

A claim is one transaction with a fixed number of statements, however many rows and channels. Times
are the database's: workers whose clocks differ, or jump, never differ about a lease or a bucket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from gateway.models import Priority
from gateway.outbox.changes import announce
from gateway.outbox.places import Load, kept_for_replies
from gateway.outbox.row import COLUMNS, Row
from gateway.sql import with_values
from gateway.states import State

LEASE = timedelta(seconds=90)
# A bucket holds this many seconds of its rate, so that no sliding second holds much more.
BURST_SECONDS = 0.04

# As a subquery, of which PostgreSQL expects half to be true: as a join it expects next to nothing
# to be left, reads the whole queue and sorts it, where the first rows by index are enough.
RUNNING = """(d.batch_id IS NULL OR EXISTS (
        SELECT 1 FROM gateway_batch g WHERE g.id = d.batch_id AND g.state = 'running'))"""

# The look at one row of each channel's queue is an index probe, whatever the queue's length.
DUE_CHANNELS = f"""
SELECT c.id, c.rate_per_second, b.tokens, b.refilled_at, clock_timestamp()
FROM gateway_channel c JOIN gateway_bucket b ON b.channel_id = c.id
CROSS JOIN LATERAL (
    SELECT 1 FROM gateway_delivery d
    WHERE d.channel_id = c.id AND d.state = 'queued' AND d.due_at <= clock_timestamp()
      AND {RUNNING}
    ORDER BY d.priority, d.due_at, d.id LIMIT 1) AS due
WHERE c.enabled AND c.paused_at IS NULL
"""  # noqa: S608 - constants only

# Who claims a channel holds its bucket. Whom another holds at this moment is left to that one.
HOLD = """
SELECT b.channel_id, c.kind, c.config, b.tokens, b.refilled_at, clock_timestamp()
FROM gateway_bucket b JOIN gateway_channel c ON c.id = b.channel_id
WHERE b.channel_id = ANY(%s::uuid[]) ORDER BY b.channel_id
FOR UPDATE OF b SKIP LOCKED
"""

# Rows are locked in the order they shall leave, then taken while the tokens last (the running cost
# before a row must be below them) and, for bulk, while places remain. What must not leave after
# all, because it has expired or its address has opted out since, ends here.
CLAIM = f"""
WITH room (channel_id, places, bulk_places, tokens) AS (VALUES {{values}}),
locked AS (
    SELECT r.bulk_places, r.tokens, q.* FROM room r CROSS JOIN LATERAL (
        SELECT d.id, d.channel_id, d.workspace_id, d.medium, d.address, d.cost, d.priority,
               d.due_at, d.expires_at, d.marketing
        FROM gateway_delivery d
        WHERE d.channel_id = r.channel_id::uuid AND d.state = 'queued'
          AND d.due_at <= clock_timestamp() AND {RUNNING}
        ORDER BY d.priority, d.due_at, d.id
        LIMIT r.places::int FOR UPDATE OF d SKIP LOCKED) q),
ranked AS (
    SELECT locked.*, row_number() OVER w AS place, sum(cost) OVER w - cost AS spent
    FROM locked WINDOW w AS (PARTITION BY channel_id ORDER BY priority, due_at, id)),
taken AS (
    SELECT ranked.id, s.reason, CASE
        WHEN ranked.expires_at <= clock_timestamp() THEN 'expired'
        WHEN s.reason IS NOT NULL THEN 'failed'
        ELSE 'sending' END AS state
    FROM ranked LEFT JOIN gateway_suppression s
        ON ranked.marketing AND s.workspace_id = ranked.workspace_id
        AND s.medium = ranked.medium AND s.address = ranked.address
    WHERE ranked.spent < ranked.tokens::float
      AND (ranked.priority < {Priority.BULK.value} OR ranked.place <= ranked.bulk_places::int))
UPDATE gateway_delivery AS d SET
    state = taken.state,
    attempts = d.attempts + (taken.state = 'sending')::int,
    attempted_at = CASE WHEN taken.state = 'sending' THEN clock_timestamp()
                        ELSE d.attempted_at END,
    lease_until = CASE WHEN taken.state = 'sending'
                       THEN clock_timestamp() + interval '{LEASE.total_seconds()} seconds' END,
    failed_at = CASE WHEN taken.state = 'failed' THEN clock_timestamp() ELSE d.failed_at END,
    error_class = CASE WHEN taken.state = 'failed' THEN 'OptedOut' ELSE d.error_class END,
    error_code = CASE WHEN taken.state = 'failed' THEN taken.reason ELSE d.error_code END
FROM taken WHERE d.id = taken.id
RETURNING {", ".join(f"d.{name}" for name in COLUMNS)}
"""  # noqa: S608 - constants only

# Tokens may go below zero by the cost of the last message: a debt the next refill pays first.
SPEND = """
UPDATE gateway_bucket AS b SET tokens = v.tokens::float, refilled_at = v.at::timestamptz
FROM (VALUES {values}) AS v (id, tokens, at) WHERE b.channel_id = v.id::uuid
"""


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


@dataclass(slots=True)
class Room:
    """A channel that has something due, and what it may take."""

    channel_id: UUID
    rate: float
    places: int
    bulk_places: int
    tokens: float
    at: datetime


@transaction.atomic
def claim(load: Load) -> Claim:
    """Claim what may leave now or soon, beside what this process holds already."""
    rooms = _rooms(load)
    ready = [room for room in rooms if room.tokens > 0 and room.places > 0]
    accounts = _hold(ready)
    held = [room for room in ready if room.channel_id in accounts and room.tokens > 0]
    rows = _take(held)
    announce(row for row in rows if row.state != State.SENDING)
    leaving = [row for row in rows if row.state == State.SENDING]
    _spend(held, leaving)
    return Claim(leaving, _wait(rooms), _is_full(rooms, leaving), accounts)


def _rooms(load: Load) -> list[Room]:
    with connection.cursor() as cursor:
        cursor.execute(DUE_CHANNELS)
        found = cursor.fetchall()
    for_replies = kept_for_replies(load.places)
    rooms = []
    for channel_id, rate, tokens, refilled_at, now in found:
        places = load.left(channel_id, rate)
        available = _available(rate, tokens, refilled_at, now)
        rooms.append(Room(channel_id, rate, places, places - for_replies, available, now))
    return rooms


def _available(rate: float, tokens: float, refilled_at: datetime, now: datetime) -> float:
    """Tokens there are by now; below zero while the channel rests."""
    elapsed = (now - refilled_at).total_seconds()
    if elapsed < 0:
        # A bucket refilled "in the future" rests until then.
        return elapsed * rate
    return float(min(tokens + elapsed * rate, max(1.0, rate * BURST_SECONDS)))


def _hold(rooms: Sequence[Room]) -> dict[UUID, Account]:
    """Lock the rooms' buckets, with the tokens there are now; without those somebody else holds."""
    if not rooms:
        return {}
    by_id = {room.channel_id: room for room in rooms}
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [[str(pk) for pk in by_id]])
        found = cursor.fetchall()
    accounts = {}
    for channel_id, kind, config, tokens, refilled_at, now in found:
        room = by_id[channel_id]
        room.tokens, room.at = _available(room.rate, tokens, refilled_at, now), now
        accounts[channel_id] = Account(kind, bytes(config))
    return accounts


def _take(rooms: Sequence[Room]) -> list[Row]:
    found = with_values(
        CLAIM,
        [(str(room.channel_id), room.places, room.bulk_places, room.tokens) for room in rooms],
        fetch=True,
    )
    rows = [Row.of_columns(columns) for columns in found]
    rows.sort(key=_order)
    return rows


def _order(row: Row) -> tuple[Any, ...]:
    return row.priority, row.due_at, row.pk


def _spend(rooms: Sequence[Room], rows: Sequence[Row]) -> None:
    by_id = {room.channel_id: room for room in rooms}
    for row in rows:
        by_id[row.channel_id].tokens -= row.cost
    with_values(SPEND, [(str(room.channel_id), room.tokens, room.at) for room in rooms])


def _wait(rooms: Sequence[Room]) -> float | None:
    # A channel without places waits for sends to finish, not for tokens.
    poor = [room for room in rooms if room.bulk_places > 0 and room.tokens <= 0]
    return min((max((1e-3 - room.tokens) / room.rate, 0.001) for room in poor), default=None)


def _is_full(rooms: Sequence[Room], rows: Sequence[Row]) -> bool:
    taken: dict[UUID, int] = {}
    for row in rows:
        taken[row.channel_id] = taken.get(row.channel_id, 0) + 1
    return any(taken.get(room.channel_id, 0) >= room.bulk_places for room in rooms)


def ensure_buckets() -> None:
    """Every channel has a bucket; a new one holds one token."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO gateway_bucket (channel_id, tokens, refilled_at, failures) "
            "SELECT c.id, 1, clock_timestamp(), 0 FROM gateway_channel c "
            "LEFT JOIN gateway_bucket b ON b.channel_id = c.id WHERE b.channel_id IS NULL "
            "ON CONFLICT DO NOTHING"
        )
