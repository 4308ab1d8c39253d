"""Gives waiting conversations to available agents, in one transaction a batch.

The rows of the available agents are locked for the batch, so that concurrent routers take turns and
nobody is given more than their capacity. Load is counted from conversations at that moment.
"""

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from accounts.models import Member
from conversations import realtime
from conversations.activity import activity_row
from conversations.hooks import Inbound
from conversations.models import Conversation, Message, Status
from conversations.services import assign
from gateway.sql import update_from_values, with_values
from gateway.wake import wake
from routing.models import Agent, Assignment, Presence
from routing.reasons import AGENT_OFFLINE, IDLE_LONGEST, LEAST_LOAD, OFFLINE

ROUTE = "routing.tasks.route"
BATCH = 500


@dataclass(order=True, slots=True)
class Candidate:
    """An available agent in the order of choice: smallest load, then idle longest."""

    load: int
    idle_since: datetime
    agent_id: int
    capacity: int
    member_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets a conversation, and why."""

    conversation: Conversation
    candidate_id: int
    member_id: int
    name: str
    reason: dict[str, Any]


def wake_routing(workspace_id: int) -> None:
    """Let a worker route a workspace once this transaction has committed."""
    wake(ROUTE, str(workspace_id), workspace_id=workspace_id)


def route_workspace(workspace_id: int) -> int:
    """Assign whatever can be assigned now; returns how many conversations were."""
    total = 0
    while count := _route_batch(workspace_id):
        total += count
        if count < BATCH:
            break
    return total


@transaction.atomic
def _route_batch(workspace_id: int) -> int:
    candidates = _candidates(workspace_id)
    free = sum(candidate.capacity - candidate.load for candidate in candidates)
    if not free:
        return 0
    waiting = list(
        Conversation.objects.in_workspace(workspace_id)
        .filter(assignee=None, status=Status.OPEN, queued_at__isnull=False)
        .order_by("-priority", "queued_at", "id")
        .select_for_update(skip_locked=True)[: min(free, BATCH)]
    )
    choices = _choose(waiting, candidates)
    _write(workspace_id, choices)
    return len(choices)


def _candidates(workspace_id: int) -> list[Candidate]:
    agents = list(
        Agent.objects.in_workspace(workspace_id)
        .filter(
            status=Presence.ONLINE,
            capacity__gt=0,
            member__ended_at=None,
            member__user__is_active=True,
        )
        .select_related("member__user")
        .order_by("id")
        .select_for_update(of=("self",))
    )
    loads = load_by_member([agent.member_id for agent in agents])
    return [
        Candidate(
            load, agent.idle_since, agent.pk, agent.capacity, agent.member_id, agent.member.name
        )
        for agent in agents
        if (load := loads.get(agent.member_id, 0)) < agent.capacity
    ]


def load_by_member(member_ids: Sequence[int]) -> dict[int, int]:
    """How many open conversations each member has."""
    rows = (
        Conversation.objects.filter(assignee__in=member_ids, status=Status.OPEN)
        .order_by()
        .values_list("assignee")
        .annotate(Count("id"))
    )
    return dict(rows)


def _choose(waiting: Sequence[Conversation], candidates: list[Candidate]) -> list[Choice]:
    now = timezone.now()
    heapq.heapify(candidates)
    choices = []
    for conversation in waiting:
        best = candidates[0]
        tied = any(other.load == best.load for other in candidates[1:3])
        reason = {
            "code": IDLE_LONGEST if tied else LEAST_LOAD,
            "load": best.load,
            "capacity": best.capacity,
            "candidates": len(candidates),
        }
        choices.append(Choice(conversation, best.agent_id, best.member_id, best.name, reason))
        best.load, best.idle_since = best.load + 1, now
        if best.load < best.capacity:
            heapq.heapreplace(candidates, best)
        else:
            heapq.heappop(candidates)
    return choices


def _write(workspace_id: int, choices: Sequence[Choice]) -> None:
    if not choices:
        return
    now = timezone.now()
    versions = with_values(
        "UPDATE conversations_conversation AS c SET assignee_id = v.member::bigint, "
        "queued_at = NULL, version = c.version + 1 FROM (VALUES {values}) AS v (id, member) "
        "WHERE c.id = v.id::bigint RETURNING c.id, c.version",
        [(choice.conversation.pk, choice.member_id) for choice in choices],
        fetch=True,
    )
    Message.objects.bulk_create(
        activity_row(
            workspace_id=workspace_id,
            conversation_id=choice.conversation.pk,
            channel_id=choice.conversation.channel_id,
            at=now,
            data={
                "event": "assigned",
                "member": choice.member_id,
                "member_name": choice.name,
                "reason": choice.reason,
            },
        )
        for choice in choices
    )
    Assignment.objects.bulk_create(
        Assignment(
            workspace_id=workspace_id,
            conversation=choice.conversation,
            member_id=choice.member_id,
            reason=choice.reason,
            created_at=now,
        )
        for choice in choices
    )
    used = sorted({choice.candidate_id for choice in choices})
    update_from_values(
        Agent, {"id": "bigint", "idle_since": "timestamptz"}, [(pk, now) for pk in used]
    )
    realtime.publish_many(
        (workspace_id, realtime.conversation_changed(pk, version)) for pk, version in versions
    )


def receive_inbound(*, conversations: Sequence[Inbound]) -> None:
    """Customers wrote: what an offline agent holds goes back to the queue; the queue is routed."""
    held = [row for row in conversations if row.assignee_id is not None]
    _take_back(held)
    for workspace_id in {row.workspace_id for row in conversations}:
        wake_routing(workspace_id)


def _take_back(held: Sequence[Inbound]) -> None:
    if not held:
        return
    members = {row.assignee_id for row in held if row.assignee_id is not None}
    present = _present(members)
    lost = [row for row in held if row.assignee_id not in present]
    if not lost:
        return
    now = timezone.now()
    names = {m.pk: m.name for m in Member.objects.filter(pk__in=members).select_related("user")}
    versions = with_values(
        "UPDATE conversations_conversation AS c SET assignee_id = NULL, version = c.version + 1, "
        # A pending one too: nobody is left who knows what it waits for.
        "status = 'open', queued_at = v.at::timestamptz "
        "FROM (VALUES {values}) AS v (id, at) WHERE c.id = v.id::bigint RETURNING c.id, c.version",
        [(row.conversation_id, now) for row in lost],
        fetch=True,
    )
    _note_taken_back(lost, names, now)
    workspaces = {row.conversation_id: row.workspace_id for row in lost}
    realtime.publish_many(
        (workspaces[pk], realtime.conversation_changed(pk, version)) for pk, version in versions
    )


def _present(member_ids: Collection[int]) -> set[int]:
    """Those of the members who are online or away."""
    agents = Agent.objects.filter(member__in=member_ids, member__ended_at=None)
    return set(agents.exclude(status=Presence.OFFLINE).values_list("member_id", flat=True))


def _note_taken_back(lost: Sequence[Inbound], names: dict[int, str], now: datetime) -> None:
    reasons = {
        row.conversation_id: {"code": AGENT_OFFLINE, "agent": names.get(row.assignee_id or 0, "")}
        for row in lost
    }
    Message.objects.bulk_create(
        activity_row(
            workspace_id=row.workspace_id,
            conversation_id=row.conversation_id,
            channel_id=row.channel_id,
            at=now,
            data={"event": "unassigned", "reason": reasons[row.conversation_id]},
        )
        for row in lost
    )
    Assignment.objects.bulk_create(
        Assignment(
            workspace_id=row.workspace_id,
            conversation_id=row.conversation_id,
            reason=reasons[row.conversation_id],
            created_at=now,
        )
        for row in lost
    )


def _leave_offline(conversation: Conversation) -> None:
    """Put an open conversation back into the queue when its agent is offline."""
    agent = conversation.assignee
    if agent is not None and agent.pk not in _present({agent.pk}):
        reason = {"code": OFFLINE, "agent": agent.name}
        assign(conversation=conversation, member=None, by=None, reason=reason)
        conversation.refresh_from_db(fields=["assignee", "queued_at", "version"])


def receive_changed(
    *, conversation: Conversation, event: str, by: Member | None, reason: dict[str, Any]
) -> None:
    """A status or an assignee changed: keep why, and use the place that may be free now.

    What opens by itself (a snooze is over) or by a colleague's hand does not stay with an agent who
    is not there.
    """
    opened = event == "status" and conversation.status == Status.OPEN
    if opened and by != conversation.assignee:
        _leave_offline(conversation)
    if event == "assigned":
        Assignment.objects.create(
            workspace_id=conversation.workspace_id,
            conversation=conversation,
            member_id=conversation.assignee_id,
            assigned_by=by,
            reason=reason,
            created_at=timezone.now(),
        )
    wake_routing(conversation.workspace_id)
