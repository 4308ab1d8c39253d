"""Writes what became of attempts: one transaction a batch, with its channel log."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import OperationalError, transaction
from django.utils import timezone

from gateway import statuses, suppression
from gateway.errors import Ambiguous, BadCredentials, OptedOut, SendError, Throttled, Unreachable
from gateway.exchange import Exchange
from gateway.models import Bucket, Channel, ChannelLog, Delivery
from gateway.outbox.changes import announce
from gateway.sql import update_from_values
from gateway.states import State

logger = structlog.get_logger(__name__)

MAX_ATTEMPTS = {Throttled: 50, Unreachable: 8}
BACKOFF_SECONDS = 2.0
BACKOFF_LIMIT = 600.0
# When to ask the provider about an unclear attempt, in seconds after it and after each "no".
ASK_AFTER = (3.0, 10.0, 30.0)
BREAKER_AFTER = 10
BREAKER_LIMIT = 60.0


@dataclass(slots=True)
class Outcome:
    """One finished attempt (or question about one). Exactly one of the three is meant:

    ``external_id`` (accepted), ``error`` (not accepted, or unclear), ``absent`` (asked: not there).
    """

    row: Delivery
    external_id: str | None = None
    error: SendError | None = None
    absent: bool = False
    can_find: bool = False
    exchanges: list[Exchange] = field(default_factory=list)
    asked: bool = False


def settle(outcomes: Sequence[Outcome]) -> None:
    """Write a batch of outcomes, monotonically; then apply reports that came before."""
    with transaction.atomic():
        _drop_taken_answers(outcomes)
        changed = _move(outcomes)
        statuses.save(changed)
        _save_schedule(changed)
        _log(outcomes)
        _suppress(outcomes)
        _rest_channels(outcomes)
        announce(changed)
    try:
        statuses.apply(
            statuses.Key(one.row.channel_id, one.external_id) for one in outcomes if one.external_id
        )
    except OperationalError as error:  # the outcomes are written; the sweep applies the reports
        logger.warning("reports left to the sweep", reason=type(error).__name__)


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


def _move(outcomes: Sequence[Outcome]) -> list[Delivery]:
    by_id = {one.row.pk: one for one in outcomes}
    locked = Delivery.objects.filter(pk__in=by_id).order_by("id").select_for_update()
    changed = []
    for row in locked:
        one = by_id[row.pk]
        expected = State.UNKNOWN if one.asked else State.SENDING
        if row.state == expected and row.attempted_at == one.row.attempted_at:
            _apply(row, one)
            changed.append(row)
        elif one.external_id and row.external_id is None:
            # A report was faster and has moved it on; it still lacks the provider's id. Or its
            # lease ended meanwhile, or somebody sent it again: it is accepted, so it is not sent.
            if row.state in {State.QUEUED, State.UNKNOWN}:
                _apply(row, one)
            row.external_id = one.external_id
            changed.append(row)
    return changed


def _apply(row: Delivery, one: Outcome) -> None:
    now = timezone.now()
    row.lease_until = row.ask_at = None
    if one.external_id:
        row.state, row.external_id, row.sent_at = State.SENT, one.external_id, now
        row.error_class = row.error_code = row.error_text = ""
    elif one.absent:
        _denied(row, now)
    elif one.error is not None:
        _failed(row, one.error, one.can_find, now)


def _denied(row: Delivery, now: datetime) -> None:
    """The provider says it has no such message; believed after the last question only."""
    row.asks += 1
    if row.asks < len(ASK_AFTER):
        row.ask_at = now + timedelta(seconds=ASK_AFTER[row.asks])
    else:
        row.state, row.due_at, row.asks = State.QUEUED, now, 0
        row.error_class = row.error_code = row.error_text = ""


def _failed(row: Delivery, error: SendError, can_find: bool, now: datetime) -> None:
    if row.state == State.UNKNOWN:
        # Asking failed; ask again later, for as long as it takes.
        row.ask_at = now + timedelta(seconds=ASK_AFTER[-1])
        return
    row.error_class, row.error_code, row.error_text = error.name, error.code, error.text[:2000]
    if isinstance(error, BadCredentials):
        row.state, row.due_at, row.attempts = State.QUEUED, now, row.attempts - 1
    elif isinstance(error, Ambiguous):
        row.state = State.UNKNOWN
        row.asks = 0
        row.ask_at = now + timedelta(seconds=ASK_AFTER[0]) if can_find else None
    elif error.retryable and row.attempts < MAX_ATTEMPTS.get(type(error), 1):
        row.state = State.QUEUED
        row.due_at = now + timedelta(seconds=_delay(error, row.attempts))
    else:
        row.state, row.failed_at = State.FAILED, now


def _delay(error: SendError, attempts: int) -> float:
    if error.retry_after is not None:
        return min(max(error.retry_after, 0.0), 3600.0) + random.uniform(0, 0.25)
    backoff: float = min(BACKOFF_SECONDS * 2.0 ** (attempts - 1), BACKOFF_LIMIT)
    return backoff * random.uniform(0.5, 1.0)


def _save_schedule(rows: Iterable[Delivery]) -> None:
    update_from_values(
        Delivery,
        {"id": "bigint", "due_at": "timestamptz", "attempts": "smallint", "asks": "smallint"},
        [(row.pk, row.due_at, row.attempts, row.asks) for row in rows],
    )


def _log(outcomes: Sequence[Outcome]) -> None:
    ChannelLog.objects.bulk_create(
        exchange.log_row(
            workspace_id=one.row.workspace_id,
            channel_id=one.row.channel_id,
            kind="find" if one.asked else "send",
            delivery_id=one.row.pk,
            attempt=one.row.attempts,
            error=one.error.text if one.error else "",
            error_class=one.error.name if one.error else "",
        )
        for one in outcomes
        for exchange in one.exchanges
    )


def _suppress(outcomes: Sequence[Outcome]) -> None:
    suppression.suppress_opted_out([one.row for one in outcomes if isinstance(one.error, OptedOut)])


def _rest_channels(outcomes: Sequence[Outcome]) -> None:
    """Throttled channels rest, unreachable ones trip their breaker, refused ones are paused."""
    by_channel: dict[UUID, list[Outcome]] = {}
    for one in outcomes:
        by_channel.setdefault(one.row.channel_id, []).append(one)
    troubled = {
        pk: errors
        for pk, group in by_channel.items()
        if (errors := [one.error for one in group if one.error is not None])
    }
    healthy = [pk for pk in by_channel if pk not in troubled]
    Bucket.objects.filter(pk__in=healthy, failures__gt=0).update(failures=0)
    for pk, errors in troubled.items():
        _rest(pk, errors, some_worked=len(errors) < len(by_channel[pk]))


def _rest(channel_id: UUID, errors: Sequence[SendError], *, some_worked: bool) -> None:
    now = timezone.now()
    for error in errors:
        if isinstance(error, BadCredentials):
            _pause(channel_id, error, now)
            return
    bucket = Bucket.objects.select_for_update().filter(pk=channel_id).first()
    if bucket is None:
        return
    unreachable = sum(isinstance(error, Unreachable) for error in errors)
    bucket.failures = 0 if some_worked else bucket.failures + unreachable
    rests = [
        error.retry_after for error in errors if isinstance(error, Throttled) and error.retry_after
    ]
    if bucket.failures >= BREAKER_AFTER:
        rests.append(min(2.0 ** (bucket.failures // BREAKER_AFTER), BREAKER_LIMIT))
    if rests:
        bucket.tokens = 0
        bucket.refilled_at = max(bucket.refilled_at, now + timedelta(seconds=min(max(rests), 3600)))
    bucket.save()


def _pause(channel_id: UUID, error: SendError, now: datetime) -> None:
    reason = f"{error.code}: {error.text}" if error.code else error.text
    paused = Channel.objects.filter(pk=channel_id, paused_at=None)
    if paused.update(paused_at=now, paused_reason=reason[:320]):
        logger.error("channel paused", channel=str(channel_id), code=error.code)
