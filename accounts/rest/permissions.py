"""Who may call the API, and which abilities a view needs."""

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import Member
from accounts.roles import Ability, may

if TYPE_CHECKING:
    from rest_framework.views import APIView


class IsMember(BasePermission):
    """The request carries a token of an active member (``request.user`` is that Member)."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Only members."""
        return isinstance(request.user, Member)


class HasAbility(IsMember):
    """The member's role opens the view: ``read_ability`` to look, ``write_ability`` to change."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Members whose role has the ability that the view names."""
        member = request.user
        if not isinstance(member, Member):
            return False
        name = "read_ability" if request.method in SAFE_METHODS else "write_ability"
        ability: Ability = getattr(view, name)
        return may(member.role, ability)
