"""Who may call the API, and which abilities a view needs."""

from typing import TYPE_CHECKING, Any, cast

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import Member
from accounts.roles import Ability, may

if TYPE_CHECKING:
    from rest_framework.views import APIView


def caller(request: Request) -> Member:
    """The member who calls; only behind IsMember."""
    member: Any = request.user
    return cast(Member, member)


class IsMember(BasePermission):
    """The request carries a token of an active member (``request.user`` is that Member)."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Only members."""
        who: Any = request.user
        return isinstance(who, Member)


class HasAbility(IsMember):
    """The member's role opens the view: ``read_ability`` to look, ``write_ability`` to change."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Members whose role has the ability that the view names."""
        if not super().has_permission(request, view):
            return False
        name = "read_ability" if request.method in SAFE_METHODS else "write_ability"
        ability: Ability = getattr(view, name)
        return may(caller(request).role, ability)
