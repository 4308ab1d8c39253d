"""The channel log of finished attempts, in one statement."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection

from gateway.exchange import Exchange

if TYPE_CHECKING:
    from gateway.outbox.settle import Outcome

# All rows as one parameter: reading a thousand rows of VALUES takes longer than inserting them.
INSERT = """
INSERT INTO gateway_channellog
    (workspace_id, channel_id, delivery_id, kind, ok, method, url, status, request, response,
     error, error_class, duration_ms, attempt, created_at)
SELECT * FROM json_to_recordset(%s) AS v
    (workspace_id bigint, channel_id uuid, delivery_id bigint, kind text, ok boolean, method text,
     url text, status smallint, request text, response text, error text, error_class text,
     duration_ms int, attempt smallint, created_at timestamptz)
"""


def write_log(outcomes: Sequence["Outcome"]) -> None:
    """A row for each exchange of the attempts."""
    rows = [_row(one, each) for one in outcomes for each in one.exchanges]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [orjson.dumps(rows).decode()])


def _row(one: "Outcome", exchange: Exchange) -> dict[str, Any]:
    problem = exchange.error or (one.error.text if one.error else "")
    return {
        "workspace_id": one.row.workspace_id,
        "channel_id": one.row.channel_id,
        "delivery_id": one.row.pk,
        "kind": "find" if one.asked else "send",
        "ok": not problem,
        "method": exchange.method,
        "url": exchange.url,
        "status": exchange.status,
        "request": exchange.request,
        # A success says no more than its id, which the delivery has.
        "response": exchange.response if problem or one.asked else "",
        "error": problem,
        "error_class": one.error.name if one.error else "",
        "duration_ms": exchange.duration_ms,
        "attempt": one.row.attempts,
        "created_at": exchange.at,
    }
