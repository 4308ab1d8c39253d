"""The provider knows better: it refused free text although we took the window to be open."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson
from django.db import connection

from gateway.content.reading import ABOUT

# What the message relied on is closed: a person's longer time only where the usual one was over by
# then. Not where the customer has written since the attempt. Locked in the order of the keys, as
# wherever rows are opened and taken from.
CLOSE = """
WITH v AS (
    SELECT channel, address, max(at) AS at
    FROM json_to_recordset(%s) AS row (channel uuid, address text, at timestamptz)
    GROUP BY channel, address),
held AS MATERIALIZED (
    SELECT w.id, v.at, clock_timestamp() AS now FROM gateway_replywindow w
    JOIN v ON v.channel = w.channel_id AND v.address = w.address
    WHERE coalesce(w.heard_at <= v.at, true)
    ORDER BY w.channel_id, w.address FOR UPDATE OF w)
UPDATE gateway_replywindow AS w SET
    until = CASE WHEN w.until > held.now THEN held.now ELSE w.until END,
    human_until = CASE WHEN w.until <= held.at AND w.human_until > held.now THEN held.now
                       ELSE w.human_until END,
    closed_at = greatest(w.closed_at, held.at)
FROM held WHERE w.id = held.id
"""


class Refused(Protocol):
    """A delivery that the provider refused for its window."""

    channel_id: UUID
    address: str
    content: Any
    attempted_at: datetime | None


def needs_window(content: Mapping[str, Any]) -> bool:
    """Whether a message is free text to one person; templates and public answers need no window."""
    return "template" not in content and not content.get(ABOUT, {}).get("public")


def close_windows(refused: Iterable[Refused]) -> None:
    """Close the windows of these; one statement, none without any.

    ``closed_at`` keeps a customer's message of before from opening it again when it is repeated.
    """
    rows = [
        {"channel": str(row.channel_id), "address": row.address, "at": row.attempted_at}
        for row in refused
        if row.attempted_at is not None and needs_window(row.content)
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(CLOSE, [orjson.dumps(rows).decode()])
