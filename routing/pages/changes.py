"""Changes of a member's place that touch accounts and routing together, in one transaction."""

from collections.abc import Collection
from typing import Any

from django.db import transaction

from accounts import services
from accounts.models import Member, Team
from routing.presence import set_capacity


@transaction.atomic
def invite(*, by: Member, role: str, capacity: int, teams: Collection[Team], **who: Any) -> Member:
    """A new member with capacity and teams; ``who``: name, email, language."""
    member = services.add_member(workspace=by.workspace, role=role, by=by, **who)
    set_capacity(member=member, capacity=capacity, by=by)
    _set_teams(member, teams, by)
    return member


@transaction.atomic
def change_place(
    *, member: Member, by: Member, role: str, capacity: int, teams: Collection[Team], before: int
) -> None:
    """Another role, capacity or teams; only what differs is written. ``before``: old capacity."""
    if role != member.role:
        member = services.change_role(member=member, role=role, by=by)
    if capacity != before:
        set_capacity(member=member, capacity=capacity, by=by)
    _set_teams(member, teams, by)


def _set_teams(member: Member, teams: Collection[Team], by: Member) -> None:
    wanted, present = set(teams), set(member.teams.all())
    for team in sorted(wanted ^ present, key=lambda team: team.pk):
        others = [person for person in team.members.all() if person.pk != member.pk]
        members = [*others, member] if team in wanted else others
        services.update_team(team=team, by=by, members=members)
