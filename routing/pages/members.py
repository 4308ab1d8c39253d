"""Members: who is here, what they may do, how much they take."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import services
from accounts.members import MemberRequest, active_members, require
from accounts.models import Member, Team
from accounts.pages.forms import add_service_errors
from accounts.roles import Ability
from accounts.scoping import get_scoped
from conversations.models import Status
from routing.pages import changes
from routing.pages.forms import InviteForm, PlaceForm
from routing.presence import agent_of
from routing.selectors import AgentLoad, agents_with_load


@dataclass(frozen=True, slots=True)
class Line:
    """A member as the list shows them."""

    agent: AgentLoad
    teams: list[Team]

    @property
    def invited(self) -> bool:
        """Has never set a password."""
        return not self.agent.member.user.has_usable_password()


@require(Ability.SETTINGS)
@require_GET
def member_list(request: MemberRequest) -> HttpResponse:
    """Everybody with access, by name."""
    agents = agents_with_load(request.member.workspace)
    teams = _teams_by_member(request.member.workspace_id)
    lines = [Line(agent, teams.get(agent.member.pk, [])) for agent in agents]
    return render(request, "settings/members/list.html", {"lines": lines})


def _teams_by_member(workspace: int) -> dict[int, list[Team]]:
    places: dict[int, list[Team]] = {}
    for team in Team.objects.in_workspace(workspace).prefetch_related("members").order_by("name"):
        for member in team.members.all():
            places.setdefault(member.pk, []).append(team)
    return places


@require(Ability.SETTINGS)
@require_http_methods(["GET", "POST"])
def add_member(request: MemberRequest) -> HttpResponse:
    """Invite a person by e-mail."""
    workspace = request.member.workspace
    initial = {"language": workspace.language}
    form = InviteForm(request.POST or None, workspace=workspace, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            member = changes.invite(by=request.member, **form.cleaned_data)
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            text = _("%(name)s was invited; the mail is on its way to %(email)s.")
            values = {"name": member.name, "email": member.user.email}
            messages.success(request, text % values)
            return redirect("settings-members")
    status = 422 if form.errors else 200
    return render(request, "settings/members/add.html", {"form": form}, status=status)


@require(Ability.SETTINGS)
@require_http_methods(["GET", "POST"])
def edit_member(request: MemberRequest, member_id: int) -> HttpResponse:
    """Change role, capacity and teams."""
    member = get_scoped(active_members(), request.member.workspace_id, pk=member_id)
    capacity = agent_of(member).capacity
    form = PlaceForm.of(member, capacity)
    if request.method == "POST":
        form = PlaceForm(request.POST, workspace=request.member.workspace)
        if form.is_valid():
            try:
                changes.change_place(
                    member=member, by=request.member, before=capacity, **form.cleaned_data
                )
            except ValidationError as error:
                add_service_errors(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect("settings-members")
    context = {"form": form, "subject": member, "open": _open_count(member)}
    status = 422 if form.errors else 200
    return render(request, "settings/members/edit.html", context, status=status)


def _open_count(member: Member) -> int:
    unsolved = Q(conversations__status__in=[Status.OPEN, Status.PENDING, Status.SNOOZED])
    counted = Member.objects.filter(pk=member.pk).aggregate(n=Count("conversations", unsolved))
    return int(counted["n"])


@require(Ability.SETTINGS)
@require_POST
def invite_again(request: MemberRequest, member_id: int) -> HttpResponse:
    """Send the invitation once more."""
    member = get_scoped(active_members(), request.member.workspace_id, pk=member_id)
    services.invite_again(member=member, by=request.member)
    messages.success(
        request, _("The mail is on its way to %(email)s.") % {"email": member.user.email}
    )
    return redirect("settings-member", member.pk)


@require(Ability.SETTINGS)
@require_POST
def end_membership(request: MemberRequest, member_id: int) -> HttpResponse:
    """Take a person's access away at once."""
    member = get_scoped(active_members(), request.member.workspace_id, pk=member_id)
    try:
        services.end_membership(member=member, by=request.member)
    except ValidationError as error:
        for message in error.messages:
            messages.error(request, message)
        return redirect("settings-member", member.pk)
    messages.success(request, _("%(name)s has no access any more.") % {"name": member.name})
    return redirect("settings-members")
