"""Writes what became of attempts: one transaction a batch, with its channel log."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

import orjson
import structlog
from django.db import OperationalError, connection, transaction

from gateway import statuses, suppression
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    NotCapable,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
    WindowClosed,
    Withdrawn,
)
from gateway.exchange import Exchange
from gateway.models import Delivery
from gateway.outbox.changes import Announced, announce
from gateway.outbox.clock import database_now
from gateway.outbox.log import write_log
from gateway.outbox.rest import BREAKER_AFTER, rest_channels
from gateway.outbox.row import Row
from gateway.reach.noting import Noted, remember
from gateway.states import State
from gateway.windows.closing import close_windows

__all__ = ["BREAKER_AFTER", "Outcome", "settle"]

logger = structlog.get_logger(__name__)

MAX_ATTEMPTS = {Throttled: 50, Unreachable: 8}
# A provider that recognises repeats is sent an unclear message again, so often at most.
MOST_REPEATS = 8
BACKOFF_SECONDS = 2.0
BACKOFF_LIMIT = 600.0
# When to ask the provider about an unclear attempt, in seconds after it and after each "no".
ASK_AFTER = (3.0, 10.0, 30.0)

# Nearly every outcome is this one: accepted, and nothing has happened to the row meanwhile. Rows
# are locked in the order of their ids, as everywhere.
ACCEPT = """
WITH locked AS (
    SELECT d.id, v.external_id FROM gateway_delivery d
    JOIN json_to_recordset(%s) AS v (id bigint, external_id text, attempts smallint)
        ON d.id = v.id
    WHERE d.state = 'sending' AND d.attempts = v.attempts
    ORDER BY d.id FOR UPDATE OF d)
UPDATE gateway_delivery AS d SET
    state = 'sent', external_id = locked.external_id, sent_at = clock_timestamp(),
    lease_until = NULL, ask_at = NULL, error_class = '', error_code = '', error_text = ''
