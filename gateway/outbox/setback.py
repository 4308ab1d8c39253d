"""Notices that the database's clock has gone back, and lets nothing wait for the hour undone.

Times in the future (a backoff, a lease, a rest) were set by the clock as it was then. When it is
put right they are all late by as much: a channel would rest and messages would wait for that long.
"""

from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from gateway.outbox.claim import LEASE

logger = structlog.get_logger(__name__)

# The sweep beats every second; clocks are trimmed by milliseconds all the time.
NOTICED = timedelta(seconds=5)

BEAT = """
INSERT INTO gateway_heartbeat (name, beat_at) VALUES ('sweep', clock_timestamp())
ON CONFLICT (name) DO UPDATE SET beat_at = excluded.beat_at
RETURNING old.beat_at - new.beat_at
"""
REPAIRS = (
    "UPDATE gateway_delivery SET due_at = due_at - %(behind)s "
    "WHERE state = 'queued' AND due_at > clock_timestamp()",
    # A lease of before the clock went wrong is right as it is.
    "UPDATE gateway_delivery SET lease_until = lease_until - %(behind)s "
    "WHERE state = 'sending' AND lease_until > clock_timestamp() + %(lease)s",
    "UPDATE gateway_delivery SET ask_at = ask_at - %(behind)s "
    "WHERE state = 'unknown' AND ask_at > clock_timestamp()",
    "UPDATE gateway_bucket SET refilled_at = refilled_at - %(behind)s "
    "WHERE refilled_at > clock_timestamp()",
)


@transaction.atomic
def beat() -> timedelta | None:
    """Note the sweep's sign of life; by how much the clock has gone back since the last, if so.

    What was noted in the future by the clock as it was is set back as far: a rest that was to last
    a minute still does. What had been noted before comes early, which only costs a vain attempt.
    """
    with connection.cursor() as cursor:
        cursor.execute(BEAT)
        behind: timedelta | None = cursor.fetchone()[0]
        if behind is None or behind < NOTICED:
            return None
        spans: dict[str, Any] = {"behind": behind, "lease": LEASE}
        for repair in REPAIRS:
            cursor.execute(repair, spans)
    logger.warning("the clock went back", seconds=behind.total_seconds())
    return behind
