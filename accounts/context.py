"""What every page's frame needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.roles import Ability, may


def shell(request: HttpRequest) -> dict[str, Any]:
    """``member``, ``abilities`` (names) and ``realtime_url`` for the frame of a page."""
    member = getattr(request, "member", None)
    if member is None:
        return {"member": None, "abilities": set()}
    abilities = {ability.value for ability in Ability if may(member.role, ability)}
    return {"member": member, "abilities": abilities, "realtime_url": settings.REALTIME_URL}
