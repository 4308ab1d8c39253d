"""How channels are doing right now: queues, breakers, failures, inbound backlog.

Three statements however many channels and rows: each question is answered by a partial index over
the live rows, so a million deliveries that are long done cost nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from gateway.models import Bucket, InboundState, Priority
from gateway.outbox.settle import BREAKER_AFTER

RECENTLY = timedelta(hours=1)

# The oldest is the one longest due of each priority: found at the head of the queue's index, where
# the minimum of a column that no index has would read the whole queue. What waits for the end of
# quiet hours is not late; no other pause is longer than an hour.
OUTBOX = """
SELECT 'queued', channel_id, count(*), NULL::timestamptz FROM gateway_delivery
WHERE state = 'queued' AND channel_id = ANY(%(channels)s::uuid[]) GROUP BY channel_id
UNION ALL
SELECT 'queued', c.id, 0, head.created_at FROM unnest(%(channels)s::uuid[]) AS c(id)
CROSS JOIN unnest(%(priorities)s) AS p(priority) CROSS JOIN LATERAL (
    SELECT d.created_at FROM gateway_delivery d
    WHERE d.state = 'queued' AND d.channel_id = c.id AND d.priority = p.priority
      AND (d.held_until IS NULL OR d.due_at <= clock_timestamp())
      AND d.due_at <= clock_timestamp() + interval '2 hours'
    ORDER BY d.due_at, d.id LIMIT 1) AS head
UNION ALL
SELECT 'sending', channel_id, count(*), min(created_at) FROM gateway_delivery
WHERE state = 'sending' AND channel_id = ANY(%(channels)s::uuid[]) GROUP BY channel_id
UNION ALL
SELECT 'unclear', channel_id, count(*), NULL FROM gateway_delivery
WHERE state = 'unknown' AND channel_id = ANY(%(channels)s::uuid[]) GROUP BY channel_id
UNION ALL
SELECT 'failed', channel_id, count(*), NULL FROM gateway_delivery
WHERE state = 'failed' AND failed_at >= %(recently)s AND channel_id = ANY(%(channels)s::uuid[])
GROUP BY channel_id
"""
# Two arms, because each has a partial index and the three states together have none.
INBOUND = """
SELECT state, channel_id, count(*), min(received_at) FROM gateway_inboundrequest
WHERE state = 'new' AND channel_id = ANY(%(channels)s::uuid[]) GROUP BY state, channel_id
UNION ALL
SELECT state, channel_id, count(*), NULL FROM gateway_inboundrequest
WHERE state IN ('failed', 'unknown') AND channel_id = ANY(%(channels)s::uuid[])
GROUP BY state, channel_id
"""


@dataclass(slots=True)
class Vitals:
    """One channel's numbers. ``failed`` counts the last hour; times are None when nothing waits.

    ``oldest_at`` is when the longest waiting message was queued. ``failures`` are consecutive
    unreachable answers; the channel rests until ``rests_until``.
    """

    queued: int = 0
    sending: int = 0
    oldest_at: datetime | None = None
    unclear: int = 0
    failed: int = 0
    inbound_new: int = 0
    inbound_oldest_at: datetime | None = None
    inbound_failed: int = 0
    inbound_unknown: int = 0
    failures: int = 0
    rests_until: datetime | None = None

    @property
    def depth(self) -> int:
        """Messages not yet handed to the provider."""
        return self.queued + self.sending

    @property
    def breaker_open(self) -> bool:
        """Whether the provider has been out of reach so often that the channel holds back."""
        return self.failures >= BREAKER_AFTER


def vitals(channels: Collection[UUID]) -> dict[UUID, Vitals]:
    """The vitals of these channels, by id."""
    found = {pk: Vitals() for pk in channels}
    if not found:
        return found
    parameters = {
        "channels": [str(pk) for pk in found],
        "priorities": list(Priority.values),
        "recently": timezone.now() - RECENTLY,
    }
    _read_outbox(found, parameters)
    _read_inbound(found, parameters)
    _read_buckets(found)
    return found


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[str, UUID, int, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def _read_outbox(found: dict[UUID, Vitals], parameters: dict[str, Any]) -> None:
    for name, channel, count, since in _rows(OUTBOX, parameters):
        row = found[channel]
        setattr(row, name, getattr(row, name) + count)
        row.oldest_at = _earlier(row.oldest_at, since)


def _read_inbound(found: dict[UUID, Vitals], parameters: dict[str, Any]) -> None:
    for state, channel, count, since in _rows(INBOUND, parameters):
        setattr(found[channel], f"inbound_{InboundState(state).value}", count)
        if state == InboundState.NEW:
            found[channel].inbound_oldest_at = since


def _read_buckets(found: dict[UUID, Vitals]) -> None:
    now = timezone.now()
    for bucket in Bucket.objects.filter(pk__in=list(found)):
        row = found[bucket.channel_id]
        row.failures = bucket.failures
        row.rests_until = bucket.refilled_at if bucket.refilled_at > now else None


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)
