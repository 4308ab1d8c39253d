"""Empties stored requests that held what we may not keep: its writer took it back."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

# Providers repeat what was not answered, and people edit what they wrote, for so long at most.
REPEATED = timedelta(days=1)

# The request a message came in has the message's time. Repeats of it, and edits, name the same id
# and are in the same shard. All of a body goes, not only what is the message: a provider says the
# same thing in more than one place of it, and what else it said has been taken in by now. The row
# stays, with where it came from and what became of it.
ERASE = """
UPDATE gateway_inboundrequest SET body = '', erased_at = clock_timestamp()
WHERE channel_id = %(channel)s AND received_at BETWEEN %(at)s AND %(end)s
    AND id < %(before)s AND erased_at IS NULL
    AND shard IN (SELECT shard FROM gateway_inboundrequest
                  WHERE channel_id = %(channel)s AND received_at = %(at)s)
    AND (position(%(name)s IN body) > 0 OR position(%(escaped)s IN body) > 0)
"""


def erase_requests(
    *, channel_id: UUID, external_id: str, received_at: datetime, before: int
) -> int:
    """Empty the requests that told of a message; returns how many.

    ``external_id`` and ``received_at`` are the message's, ``before`` is the request that takes it
    back. Rows that were pruned are no matter.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            ERASE,
            {
                "channel": channel_id,
                "name": external_id.encode(),
                "escaped": external_id.replace("/", r"\/").encode(),  # as Meta writes JSON
                "at": received_at,
                "end": received_at + REPEATED,
                "before": before,
            },
        )
        return int(cursor.rowcount)
