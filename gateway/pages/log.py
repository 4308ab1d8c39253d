"""The channel log: every exchange with a provider, redacted."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from accounts.slices import newest_first
from gateway.models import Channel, ChannelLog
from gateway.pages.forms import LogFilterForm


def filtered(
    rows: QuerySet[ChannelLog],
    *,
    channel: Any = None,
    result: str = "",
    kind: str = "",
    delivery: Any = None,
) -> QuerySet[ChannelLog]:
    """Only the rows asked for; ``delivery`` is a delivery's uid."""
    if channel:
        rows = rows.filter(channel=channel)
    if result:
        rows = rows.filter(ok=result == "ok")
    if kind:
        rows = rows.filter(kind=kind)
    if delivery:
        rows = rows.filter(delivery__uid=delivery)
    return rows


@require(Ability.SETTINGS)
@require_GET
def log_list(request: MemberRequest) -> HttpResponse:
    """The newest exchanges first."""
    workspace = request.member.workspace_id
    form = LogFilterForm(request.GET)
    chosen = form.chosen()
    rows = ChannelLog.objects.in_workspace(workspace).select_related("channel", "delivery")
    context = {
        "form": form,
        "chosen": chosen,
        "channels": Channel.objects.in_workspace(workspace).order_by("name"),
        "slice": newest_first(filtered(rows, **chosen), request.GET.get("before", "")),
    }
    return render(request, "settings/log/list.html", context)


@require(Ability.SETTINGS)
@require_GET
def log_entry(request: MemberRequest, entry_id: int) -> HttpResponse:
    """One exchange, and the others of the same delivery."""
    rows = ChannelLog.objects.select_related("channel", "delivery")
    entry = get_scoped(rows, request.member.workspace_id, pk=entry_id)
    return render(request, "settings/log/entry.html", {"entry": entry})
