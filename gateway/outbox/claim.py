"""Claims due deliveries with a lease: token buckets, replies before bulk, opt-outs looked at last.

A claim is one transaction with a fixed number of statements, however many rows and channels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from gateway.models import Delivery, Priority
from gateway.outbox.changes import announce
from gateway.sql import update_from_values, with_values
from gateway.states import State

LEASE = timedelta(seconds=90)
# In flight at once per channel and process; bulk leaves a few places to replies.
PER_CHANNEL = 100
FOR_REPLIES = 10
# A bucket holds this many seconds of its rate, so that no sliding second holds much more.
BURST_SECONDS = 0.04

DUE_CHANNELS = """
SELECT c.id, c.rate_per_second, b.tokens, b.refilled_at, clock_timestamp()
FROM gateway_channel c JOIN gateway_bucket b ON b.channel_id = c.id
WHERE c.enabled AND c.paused_at IS NULL AND EXISTS (
    SELECT 1 FROM gateway_delivery d LEFT JOIN gateway_batch g ON g.id = d.batch_id
    WHERE d.channel_id = c.id AND d.state = 'queued' AND d.due_at <= clock_timestamp()
      AND (g.id IS NULL OR g.state = 'running'))
ORDER BY c.id
FOR UPDATE OF b
"""

# Rows are locked in the order they shall leave, then kept while the tokens last (the running cost
# before a row must be below them) and, for bulk, while places remain.
CLAIM = """
WITH room (channel_id, places, tokens) AS (VALUES {values}),
locked AS (
    SELECT r.places, r.tokens, q.* FROM room r CROSS JOIN LATERAL (
        SELECT d.id, d.channel_id, d.cost, d.priority, d.due_at FROM gateway_delivery d
        LEFT JOIN gateway_batch g ON g.id = d.batch_id
        WHERE d.channel_id = r.channel_id::uuid AND d.state = 'queued'
          AND d.due_at <= clock_timestamp() AND (g.id IS NULL OR g.state = 'running')
        ORDER BY d.priority, d.due_at, d.id
        LIMIT r.places::int FOR UPDATE OF d SKIP LOCKED) q),
ranked AS (
    SELECT id, priority, places, tokens,
        row_number() OVER w AS place, sum(cost) OVER w - cost AS spent
    FROM locked WINDOW w AS (PARTITION BY channel_id ORDER BY priority, due_at, id))
UPDATE gateway_delivery AS d
SET state = 'sending', lease_until = %s, attempts = d.attempts + 1, attempted_at = %s
FROM ranked
WHERE d.id = ranked.id AND ranked.spent < ranked.tokens::float
  AND (ranked.priority < %s OR ranked.place <= ranked.places::int - %s)
