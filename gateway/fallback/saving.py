"""Writes fallbacks that have moved on, however many, in one statement."""

from collections.abc import Sequence

import orjson

from gateway.fallback.model import Fallback
from gateway.sql import update_from_values

COLUMNS = {
    "delivery_id": "bigint",
    "stage": "text",
    "verdict": "text",
    "due_at": "timestamptz",
    "asks": "smallint",
    "options": "jsonb",
    "note": "text",
    "decided_at": "timestamptz",
}


def save(rows: Sequence[Fallback]) -> None:
    """Write what may change of these; their deliveries are locked by the caller."""
    update_from_values(
        Fallback,
        COLUMNS,
        [
            (
                row.pk,
                row.stage,
                row.verdict,
                row.due_at,
                row.asks,
                orjson.dumps(row.options).decode(),
                row.note,
                row.decided_at,
            )
            for row in rows
        ],
    )
