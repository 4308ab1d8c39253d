"""What makes routing work: customers' messages, changes of conversations, and who they wake."""

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from accounts.models import Member
from conversations import realtime
from conversations.hooks import Inbound
from conversations.models import Conversation, Status
from conversations.services import assign
from gateway.wake import wake
from routing.assigning import assign_batch, still_waiting
from routing.models import Agent, Assignment, Presence
from routing.reasons import AGENT_OFFLINE, OFFLINE
from routing.statements import TAKE_BACK

ROUTE = "routing.tasks.route"
# After so many batches others get their turn; what is left is a wake-up of its own.
MOST_BATCHES = 100


def wake_routing(workspace_id: int) -> None:
    """Let a worker route a workspace once this transaction has committed."""
    wake(ROUTE, str(workspace_id), workspace_id=workspace_id)


def route_workspace(workspace_id: int) -> int:
    """Assign whatever can be assigned now; returns how many conversations were.

    A workspace that is being routed is left to whoever is at it. Nothing is forgotten that way:
    who has routed looks once more after letting go, so whatever was committed before somebody found
    the workspace taken is seen.
    """
    total = 0
    for _ in range(MOST_BATCHES):
        count = assign_batch(workspace_id)
        total += count or 0
        if count is None or not still_waiting(workspace_id):
            return total
    wake_routing(workspace_id)
    return total


def load_by_member(member_ids: Sequence[int]) -> dict[int, int]:
    """How many open conversations each member has."""
    rows = (
        Conversation.objects.filter(assignee__in=member_ids, status=Status.OPEN)
        .order_by()
        .values_list("assignee")
        .annotate(Count("id"))
    )
    return dict(rows)


def receive_inbound(*, conversations: Sequence[Inbound]) -> None:
    """Customers wrote: what an offline agent holds goes back to the queue; the queue is routed.

    Runs inside the drain's transaction: no statement when nobody holds any of them, one when all
    who do are there.
    """
    members = {row.assignee_id for row in conversations if row.assignee_id is not None}
    present = _present(members) if members else set()
    lost = [row for row in conversations if row.assignee_id not in present | {None}]
    if lost:
        _take_back(lost)
    queued = {row.workspace_id for row in conversations if row.assignee_id not in present}
    for workspace_id in queued:
        wake_routing(workspace_id)


def _take_back(lost: Sequence[Inbound]) -> None:
    members = Member.objects.filter(pk__in={row.assignee_id for row in lost})
    names = {member.pk: member.name for member in members.select_related("user")}
    held = [
        {
            "id": row.conversation_id,
            "workspace": row.workspace_id,
            "channel": row.channel_id,
            "reason": {"code": AGENT_OFFLINE, "agent": names.get(row.assignee_id or 0, "")},
        }
        for row in lost
    ]
    with connection.cursor() as cursor:
        cursor.execute(TAKE_BACK, {"held": orjson.dumps(held).decode(), "now": timezone.now()})
        taken = cursor.fetchall()
    realtime.publish_many(
        (workspace_id, realtime.conversation_changed(pk, version))
        for workspace_id, pk, version in taken
    )


def _present(member_ids: Collection[int]) -> set[int]:
    """Those of the members who are online or away."""
    agents = Agent.objects.filter(member__in=member_ids, member__ended_at=None)
    return set(agents.exclude(status=Presence.OFFLINE).values_list("member_id", flat=True))


def _leave_offline(conversation: Conversation) -> None:
    """Put an open conversation back into the queue when its agent is offline."""
    agent = conversation.assignee
    if agent is not None and agent.pk not in _present({agent.pk}):
        reason = {"code": OFFLINE, "agent": agent.name}
        assign(conversation=conversation, member=None, by=None, reason=reason)
        conversation.refresh_from_db(fields=["assignee", "queued_at", "version"])


def _take_over(conversation: Conversation, author: Member | None) -> None:
    """Give an absent agent's conversation to the colleague who has answered, who is there.

    Else nobody present would hold what somebody present has begun.
    """
    if author is None or conversation.assignee_id in {None, author.pk}:
        return
    present = _present({author.pk, conversation.assignee_id})
    if author.pk in present and conversation.assignee_id not in present:
        assign(conversation=conversation, member=author, by=None, reason={"code": "replied"})


def receive_changed(
    *, conversation: Conversation, event: str, by: Member | None, reason: dict[str, Any]
) -> None:
    """A status or an assignee changed: keep why, and use the place that may be free now.

    What opens by itself (a snooze is over) or by a colleague's hand does not stay with an agent who
    is not there.
    """
    if event == "answered":
        _take_over(conversation, by)
        return
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
