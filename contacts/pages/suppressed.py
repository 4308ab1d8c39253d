"""The suppression list: look, search, add, take off."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from contacts.models import Address
from contacts.segments.catalogue import media
from contacts.sources import source_words
from contacts.suppressed import add_suppressed, find_suppressed, kind_of, remove_suppressed
from gateway.models import Suppression

PAGE = 50


@require(Ability.CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def suppressed_list(request: MemberRequest) -> HttpResponse:
    """Everybody who gets no marketing, and a form for one more."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            _add(request)
        except ValidationError as error:
            errors = error.message_dict
        else:
            messages.success(request, _("The address is on the list."))
            return redirect("suppressed")
    context = _shown(request) | {"errors": errors, "typed": request.POST}
    return render(request, "contacts/suppressed.html", context, status=422 if errors else 200)


@require(Ability.CAMPAIGNS)
@require_POST
def remove(request: MemberRequest, suppression_id: int) -> HttpResponse:
    """Let marketing go there again."""
    row = get_scoped(Suppression, request.member.workspace_id, pk=suppression_id)
    remove_suppressed(row=row, member=request.member)
    messages.success(request, _("%(address)s is off the list.") % {"address": row.address})
    return redirect("suppressed")


def _add(request: MemberRequest) -> None:
    add_suppressed(
        workspace=request.member.workspace,
        member=request.member,
        medium=request.POST.get("medium", ""),
        address=request.POST.get("address", ""),
        reason=request.POST.get("reason", ""),
        evidence=request.POST.get("evidence", ""),
    )


def _shown(request: MemberRequest) -> dict[str, Any]:
    names, workspace = media(), request.member.workspace
    search, medium, reason = (request.GET.get(name, "") for name in ("q", "medium", "reason"))
    rows = find_suppressed(workspace, search=search, medium=medium, reason=reason)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(id__lt=int(before))
    found = list(rows[: PAGE + 1])
    people = _people(workspace.pk, found[:PAGE])
    return {
        "rows": [
            (row, names.get(row.medium, row.medium), source_words(row.source), people.get(row.pk))
            for row in found[:PAGE]
        ],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "search": search,
        "medium": medium,
        "reason": reason,
        "media": names.items(),
        "reasons": Suppression.Reason.choices,
        "filtered": bool(search or medium or reason or before),
    }


def _people(workspace_id: int, rows: list[Suppression]) -> dict[int, Address]:
    """The addresses of contacts that are on the list, by entry; one statement."""
    values = {row.address for row in rows}
    theirs = Address.objects.filter(workspace_id=workspace_id, value__in=values)
    known = {(one.kind, one.value): one for one in theirs.select_related("contact")}
    found: dict[int, Address] = {}
    for row in rows:
        try:
            one = known.get((kind_of(row.medium), row.address))
        except ValidationError:  # a medium whose adapter is gone
            continue
        if one is not None:
            found[row.pk] = one
    return found