FROM locked WHERE d.id = locked.id
RETURNING d.id
"""


@dataclass(slots=True)
class Outcome:
    """One finished attempt (or question about one). Exactly one of the three is meant:

    ``external_id`` (accepted), ``error`` (not accepted, or unclear), ``absent`` (asked: not there).
    """

    row: Row
    external_id: str | None = None
    error: SendError | None = None
    absent: bool = False
    can_find: bool = False
    idempotent: bool = False
    exchanges: list[Exchange] = field(default_factory=list)
    asked: bool = False


def settle(outcomes: Sequence[Outcome]) -> None:
    """Write a batch of outcomes, monotonically; then apply reports that came before."""
    with transaction.atomic():
        _drop_taken_answers(outcomes)
        accepted = _accept([one for one in outcomes if one.external_id and not one.asked])
        done = {row.pk for row in accepted}
        moved = _move([one for one in outcomes if one.row.pk not in done])
        statuses.save(moved)
        write_log(outcomes)
        suppression.suppress_opted_out(_opted_out(outcomes))
        remember(_not_reached(outcomes))
        close_windows(_too_late(outcomes))
        rest_channels(outcomes)
        changed: list[Announced] = [*accepted, *moved]
        announce(changed)
    try:
        statuses.apply(chain.from_iterable(map(_keys, outcomes)))
    except OperationalError as error:  # the outcomes are written; the sweep applies the reports
        logger.warning("reports left to the sweep", reason=type(error).__name__)


def _keys(one: Outcome) -> Iterator[statuses.Key]:
    """By what reports may wait for this outcome: what the provider calls it, and its attempt."""
    if one.external_id:
        row = one.row
        yield statuses.Key(row.channel_id, one.external_id)
        yield statuses.Key(row.channel_id, statuses.attempt_key(row.uid, row.attempted_at))


def _drop_taken_answers(outcomes: Sequence[Outcome]) -> None:
    """Two unclear sends of one text may find the same message: it belongs to the first only."""
    asked = [one for one in outcomes if one.asked and one.external_id]
    if not asked:
        return
    known = Delivery.objects.filter(
        channel_id__in={one.row.channel_id for one in asked},
        external_id__in=[one.external_id for one in asked],
    )
    taken = set(known.values_list("channel_id", "external_id"))
    for one in asked:
        key = (one.row.channel_id, one.external_id)
        if key in taken:
            one.external_id, one.absent = None, True
        taken.add(key)


def _accept(outcomes: Sequence[Outcome]) -> list[Row]:
    """Write those that are still as they were claimed; returns their rows as they are now."""
    if not outcomes:
        return []
    given = [
        {"id": one.row.pk, "external_id": one.external_id, "attempts": one.row.attempts}
        for one in outcomes
    ]
    with connection.cursor() as cursor:
        # One parameter: as arrays, adapting each value took longer than the statement.
        cursor.execute(ACCEPT, [orjson.dumps(given).decode()])
        written = {pk for (pk,) in cursor.fetchall()}
    rows = [one.row for one in outcomes if one.row.pk in written]
    for row in rows:
        row.state = State.SENT
        row.error_class = row.error_code = row.error_text = ""
    return rows


def _move(outcomes: Sequence[Outcome]) -> list[Delivery]:
    if not outcomes:
        return []
    by_id = {one.row.pk: one for one in outcomes}
    locked = list(Delivery.objects.filter(pk__in=by_id).order_by("id").select_for_update())
    now = database_now()
    changed = []
    for row in locked:
        one = by_id[row.pk]
        expected = State.UNKNOWN if one.asked else State.SENDING
        if row.state == expected and row.attempted_at == one.row.attempted_at:
            _apply(row, one, now)
            changed.append(row)
        elif one.external_id and row.external_id is None:
            # A report was faster and has moved it on; it still lacks the provider's id. Or its
            # lease ended meanwhile, or somebody sent it again: it is accepted, so it is not sent.
            if row.state in {State.QUEUED, State.UNKNOWN}:
                _apply(row, one, now)
            row.external_id = one.external_id
            changed.append(row)
    return changed


def _apply(row: Delivery, one: Outcome, now: datetime) -> None:
    row.lease_until = row.ask_at = None
    if one.external_id:
        row.state, row.external_id, row.sent_at = State.SENT, one.external_id, now
        row.error_class = row.error_code = row.error_text = ""
    elif one.absent:
        _denied(row, now)
    elif isinstance(one.error, Withdrawn) and not one.asked:
        # It has not left, so it was no attempt; and it keeps its turn.
        row.state, row.attempts = State.QUEUED, row.attempts - 1
    elif one.error is not None:
        _failed(row, one, one.error, now)


def _denied(row: Delivery, now: datetime) -> None:
    """The provider says it has no such message; believed after the last question only."""
    row.asks += 1
    if row.asks < len(ASK_AFTER):
        row.ask_at = now + timedelta(seconds=ASK_AFTER[row.asks])
    else:
        row.state, row.due_at, row.asks = State.QUEUED, now, 0
        row.error_class = row.error_code = row.error_text = ""


def _failed(row: Delivery, one: Outcome, error: SendError, now: datetime) -> None:
    if row.state == State.UNKNOWN:
        # Asking failed; ask again later, for as long as it takes. Unless nobody there can tell.
        hopeless = isinstance(error, Rejected)
        row.ask_at = None if hopeless else now + timedelta(seconds=ASK_AFTER[-1])
        return
    row.error_class, row.error_code, row.error_text = error.name, error.code, error.text[:2000]
    if isinstance(error, BadCredentials):
        row.state, row.due_at, row.attempts = State.QUEUED, now, row.attempts - 1
    elif isinstance(error, Ambiguous) and not (one.idempotent and row.attempts < MOST_REPEATS):
        row.state = State.UNKNOWN
        row.asks = 0
        row.ask_at = now + timedelta(seconds=ASK_AFTER[0]) if one.can_find else None
    elif isinstance(error, Ambiguous) or (
        error.retryable and row.attempts < MAX_ATTEMPTS.get(type(error), 1)
    ):
        row.state = State.QUEUED
        row.due_at = now + timedelta(seconds=_delay(error, row.attempts))
    else:
        row.state, row.failed_at = State.FAILED, now


def _delay(error: SendError, attempts: int) -> float:
    if error.retry_after is not None:
        return min(max(error.retry_after, 0.0), 3600.0) + random.uniform(0, 0.25)
    backoff: float = min(BACKOFF_SECONDS * 2.0 ** (attempts - 1), BACKOFF_LIMIT)
    return backoff * random.uniform(0.5, 1.0)


def _opted_out(outcomes: Sequence[Outcome]) -> list[Row]:
    rows = []
    for one in outcomes:
        if isinstance(one.error, OptedOut):
            one.row.error_code = one.error.code
            rows.append(one.row)
    return rows


def _too_late(outcomes: Sequence[Outcome]) -> list[Row]:
    """What the provider itself refused for its window, not we before we asked it."""
    return [one.row for one in outcomes if isinstance(one.error, WindowClosed) and one.exchanges]


def _not_reached(outcomes: Sequence[Outcome]) -> Iterator[Noted]:
    """Whom the provider says the channel does not reach: nobody needs to ask again for a while."""
    for one in outcomes:
        if isinstance(one.error, NotCapable) and one.error.reach:
            row = one.row
            yield Noted(row.workspace_id, row.channel_id, row.address, one.error.reach)
