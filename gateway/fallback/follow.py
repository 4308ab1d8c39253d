"""Follows deliveries that have a fallback: every change of their state passes here, in its
transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from gateway.fallback.judging import Move, judge
from gateway.fallback.model import Fallback, Stage, Success, Verdict
from gateway.fallback.saving import save
from gateway.fallback.takeover import Taking, recall, take_over
from gateway.outbox.clock import database_now
from gateway.registry import adapters
from gateway.states import State

# The provider withdraws by itself at that time; its word is awaited before it is asked.
WORD_SECONDS = 10.0


class Watched(Protocol):
    """A delivery whose state has changed; model instances and the outbox's own rows are some."""

    pk: int
    state: Any  # one of gateway.states
    error_class: str
    fallback_s: int | None


def follow(rows: Iterable[Watched]) -> None:
    """Let fallbacks follow; a row that is taken over has the state ``replaced`` afterwards.

    The rows are locked by the caller and written; a fixed number of statements, none without a
    fallback.
    """
    watched = {row.pk: row for row in rows if row.fallback_s is not None}
    if not watched:
        return
    found = _lock(list(watched))
    now = database_now()
    closed, waiting, taking, arrived = [], [], [], []
    for one in found:
        row = watched[one.delivery_id]
        move, verdict = judge(
            State(row.state),
            row.error_class,
            taken=one.delivery.external_id is not None,
            success=Success(one.success),
            stage=Stage(one.stage),
        )
        if move == Move.CLOSE and verdict is not None:
            close(one, verdict, now)
            closed.append(one)
        elif move == Move.WAIT and one.due_at is None and row.fallback_s is not None:
            one.due_at = _deadline(one, row.fallback_s, now)
            waiting.append(one)
        elif move == Move.TAKE_OVER and verdict is not None:
            taking.append(Taking(one.delivery, one, verdict))
        elif move == Move.RECALL:
            arrived.append(one.delivery_id)
    save([*closed, *waiting])
    for delivery in take_over(taking, now):
        watched[delivery.pk].state = State.REPLACED
    recall(arrived)


def _lock(delivery_ids: Sequence[int]) -> list[Fallback]:
    found = Fallback.objects.filter(pk__in=delivery_ids).select_related("delivery__channel")
    return list(found.order_by("pk").select_for_update(of=("self",)))


def close(one: Fallback, verdict: Verdict, now: datetime) -> None:
    """Note what was decided; not saved."""
    one.stage, one.verdict, one.due_at, one.decided_at = Stage.DONE, verdict, None, now


def _deadline(one: Fallback, seconds: int, now: datetime) -> datetime | None:
    abilities = adapters()[one.delivery.channel.kind].capabilities
    if not seconds:
        return None  # that it was taken is success enough
    own = WORD_SECONDS if abilities.lifetime else 0.0
    return now + timedelta(seconds=seconds + own)
