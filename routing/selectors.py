"""Reads about agents."""

from dataclasses import dataclass
from datetime import datetime

from accounts.members import workspace_members
from accounts.models import Member, Role, Workspace
from routing.models import Agent, Presence
from routing.presence import DEFAULT_CAPACITY
from routing.waiting import load_by_member


@dataclass(frozen=True, slots=True)
class AgentLoad:
    """A member as routing sees them. ``manual`` is set when the status was chosen by hand."""

    member: Member
    status: str
    manual: str
    capacity: int
    load: int
    seen_at: datetime | None


def agents_with_load(workspace: Workspace | int) -> list[AgentLoad]:
    """Every active member with status, capacity and load, by name; three statements."""
    members = list(workspace_members(workspace))
    ids = [member.pk for member in members]
    agents = {agent.member_id: agent for agent in Agent.objects.filter(member__in=ids)}
    loads = load_by_member(ids)
    return [_row(member, agents.get(member.pk), loads.get(member.pk, 0)) for member in members]


def _row(member: Member, agent: Agent | None, load: int) -> AgentLoad:
    if agent is None:
        capacity = DEFAULT_CAPACITY.get(Role(member.role), 0)
        return AgentLoad(member, Presence.OFFLINE, "", capacity, load, None)
    return AgentLoad(member, agent.status, agent.manual, agent.capacity, load, agent.seen_at)
