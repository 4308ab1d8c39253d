"""The channel log of finished attempts, in one statement."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gateway.exchange import Exchange
from gateway.sql import with_values

if TYPE_CHECKING:
    from gateway.outbox.settle import Outcome

INSERT = """
INSERT INTO gateway_channellog
    (workspace_id, channel_id, delivery_id, kind, ok, method, url, status, request, response,
     error, error_class, duration_ms, attempt, created_at)
SELECT workspace_id::bigint, channel_id::uuid, delivery_id::bigint, kind, ok::boolean, method, url,
    status::smallint, request, response, error, error_class, duration_ms::int, attempt::smallint,
    created_at::timestamptz
FROM (VALUES {values}) AS v
    (workspace_id, channel_id, delivery_id, kind, ok, method, url, status, request, response,
     error, error_class, duration_ms, attempt, created_at)
"""


def write_log(outcomes: Sequence["Outcome"]) -> None:
    """A row for each exchange of the attempts."""
    with_values(INSERT, [_values(one, each) for one in outcomes for each in one.exchanges])


def _values(one: "Outcome", exchange: Exchange) -> tuple[Any, ...]:
    problem = exchange.error or (one.error.text if one.error else "")
    return (
        one.row.workspace_id,
        str(one.row.channel_id),
        one.row.pk,
        "find" if one.asked else "send",
        not problem,
        exchange.method,
        exchange.url,
        exchange.status,
        exchange.request,
        exchange.response,
        problem,
        one.error.name if one.error else "",
        exchange.duration_ms,
        one.row.attempts,
        exchange.at,
    )
