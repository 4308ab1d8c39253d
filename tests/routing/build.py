"""Agents and queues for tests of routing."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import Member, Workspace
from conversations.models import Conversation
from gateway.models import Channel
from routing.models import Presence
from routing.presence import set_capacity, set_manual
from tests import builders


def agent(ws: Workspace, capacity: int = 10, status: str = Presence.ONLINE) -> Member:
    """An agent with this capacity, set to this status by hand."""
    member = builders.member(ws)
    set_capacity(member=member, capacity=capacity, by=None)
    set_manual(member=member, presence=status)
    return member


def waiting(channel: Channel, count: int) -> None:
    """Conversations in the queue, the first one waiting longest."""
    now = timezone.now()
    for n in range(count):
        builders.conversation(channel, queued_at=now + timedelta(milliseconds=n))


def loads() -> dict[int | None, int]:
    """How many conversations each member has."""
    rows = list(Conversation.objects.values_list("assignee", flat=True))
    return {member: rows.count(member) for member in set(rows)}
