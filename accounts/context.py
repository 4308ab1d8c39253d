"""What every page's frame needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.roles import Ability, may


def shell(request: HttpRequest) -> dict[str, Any]:
    """``member``, ``memberships``, ``abilities`` (names), ``realtime_url`` for a page's frame."""
    member = getattr(request, "member", None)
    if member is None:
        return {"member": None, "abilities": set(), "memberships": []}
    abilities = {ability.value for ability in Ability if may(member.role, ability)}
    return {
        "member": member,
        "memberships": request.memberships,  # type: ignore[attr-defined]
        "abilities": abilities,
        "realtime_url": settings.REALTIME_URL,
    }