RETURNING d.id
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim gave: rows to send, and when tokens will be there for what had to wait."""

    rows: Sequence[Delivery]
    wait_seconds: float | None


@dataclass(slots=True)
class Room:
    """A channel that has something due."""

    channel_id: UUID
    rate: float
    tokens: float
    places: int


@transaction.atomic
def claim(in_flight: Mapping[UUID, int]) -> Claim:
    """Claim what may leave now, given how many are in flight per channel in this process."""
    rooms = _rooms(in_flight)
    ready = [room for room in rooms if room.tokens > 0 and room.places > 0]
    rows = _take(ready)
    leaving = _hold_back(rows)
    _spend(ready, rows)
    return Claim(leaving, _wait(rooms))


def _rooms(in_flight: Mapping[UUID, int]) -> list[Room]:
    with connection.cursor() as cursor:
        cursor.execute(DUE_CHANNELS)
        found = cursor.fetchall()
    rooms = []
    for channel_id, rate, tokens, refilled_at, now in found:
        elapsed = (now - refilled_at).total_seconds()
        filled = min(tokens + max(elapsed, 0) * rate, max(1.0, rate * BURST_SECONDS))
        # A bucket refilled "in the future" rests until then.
        available = filled if elapsed >= 0 else elapsed * rate
        places = PER_CHANNEL - in_flight.get(channel_id, 0)
        rooms.append(Room(channel_id, rate, available, places))
    return rooms


def _take(rooms: Sequence[Room]) -> list[Delivery]:
    if not rooms:
        return []
    now = timezone.now()
    claimed = with_values(
        CLAIM,
        [(str(room.channel_id), room.places, room.tokens) for room in rooms],
        [now + LEASE, now, Priority.BULK, FOR_REPLIES],
        fetch=True,
    )
    rows = Delivery.objects.filter(pk__in=[pk for (pk,) in claimed])
    return list(rows.order_by("priority", "due_at", "id")) if claimed else []


def _hold_back(rows: Sequence[Delivery]) -> list[Delivery]:
    """Take out what must not leave after all: expired, or opted out since it was queued."""
    now = timezone.now()
    out = _opted_out(rows)
    held: list[Delivery] = []
    for row in rows:
        if row.expires_at is not None and row.expires_at <= now:
            row.state = State.EXPIRED
        elif row.pk in out:
            row.state, row.failed_at = State.FAILED, now
            row.error_class, row.error_code = "OptedOut", out[row.pk]
        else:
            continue
        held.append(row)
    if held:
        _save_held(held)
        announce(held)
    return [row for row in rows if row.state == State.SENDING]


def _opted_out(rows: Sequence[Delivery]) -> dict[int, str]:
    marketing = [
        (row.pk, row.workspace_id, row.medium, row.address) for row in rows if row.marketing
    ]
    found = with_values(
        "SELECT v.id::bigint, s.reason "
        "FROM (VALUES {values}) AS v (id, workspace, medium, address) "
        "JOIN gateway_suppression s ON s.workspace_id = v.workspace::bigint "
        "AND s.medium = v.medium AND s.address = v.address",
        marketing,
        fetch=True,
    )
    return dict(found)


def _save_held(rows: Sequence[Delivery]) -> None:
    update_from_values(
        Delivery,
        {
            "id": "bigint",
            "state": "text",
            "failed_at": "timestamptz",
            "error_class": "text",
            "error_code": "text",
            "lease_until": "timestamptz",
            "attempts": "smallint",
        },
        [
            (r.pk, r.state, r.failed_at, r.error_class, r.error_code, None, r.attempts - 1)
            for r in rows
        ],
    )


def _spend(rooms: Sequence[Room], rows: Sequence[Delivery]) -> None:
    spent: dict[UUID, float] = {}
    for row in rows:
        if row.state == State.SENDING:
            spent[row.channel_id] = spent.get(row.channel_id, 0) + row.cost
    # Tokens may go below zero by the cost of the last message: a debt the next refill pays first.
    with_values(
        "UPDATE gateway_bucket AS b SET tokens = v.tokens::float, refilled_at = clock_timestamp() "
        "FROM (VALUES {values}) AS v (id, tokens) WHERE b.channel_id = v.id::uuid",
        [(str(room.channel_id), room.tokens - spent.get(room.channel_id, 0)) for room in rooms],
    )
    for room in rooms:
        room.tokens -= spent.get(room.channel_id, 0)


def _wait(rooms: Sequence[Room]) -> float | None:
    # A channel without places waits for sends to finish, not for tokens.
    open_rooms = [room for room in rooms if room.rate > 0 and room.places > FOR_REPLIES]
    waits = [max((1e-3 - room.tokens) / room.rate, 0.001) for room in open_rooms]
    return min(waits, default=None)


def ensure_buckets() -> None:
    """Every channel has a bucket; a new one holds one token."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO gateway_bucket (channel_id, tokens, refilled_at, failures) "
            "SELECT c.id, 1, clock_timestamp(), 0 FROM gateway_channel c "
            "LEFT JOIN gateway_bucket b ON b.channel_id = c.id WHERE b.channel_id IS NULL "
            "ON CONFLICT DO NOTHING"
        )
