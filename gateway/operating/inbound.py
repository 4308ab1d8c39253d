"""Taking many stored requests in again."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from gateway.inbound import replay
from gateway.models import InboundRequest, InboundState
from gateway.operating.batches import work_through

REPLAYABLE = (InboundState.FAILED, InboundState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which requests are meant; an empty field does not narrow. Times are when it came in.

    ``error_class`` is the name before the colon of what went wrong.
    """

    states: Collection[InboundState] = REPLAYABLE
    workspace: int | None = None
    channel: UUID | None = None
    error_class: str = ""
    since: datetime | None = None
    until: datetime | None = None
    ids: Collection[int] = ()

    def rows(self) -> QuerySet[InboundRequest]:
        """The requests without their bodies, in no order."""
        wanted = {
            "workspace_id": self.workspace,
            "channel_id": self.channel,
            "error__startswith": f"{self.error_class}:" if self.error_class else "",
            "received_at__gte": self.since,
            "received_at__lt": self.until,
            "pk__in": list(self.ids),
        }
        chosen = {name: value for name, value in wanted.items() if value}
        rows = InboundRequest.objects.filter(state__in=list(self.states), erased_at=None, **chosen)
        return rows.only("workspace_id", "state", "shard")


def replay_selected(selection: Selection, *, report: Callable[[int], None]) -> int:
    """Take the requests in again; what was understood of them is not doubled. Returns how many."""
    return work_through(selection.rows(), _replay, action="inbound.replayed", report=report)


def _replay(batch: list[InboundRequest]) -> None:
    replay(requests=InboundRequest.objects.filter(pk__in=[row.pk for row in batch]))


@dataclass(frozen=True, slots=True)
class Group:
    """How many requests of a channel are in a state."""

    channel: str
    state: str
    count: int


def overview(rows: QuerySet[InboundRequest]) -> list[Group]:
    """What a command would touch, the largest group first; one statement."""
    found = InboundRequest.objects.filter(pk__in=rows.values("pk")).order_by()
    groups = [
        Group(*row) for row in found.values_list("channel__name", "state").annotate(Count("pk"))
    ]
    return sorted(groups, key=lambda group: (-group.count, group.channel, group.state))
