"""Holds marketing back that waits in the outbox, and lets it go again when the rule changes.

The claim refuses a row whose time to leave has not come or is over; here it gets another. That
needs the clocks of the world, so it is Python's, and rare: once a night for what is left over.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from gateway.models import Delivery
from gateway.outbox.clock import database_now
from gateway.outbox.telling import tell
from gateway.outbox.waking import wake_outbox
from gateway.quiet.model import QuietHours
from gateway.quiet.places import rules_of
from gateway.sql import update_from_values
from gateway.states import State

BATCH = 1_000
# Whoever had read the rule before it was changed has queued by then.
SETTLED_AFTER = timedelta(seconds=10)
LOCK_CLASS = 0x7175  # "qu": one at a time settles a workspace's change

WAITING = Q(state=State.QUEUED, marketing=True)
# What is under way may come back to the queue.
OPEN = Q(state__in=(State.QUEUED, State.SENDING, State.UNKNOWN), marketing=True)
COLUMNS = {
    "id": "bigint",
    "due_at": "timestamptz",
    "held_until": "timestamptz",
    "quiet_at": "timestamptz",
}


def hold_back(delivery_ids: Sequence[int] = ()) -> int:
    """Give another time to rows whose time to leave is over, and to these of which it has not
    come; returns how many.
    """
    over = Delivery.objects.filter(WAITING, quiet_at__lte=Now())
    held = _place_again(over.order_by("quiet_at")[:BATCH])
    if delivery_ids:
        early = Delivery.objects.filter(WAITING, pk__in=delivery_ids, held_until__gt=Now())
        held += _place_again(early)
    return held


def _place_again(found: QuerySet[Delivery]) -> int:
    ids = list(found.values_list("pk", flat=True))
    return _place_rows(ids) if ids else 0


@transaction.atomic
def _place_rows(ids: Sequence[int]) -> int:
    rows = Delivery.objects.filter(OPEN, pk__in=ids).order_by("pk")
    locked = list(rows.select_for_update(skip_locked=True))
    rules = rules_of({row.workspace_id for row in locked})
    now = database_now()
    changed = []
    for row in locked:
        before = _times(row)
        place = rules[row.workspace_id].place(row.zone, row.address, _wanted(row, now))
        if row.state == State.QUEUED and (place.held_until is not None or _was_held(row)):
            row.due_at = place.due_at
        row.held_until, row.quiet_at = place.held_until, place.quiet_at
        if _times(row) != before:
            changed.append(row)
    update_from_values(Delivery, COLUMNS, [(row.pk, *_times(row)) for row in changed])
    waiting = [row for row in changed if row.state == State.QUEUED]
    if waiting:
        tell(waiting)
        wake_outbox()
    return len(changed)


def _wanted(row: Delivery, now: datetime) -> datetime:
    """When it would be due if there were no quiet hours: a pause before a retry is kept."""
    return now if _was_held(row) else max(now, row.due_at)


def _was_held(row: Delivery) -> bool:
    """Whether it is due when it is because of quiet hours."""
    return row.held_until is not None and row.held_until >= row.due_at


def _times(row: Delivery) -> tuple[datetime, datetime | None, datetime | None]:
    return row.due_at, row.held_until, row.quiet_at


def settle_change(workspace_id: int) -> int:
    """Let the rule as it is now hold for all that waits; returns how many rows it moved."""
    moved = 0
    with _alone(workspace_id) as mine:
        if not mine:
            return 0
        began = database_now()
        rows = Delivery.objects.filter(OPEN, workspace=workspace_id)
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(ids), BATCH):
            portion = Delivery.objects.filter(pk__in=ids[start : start + BATCH])
            moved += _place_again(portion)
        settled = QuietHours.objects.filter(
            workspace=workspace_id, changed_at__lte=began - SETTLED_AFTER
        )
        settled.update(settled_at=began)
    return moved


def settle_changes() -> None:
    """As ``settle_change`` for every workspace whose rule was changed a moment ago."""
    rows = QuietHours.objects.filter(settled_at=None, changed_at__lte=Now() - SETTLED_AFTER)
    for workspace_id in rows.values_list("workspace", flat=True):
        settle_change(workspace_id)


@contextmanager
def _alone(workspace_id: int) -> Iterator[bool]:
    """Whether nobody else is at it; then nobody is until the end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, workspace_id])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, workspace_id])
