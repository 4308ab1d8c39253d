"""Teams: list, add, change, delete."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import services
from accounts.members import MemberRequest, require, workspace_members
from accounts.models import Team
from accounts.pages.forms import TeamForm, add_service_errors
from accounts.roles import Ability
from accounts.scoping import get_scoped


@require(Ability.SETTINGS)
@require_GET
def team_list(request: MemberRequest) -> HttpResponse:
    """All teams with their members."""
    members = workspace_members(request.member.workspace_id)
    teams = (
        Team.objects.in_workspace(request.member.workspace_id)
        .prefetch_related(Prefetch("members", members, to_attr="people"))
        .order_by("name")
    )
    return render(request, "settings/teams/list.html", {"teams": teams})


@require(Ability.SETTINGS)
@require_http_methods(["GET", "POST"])
def add_team(request: MemberRequest) -> HttpResponse:
    """A new team."""
    form = TeamForm(request.POST or None, workspace=request.member.workspace)
    if request.method == "POST" and form.is_valid():
        try:
            services.create_team(
                workspace=request.member.workspace,
                name=form.cleaned_data["name"],
                members=form.cleaned_data["members"],
                by=request.member,
            )
        except ValidationError as error:
            add_service_errors(form, error)
        else:
            messages.success(request, _("The team was added."))
            return redirect("settings-teams")
    status = 422 if form.errors else 200
    return render(request, "settings/teams/form.html", {"form": form}, status=status)


@require(Ability.SETTINGS)
@require_http_methods(["GET", "POST"])
def edit_team(request: MemberRequest, team_id: int) -> HttpResponse:
    """Rename a team, change who is in it."""
    team = get_scoped(Team, request.member.workspace_id, pk=team_id)
    form = TeamForm.of(team)
    if request.method == "POST":
        form = TeamForm(request.POST, workspace=request.member.workspace)
        if form.is_valid():
            try:
                services.update_team(team=team, by=request.member, **form.cleaned_data)
            except ValidationError as error:
                add_service_errors(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect("settings-teams")
    status = 422 if form.errors else 200
    return render(request, "settings/teams/form.html", {"form": form, "team": team}, status=status)


@require(Ability.SETTINGS)
@require_POST
def delete_team(request: MemberRequest, team_id: int) -> HttpResponse:
    """Remove a team; its members and conversations stay."""
    team = get_scoped(Team, request.member.workspace_id, pk=team_id)
    services.delete_team(team=team, by=request.member)
    messages.success(request, _("The team was deleted."))
    return redirect("settings-teams")
