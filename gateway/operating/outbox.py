"""Sending many deliveries again, and cancelling many that have not left."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils import timezone

from gateway.models import BatchState, Delivery
from gateway.operating.batches import work_through
from gateway.outbox.changes import announce
from gateway.outbox.waking import wake_outbox
from gateway.quiet.places import put
from gateway.states import State

# From which states a person may have deliveries sent again; unclear ones only on purpose.
REQUEUEABLE = (State.FAILED, State.UNKNOWN)
CANCELLABLE = (State.QUEUED,)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which deliveries are meant; an empty field does not narrow. Times are when it was queued."""

    states: Collection[State]
    workspace: int | None = None
    channel: UUID | None = None
    error_class: str = ""
    since: datetime | None = None
    until: datetime | None = None
    uids: Collection[UUID] = ()
    batch: int | None = None

    def rows(self) -> QuerySet[Delivery]:
        """The deliveries, in no order."""
        wanted = {
            "workspace_id": self.workspace,
            "channel_id": self.channel,
            "error_class": self.error_class,
            "created_at__gte": self.since,
            "created_at__lt": self.until,
            "uid__in": list(self.uids),
            "batch_id": self.batch,
        }
        chosen = {name: value for name, value in wanted.items() if value}
        return Delivery.objects.filter(state__in=list(self.states), **chosen)


def to_requeue(selection: Selection) -> QuerySet[Delivery]:
    """Those that can be sent again. What was cancelled with its batch would only stop again."""
    return selection.rows().exclude(batch__state=BatchState.CANCELLED)


def requeue(selection: Selection, *, report: Callable[[int], None]) -> int:
    """Send again, like a person's retry: the same row, the same uid. Returns how many."""
    return work_through(to_requeue(selection), _requeue, action="outbox.requeued", report=report)


def cancel(selection: Selection, *, report: Callable[[int], None]) -> int:
    """Stop deliveries that have not left; returns how many."""
    return work_through(selection.rows(), _cancel, action="outbox.cancelled", report=report)


def _requeue(batch: list[Delivery]) -> None:
    changes = {
        "state": State.QUEUED,
        "due_at": timezone.now(),
        "attempts": 0,
        "asks": 0,
        "ask_at": None,
        "error_class": "",
        "error_code": "",
        "error_text": "",
        "failed_at": None,
        "expires_at": None,
        "external_id": None,
    }
    _change(batch, changes)
    put(batch, timezone.now())
    held = [row for row in batch if row.marketing]
    Delivery.objects.bulk_update(held, ["due_at", "held_until", "quiet_at"])
    wake_outbox()


def _cancel(batch: list[Delivery]) -> None:
    _change(batch, {"state": State.CANCELLED})


def _change(batch: list[Delivery], changes: dict[str, object]) -> None:
    Delivery.objects.filter(pk__in=[row.pk for row in batch]).update(**changes)
    for row in batch:
        for name, value in changes.items():
            setattr(row, name, value)
    announce(batch)


@dataclass(frozen=True, slots=True)
class Group:
    """How many deliveries of a channel are in a state for a reason."""

    channel: str
    state: str
    error_class: str
    count: int


def overview(rows: QuerySet[Delivery]) -> list[Group]:
    """What a command would touch, the largest group first; one statement."""
    found = rows.order_by().values_list("channel__name", "state", "error_class")
    groups = [Group(*row) for row in found.annotate(Count("pk"))]
    return sorted(groups, key=lambda group: (-group.count, group.channel, group.error_class))
