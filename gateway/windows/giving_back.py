"""What was taken from a window for a message that nobody will get is given back, once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db import connection

from gateway.states import State

OVER = frozenset({State.FAILED, State.CANCELLED, State.EXPIRED})

# Only who is among ``taken_by`` was counted, and is not any more afterwards. What the provider had
# accepted counts there, whatever became of it. A reply token is free again where the message has
# not left: one that was refused may have used it up. Locked in the order of the keys.
GIVE_BACK = """
WITH v AS (
    SELECT d.channel_id, d.address, array_agg(d.id) AS ids,
        array_agg(d.id) FILTER (WHERE d.state <> 'failed') AS not_left
    FROM gateway_delivery d WHERE d.id = ANY(%s) AND d.external_id IS NULL
    GROUP BY d.channel_id, d.address),
held AS MATERIALIZED (
    SELECT w.id, w.taken_by, v.ids, v.not_left FROM gateway_replywindow w
    JOIN v ON v.channel_id = w.channel_id AND v.address = w.address
    WHERE w.taken_by && v.ids OR w.token_for = ANY(v.not_left)
    ORDER BY w.channel_id, w.address FOR UPDATE OF w),
kept AS (
    SELECT id, not_left, ARRAY(
        SELECT one FROM unnest(taken_by) AS one WHERE one <> ALL(ids)) AS taken_by
    FROM held)
UPDATE gateway_replywindow AS w SET
    messages_left = w.messages_left + cardinality(w.taken_by) - cardinality(kept.taken_by),
    taken_by = kept.taken_by,
    token_for = CASE WHEN w.token_for = ANY(kept.not_left) THEN NULL ELSE w.token_for END
FROM kept WHERE w.id = kept.id
"""


class Over(Protocol):
    """A delivery, as far as this is concerned."""

    pk: int
    state: Any  # one of gateway.states
    attempted_at: datetime | None


def give_back(rows: Iterable[Over]) -> None:
    """Give back what those of these that are over had taken; in the caller's transaction.

    One statement, none where nothing was ever claimed.
    """
    give_back_of([row.pk for row in rows if row.attempted_at is not None and row.state in OVER])


def give_back_of(delivery_ids: Sequence[int]) -> None:
    """As ``give_back``, for deliveries that are over."""
    if delivery_ids:
        with connection.cursor() as cursor:
            cursor.execute(GIVE_BACK, [list(delivery_ids)])
