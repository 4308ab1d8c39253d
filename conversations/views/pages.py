"""The inbox's two pages; htmx requests get the pane instead of the page."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.members import MemberRequest
from conversations.models import Conversation
from conversations.presenters.conversation import header, thread_context
from conversations.presenters.rows import rows
from conversations.selectors import listing
from conversations.selectors.listing import Cursor, ListFilter
from conversations.views.access import conversation_of, filter_beside, inbox_view, list_filter


@require_safe
@inbox_view
def inbox(request: MemberRequest, tab: str | None = None) -> HttpResponse:
    """The list; with ``after`` the rows of its next page."""
    chosen = list_filter(request, tab)
    after = Cursor.of(request.GET.get("after", ""))
    if after is not None:
        return render(request, "conversations/rows.html", _page(request, chosen, after))
    piece = "list" if request.headers.get("HX-Request") else "inbox"
    return render(request, f"conversations/{piece}.html", list_context(request, chosen))


@require_safe
@inbox_view
def conversation(request: MemberRequest, pk: int) -> HttpResponse:
    """A thread with its composer, beside the list."""
    found = conversation_of(request, pk)
    chosen = filter_beside(request, found)
    context = _conversation_context(request, found, chosen)
    if request.headers.get("HX-Request"):
        return render(request, "conversations/conversation.html", context)
    return render(request, "conversations/inbox.html", context | list_context(request, chosen))


def list_context(request: MemberRequest, chosen: ListFilter) -> dict[str, Any]:
    """What list.html shows: two statements for the rows, one for the counts."""
    counts = listing.counts(request.member, chosen.status)
    return _page(request, chosen) | {"counts": counts}


def _page(
    request: MemberRequest, chosen: ListFilter, after: Cursor | None = None
) -> dict[str, Any]:
    found, following = listing.page_of(request.member, chosen, after)
    return {"chosen": chosen, "rows": rows(found), "next": following}


def _conversation_context(
    request: MemberRequest, found: Conversation, chosen: ListFilter
) -> dict[str, Any]:
    return {
        "chosen": chosen,
        "conversation": found,
        "header": header(found, request.member),
        **thread_context(found, request.member),
    }
