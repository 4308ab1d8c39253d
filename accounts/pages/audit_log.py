"""The audit log: who did what, newest first."""

from dataclasses import dataclass

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.members import MemberRequest, require
from accounts.models import AuditEntry, Member
from accounts.pages.actions import AREAS, describe, details
from accounts.roles import Ability
from accounts.slices import newest_first


class AuditFilterForm(forms.Form):
    """What to show. What makes no sense is ignored."""

    area = forms.ChoiceField(choices=[("", _("Everything")), *AREAS.items()], required=False)
    member = forms.IntegerField(required=False)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in words."""

    entry: AuditEntry
    action: str
    details: str


@require(Ability.SETTINGS)
@require_GET
def audit_list(request: MemberRequest) -> HttpResponse:
    """The newest entries, of one area or member when asked."""
    workspace = request.member.workspace_id
    form = AuditFilterForm(request.GET)
    form.is_valid()
    rows = AuditEntry.objects.in_workspace(workspace).select_related("member__user")
    if area := form.cleaned_data.get("area"):
        rows = rows.filter(action__startswith=f"{area}.")
    if member := form.cleaned_data.get("member"):
        rows = rows.filter(member_id=member)
    part = newest_first(rows, request.GET.get("before", ""))
    people = Member.objects.in_workspace(workspace).select_related("user").order_by("user__name")
    context = {
        "areas": form.fields["area"].choices,  # type: ignore[attr-defined]
        "people": people,
        "chosen": form.cleaned_data,
        "slice": part,
        "lines": [Line(row, describe(row.action), details(row.data)) for row in part.rows],
    }
    return render(request, "settings/audit/list.html", context)
