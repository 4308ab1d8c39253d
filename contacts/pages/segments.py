"""Segments: list, builder with a live count, save, delete."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.members import MemberRequest, require
from accounts.models import Workspace
from accounts.roles import Ability
from accounts.scoping import get_scoped
from contacts.models import Contact, Segment
from contacts.pages import builder
from contacts.segments import Catalogue, catalogue, contacts_matching
from contacts.segments.services import create_segment, delete_segment, update_segment

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a filter selects right now, or what is still missing in it."""

    count: int = 0
    people: list[Contact] | None = None
    errors: dict[str, list[str]] | None = None


@require(Ability.CAMPAIGNS)
@require_GET
def segment_list(request: MemberRequest) -> HttpResponse:
    """All segments; each one's count is asked for by its own row."""
    rows = Segment.objects.in_workspace(request.member.workspace_id).order_by("name")
    rows = rows.select_related("created_by__user")
    return render(request, "contacts/segments.html", {"rows": rows[:500]})


@require(Ability.CAMPAIGNS)
@require_GET
def segment_count(request: MemberRequest, segment_id: int) -> HttpResponse:
    """How many a segment selects right now, as a fragment."""
    segment = get_scoped(Segment, request.member.workspace_id, pk=segment_id)
    found = match(request.member.workspace, segment.filter, shown=0)
    return render(request, "contacts/_segment_count.html", {"match": found})


@require(Ability.CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def edit_segment(request: MemberRequest, segment_id: int | None = None) -> HttpResponse:
    """The builder, for a new segment or one there is."""
    workspace = request.member.workspace
    segment = get_scoped(Segment, workspace, pk=segment_id) if segment_id else None
    known = catalogue(workspace)
    errors: dict[str, list[str]] = {}
    if request.method == "GET":
        name = segment.name if segment else ""
        tree = segment.filter if segment else {"conditions": [dict(builder.BLANK)]}
        tree = {"match": "all", "conditions": []} | tree
    else:
        name, tree = request.POST.get("name", ""), builder.read_filter(request.POST, known)
        if do := request.POST.get("do"):
            builder.act(tree, do)
        else:
            saved = _save(request, segment, name, tree)
            if isinstance(saved, Segment):
                return _saved(request, saved)
            errors = saved
    context = _shown(workspace, known, tree, errors) | {"segment": segment, "name": name}
    context["campaign_id"] = _campaign(request.POST) or _campaign(request.GET)
    status = 422 if errors else 200
    return render(request, "contacts/segment.html", context, status=status)


@require(Ability.CAMPAIGNS)
@require_POST
def rebuild(request: MemberRequest) -> HttpResponse:
    """The builder after a change of its structure, as a fragment with the count."""
    known = catalogue(request.member.workspace)
    tree = builder.read_filter(request.POST, known)
    builder.act(tree, request.POST.get("do", ""))
    context = _shown(request.member.workspace, known, tree, {})
    return render(request, "contacts/_builder.html", context)


@require(Ability.CAMPAIGNS)
@require_POST
def count(request: MemberRequest) -> HttpResponse:
    """Whom the typed filter selects, as a fragment; what is not complete yet is said kindly."""
    known = catalogue(request.member.workspace)
    found = match(request.member.workspace, builder.read_filter(request.POST, known), known)
    return render(request, "contacts/_match.html", {"match": found})


@require(Ability.CAMPAIGNS)
@require_POST
def remove_segment(request: MemberRequest, segment_id: int) -> HttpResponse:
    """Delete a segment no campaign uses."""
    segment = get_scoped(Segment, request.member.workspace_id, pk=segment_id)
    try:
        delete_segment(segment=segment, member=request.member)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("segment", segment.pk)
    messages.success(request, _("The segment was deleted."))
    return redirect("segments")


def match(
    workspace: Workspace, tree: Any, known: Catalogue | None = None, *, shown: int = SHOWN
) -> Match:
    """Count a filter and show a few of those it selects."""
    try:
        rows = contacts_matching(workspace, tree, known=known)
    except ValidationError as error:
        return Match(errors=error.message_dict)
    total = rows.count()
    people = list(rows.prefetch_related("addresses").order_by("-id")[:shown]) if shown else []
    return Match(count=total, people=people)


def _shown(
    workspace: Workspace, known: Catalogue, tree: dict[str, Any], errors: dict[str, list[str]]
) -> dict[str, Any]:
    return {
        "tree": tree,
        "rows": builder.show(tree, known, errors),
        "fields": known.fields.values(),
        "match": match(workspace, tree, known),
        "name_errors": errors.get("name", []),
        "filter_errors": errors.get("filter", []),
    }


def _save(
    request: MemberRequest, segment: Segment | None, name: str, tree: Any
) -> Segment | dict[str, list[str]]:
    try:
        if segment is not None:
            return update_segment(segment=segment, member=request.member, name=name, filter=tree)
        return create_segment(
            workspace=request.member.workspace, member=request.member, name=name, filter=tree
        )
    except ValidationError as error:
        return {path.removeprefix("filter."): text for path, text in error.message_dict.items()}


def _saved(request: MemberRequest, segment: Segment) -> HttpResponse:
    """Back to where the segment was wanted, else to the list."""
    messages.success(request, _("The segment was saved."))
    campaign = _campaign(request.POST)
    if campaign:
        return redirect(f"/campaigns/{campaign}/who/?segment={segment.pk}")
    return redirect("segments")


def _campaign(data: QueryDict) -> str:
    value = data.get("campaign", "")
    return value if value.isascii() and value.isdigit() and len(value) < 19 else ""
