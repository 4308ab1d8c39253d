"""Finds the membership a request acts as, and guards views by ability."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import Member, Workspace
from accounts.roles import Ability, may

if TYPE_CHECKING:

    class MemberRequest(HttpRequest):
        """A request by a logged-in person with a place in a workspace."""

        member: Member
        memberships: list[Member]
else:
    MemberRequest = HttpRequest

SESSION_KEY = "workspace"
View = Callable[..., HttpResponse]


def active_members() -> QuerySet[Member]:
    """Memberships that give access, with user and workspace loaded."""
    return Member.objects.filter(ended_at=None, user__is_active=True).select_related(
        "user", "workspace"
    )


def own_memberships(request: HttpRequest) -> list[Member]:
    """The active memberships of the person who is logged in, the oldest first."""
    if not request.user.is_authenticated:
        return []
    return list(active_members().filter(user_id=request.user.pk).order_by("id")[:50])


def chosen_member(request: HttpRequest, memberships: list[Member]) -> Member | None:
    """The membership for the session's chosen workspace, else the oldest one."""
    chosen: int = request.session.get(SESSION_KEY, 0)
    by_workspace = {member.workspace_id: member for member in memberships}
    return by_workspace.get(chosen) or (memberships[0] if memberships else None)


def current_member(request: HttpRequest) -> Member | None:
    """The membership this session acts as."""
    return chosen_member(request, own_memberships(request))


def workspace_members(workspace: Workspace | int) -> QuerySet[Member]:
    """Active members of one workspace, with their users, by name."""
    return active_members().filter(workspace=workspace).order_by("user__name", "id")


def require(ability: Ability) -> Callable[[View], View]:
    """Only members whose role has the ability; others get 403, strangers the log-in page.

    A person who is logged in and has no place in any workspace is told so.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        @login_required
        def guarded(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.memberships:
                return render(request, "account/no_workspace.html", status=403)
            if not may(request.member.role, ability):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate
