"""The page about quiet hours."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from gateway.quiet.model import QuietHours
from gateway.quiet.setting import quiet_hours_of, set_quiet_hours


class Clock(forms.TimeInput):
    """The browser's own field for a time of the day."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class QuietHoursForm(forms.Form):
    """Whether there are any, and from when until when."""

    enabled = forms.BooleanField(label=_lazy("Hold campaigns back at night"), required=False)
    starts = forms.TimeField(
        label=_lazy("From"),
        widget=Clock,
        error_messages={"invalid": _lazy("Write a time like 21:00.")},
    )
    ends = forms.TimeField(
        label=_lazy("Until"),
        widget=Clock,
        error_messages={"invalid": _lazy("Write a time like 21:00.")},
    )


@require(Ability.SETTINGS)
@require_http_methods(["GET", "POST"])
def quiet_hours(request: MemberRequest) -> HttpResponse:
    """Show and change them."""
    workspace = request.member.workspace
    form = QuietHoursForm(request.POST or None, initial=_initial(quiet_hours_of(workspace)))
    if request.method == "POST" and form.is_valid():
        try:
            saved = set_quiet_hours(workspace=workspace, member=request.member, **form.cleaned_data)
        except ValidationError as error:
            for name, words in error.message_dict.items():
                form.add_error(name, words)
        else:
            messages.success(request, _said(saved))
            return redirect("settings-quiet-hours")
    status = 422 if form.errors else 200
    context = {"form": form, "workspace_zone": workspace.timezone}
    return render(request, "settings/quiet_hours.html", context, status=status)


def _initial(row: QuietHours) -> dict[str, Any]:
    return {"enabled": row.enabled, "starts": row.starts, "ends": row.ends}


def _said(row: QuietHours) -> str:
    if row.enabled:
        return _("Saved. What waits already waits by these hours from now on.")
    return _("Saved. What was held back leaves now.")
