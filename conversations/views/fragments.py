"""Pieces of the inbox: what the page refetches when the socket says that something changed."""

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.members import MemberRequest
from accounts.models import Team
from contacts.likeness import likely_same
from contacts.models import Label
from conversations import outside
from conversations.presenters.conversation import (
    can_be,
    header,
    present,
    priority_names,
    snooze_choices,
)
from conversations.presenters.panel import panel as panel_of
from conversations.presenters.reaching import reaching
from conversations.presenters.rows import rows as present_rows
from conversations.selectors import listing, threads, timeline
from conversations.selectors.listing import ListFilter
from conversations.selectors.timeline import Piece, Timeline
from conversations.views.access import (
    conversation_of,
    inbox_view,
    list_filter,
    numbers,
    timeline_at,
    uuids,
)

FOUND = 8


@require_safe
@inbox_view
def rows(request: MemberRequest) -> HttpResponse:
    """Those of the conversations ``ids`` that the list shows, and the tabs' counts."""
    return fresh_rows(request, numbers(request.GET.get("ids", "")))


def fresh_rows(request: MemberRequest, ids: Sequence[int]) -> HttpResponse:
    """The rows as they are now, for the list that the URL describes: at most three statements."""
    chosen = list_filter(request)
    found = listing.rows_by_id(request.member, chosen, ids) if ids else []
    context = {
        "chosen": chosen,
        "rows": present_rows(found),
        "counts": listing.counts(request.member, chosen.status),
    }
    return render(request, "conversations/fresh_rows.html", context)


@require_safe
@inbox_view
def messages(request: MemberRequest, pk: int) -> HttpResponse:
    """Messages ``after`` or ``before`` an id, or the ones named by ``ids`` or ``uids``."""
    around = timeline_at(request, pk)
    before = numbers(request.GET.get("before", ""))
    piece = timeline.newest(around, before=before[0]) if before else _named(request, around)
    context = {
        "bubbles": present(piece.messages, request.member, around),
        "earlier": piece.earlier,
    }
    return render(request, "conversations/messages.html", context)


def _named(request: MemberRequest, around: Timeline) -> Piece:
    query = request.GET
    after = numbers(query.get("after", ""))
    found = {row.pk: row for row in timeline.since(around, after[0])} if after else {}
    missing = [pk for pk in numbers(query.get("ids", "")) if pk not in found]
    uids = uuids(part for part in query.get("uids", "").split(",") if part)
    if missing:
        found |= {row.pk: row for row in timeline.by_id(around, missing)}
    if uids:
        found |= {row.pk: row for row in timeline.by_uid(around, uids)}
    ordered = sorted(found.values(), key=lambda row: (row.created_at, row.pk))
    return Piece(ordered, earlier=False)


@require_safe
@inbox_view
def head(request: MemberRequest, pk: int) -> HttpResponse:
    """The line above the thread."""
    conversation = conversation_of(request, pk)
    context = {
        "conversation": conversation,
        "header": header(conversation, request.member),
        "chosen": list_filter(request),
    }
    return render(request, "conversations/header.html", context)


@require_safe
@inbox_view
def panel(request: MemberRequest, pk: int) -> HttpResponse:
    """The contact panel."""
    conversation = conversation_of(request, pk)
    addresses = list(conversation.contact.addresses.order_by("id")[:50])
    shown = panel_of(
        conversation=conversation,
        addresses=addresses,
        stops=threads.opt_outs(addresses),
        definitions=threads.attribute_definitions(conversation),
        others=threads.other_conversations(conversation, request.member),
        activities=threads.activities(conversation),
        likely=likely_same(conversation.contact, threads.written(conversation)),
    )
    context = {"conversation": conversation, "panel": shown, "reaching": reaching(addresses)}
    return render(request, "conversations/panel.html", context)


@require_safe
@inbox_view
def menu(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """What a menu of the header offers: assign, snooze, labels, more."""
    conversation = conversation_of(request, pk)
    workspace = request.member.workspace
    shown = header(conversation, request.member)
    context: dict[str, object] = {"conversation": conversation, "header": shown}
    if name == "assign":
        context["colleagues"] = outside.colleagues(workspace)
    elif name == "snooze":
        context["choices"] = snooze_choices()
    elif name == "labels":
        context["labels"] = Label.objects.in_workspace(workspace).order_by("name")[:200]
        context["own"] = {label.pk for label in conversation.labels.all()}
    else:
        context["priorities"] = priority_names()
        context["teams"] = Team.objects.in_workspace(workspace).order_by("name")[:100]
        context["can"] = can_be(conversation.status)
        context["others"] = timeline.timeline_of(conversation).others
    return render(request, f"conversations/menus/{name}.html", context)


@require_safe
@inbox_view
def search(request: MemberRequest) -> HttpResponse:
    """Conversations to go to, for the palette."""
    words = ListFilter.of("all", "", request.GET.get("q", "")).search
    found = listing.found(request.member, words, FOUND) if words else []
    return render(request, "conversations/found.html", {"rows": present_rows(found)})
