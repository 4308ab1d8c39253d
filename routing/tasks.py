"""Celery entry points of routing."""

from celery import shared_task

from conversations.models import Conversation, Status
from gateway.wake import begun
from routing.models import Agent, Presence
from routing.presence import expire_presence
from routing.waiting import ROUTE, route_workspace, wake_routing


@shared_task(name=ROUTE)
def route(workspace_id: int) -> None:
    """Assign what waits in one workspace."""
    begun(ROUTE, str(workspace_id))
    route_workspace(workspace_id)


@shared_task(name="routing.tasks.sweep")
def sweep() -> None:
    """Notice who has left, and route what a lost wake-up missed."""
    expire_presence()
    waiting = Conversation.objects.filter(
        assignee=None, status=Status.OPEN, queued_at__isnull=False
    )
    online = Agent.objects.filter(status=Presence.ONLINE, capacity__gt=0)
    workspaces = online.filter(workspace__in=waiting.values("workspace")).order_by()
    for workspace_id in workspaces.values_list("workspace", flat=True).distinct():
        wake_routing(workspace_id)
