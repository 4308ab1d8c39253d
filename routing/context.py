"""The person's own presence, for the rail of every page."""

from typing import Any

from django.http import HttpRequest

from routing.models import Agent


def own_presence(request: HttpRequest) -> dict[str, Any]:
    """``agent``: the member's row in routing, or None; one statement, only when the page asks."""
    member = getattr(request, "member", None)
    if member is None:
        return {}
    return {"agent": lambda: Agent.objects.filter(member=member).first()}
