"""When a marketing message may leave under a workspace's quiet hours."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.core.exceptions import ObjectDoesNotExist

from accounts.models import Workspace
from gateway.quiet.hours import Hours, next_slot
from gateway.quiet.zones import zones_of

if TYPE_CHECKING:
    from gateway.models import Delivery


@dataclass(frozen=True, slots=True)
class Place:
    """When a delivery is due; not before ``held_until`` and not from ``quiet_at`` on (None: no
    limit). All in UTC.
    """

    due_at: datetime
    held_until: datetime | None = None
    quiet_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A workspace's quiet hours (None: it has none), and the zone of whom nothing is known."""

    hours: Hours | None
    zone: str

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """With ``workspace.quiet_hours`` loaded it asks no database."""
        try:
            hours = workspace.quiet_hours.hours
        except ObjectDoesNotExist:
            hours = None
        return cls(hours, workspace.timezone)

    def place(self, zone: str | None, address: str, at: datetime) -> Place:
        """For a message that is due at ``at``; ``zone`` is the person's own, if it is known."""
        if self.hours is None:
            return Place(at)
        slot = next_slot(self.hours, zones_of(zone, address, self.zone), at)
        if slot.opens <= at:
            return Place(at, None, slot.closes)
        return Place(slot.opens, slot.opens, slot.closes)


def rules_of(workspace_ids: Collection[int]) -> dict[int, Rule]:
    """The rules of these workspaces, in one statement."""
    rows = Workspace.objects.filter(pk__in=workspace_ids).select_related("quiet_hours")
    return {row.pk: Rule.of(row) for row in rows}


def put(rows: Iterable["Delivery"], at: datetime) -> None:
    """Let marketing among these rows be due at ``at`` or when it may leave; they are not saved.

    One statement, none without marketing.
    """
    marketing = [row for row in rows if row.marketing]
    if not marketing:
        return
    rules = rules_of({row.workspace_id for row in marketing})
    for row in marketing:
        place = rules[row.workspace_id].place(row.zone, row.address, at)
        row.due_at, row.held_until, row.quiet_at = place.due_at, place.held_until, place.quiet_at
