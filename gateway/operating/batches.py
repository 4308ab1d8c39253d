"""Works through many rows a batch at a time, so that it can be stopped and repeated."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.db.models import Max, QuerySet

from accounts.audit import record
from accounts.models import Workspace
from accounts.scoping import WorkspaceModel

M = TypeVar("M", bound=WorkspaceModel)

BATCH = 500


def work_through(
    rows: QuerySet[M],
    act: Callable[[list[M]], None],
    *,
    action: str,
    report: Callable[[int], None],
    size: int | None = None,
) -> int:
    """Lock and change the rows by id, a transaction a batch; returns how many.

    ``report`` is told after each batch; what it raises stops the work between two batches, where
    nothing is half done. Rows that somebody else is at are left out, and rows that come to match
    meanwhile too. Every workspace's audit log gets ``action`` with the number, also when stopped.
    """
    upper = rows.aggregate(Max("pk"))["pk__max"]
    counts: Counter[int] = Counter()
    last = 0
    try:
        while upper is not None and last < upper:
            batch = _step(rows.filter(pk__gt=last, pk__lte=upper), act, size or BATCH)
            if not batch:
                break
            counts.update(row.workspace_id for row in batch)
            last = batch[-1].pk
            report(len(batch))
    finally:
        _note(counts, action)
    return counts.total()


@transaction.atomic
def _step(rows: QuerySet[M], act: Callable[[list[M]], None], size: int) -> list[M]:
    batch = list(rows.order_by("pk").select_for_update(skip_locked=True, of=("self",))[:size])
    if batch:
        act(batch)
    return batch


def _note(counts: Counter[int], action: str) -> None:
    for workspace in Workspace.objects.filter(pk__in=list(counts)):
        record(
            workspace=workspace,
            member=None,
            action=action,
            target=workspace,
            count=counts[workspace.pk],
        )
