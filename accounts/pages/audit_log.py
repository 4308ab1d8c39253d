"""The audit log: who did what, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.apps import apps
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.members import MemberRequest, require
from accounts.models import AuditEntry, Member
from accounts.pages.actions import AREAS, describe, details
from accounts.roles import Ability
from accounts.scoping import WorkspaceModel
from accounts.slices import newest_first

MOST_TYPES = 8


class AuditFilterForm(forms.Form):
    """What to show. What makes no sense is ignored."""

    area = forms.ChoiceField(choices=[("", _("Everything")), *AREAS.items()], required=False)
    member = forms.IntegerField(required=False)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry in words."""

    entry: AuditEntry
    action: str
    target: str
    details: str


def target_names(rows: Sequence[AuditEntry]) -> dict[tuple[str, str], str]:
    """What the entries' targets are called now, by type and id; one statement a type.

    Only for the most frequent types, so that a page's statements stay few; deleted ones have none.
    """
    by_type: dict[str, set[str]] = {}
    for row in rows:
        by_type.setdefault(row.object_type, set()).add(row.object_id)
    models = {model._meta.model_name: model for model in apps.get_models()}
    names: dict[tuple[str, str], str] = {}
    frequent = sorted(by_type, key=lambda name: -len(by_type[name]))[:MOST_TYPES]
    for name in frequent:
        model = models.get(name)
        if model is None or not issubclass(model, WorkspaceModel):
            continue
        found = model.objects.in_workspace(rows[0].workspace_id).filter(pk__in=by_type[name])
        people = Member.objects.filter(pk__in=found).select_related("user")
        shown = people if model is Member else found
        names |= {(name, str(row.pk)): str(row) for row in shown}
    return names


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
    names = target_names(part.rows)
    context = {
        "areas": form.fields["area"].choices,  # type: ignore[attr-defined]
        "people": people,
        "chosen": form.cleaned_data,
        "slice": part,
        "lines": [
            Line(
                row,
                describe(row.action),
                names.get((row.object_type, row.object_id)) or str(row.data.get("name", "")),
                details(row.data),
            )
            for row in part.rows
        ],
    }
    return render(request, "settings/audit/list.html", context)
