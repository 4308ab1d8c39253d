"""Finds what a request names, inside the member's workspace."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from conversations.models import Conversation, Message
from conversations.selectors import timeline
from conversations.selectors.listing import ListFilter, Tab, with_row_data
from conversations.selectors.timeline import Timeline

MOST_IDS = 200


def inbox_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Members who may use the inbox; a fragment is never taken for the page of the same URL."""

    @require(Ability.INBOX)
    @never_cache
    @wraps(view)
    def wrapped(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        patch_vary_headers(response, ["HX-Request"])
        return response

    return wrapped


def conversation_of(request: MemberRequest, pk: int) -> Conversation:
    """The conversation with what its row shows, else 404."""
    return get_scoped(with_row_data(request.member), request.member.workspace_id, pk=pk)


def timeline_at(request: MemberRequest, pk: int) -> Timeline:
    """The timeline around a conversation, for what is asked for most often, else 404."""
    found = timeline.timeline_at(request.member.workspace_id, pk)
    if found is None:
        raise Http404
    return found


def message_of(request: MemberRequest, pk: int, message_pk: int) -> Message:
    """A message of a conversation of the workspace, else 404."""
    return get_scoped(Message, request.member.workspace_id, pk=message_pk, conversation_id=pk)


def list_filter(request: MemberRequest, tab: str | None = None) -> ListFilter:
    """The list that a URL describes."""
    query = request.GET
    return ListFilter.of(tab or query.get("tab", ""), query.get("status", ""), query.get("q", ""))


def filter_beside(request: MemberRequest, conversation: Conversation) -> ListFilter:
    """The list beside an open conversation: the URL's, else the one it stands in."""
    if "tab" in request.GET or "status" in request.GET or "q" in request.GET:
        return list_filter(request)
    tab = Tab.ALL
    if conversation.assignee_id == request.member.pk:
        tab = Tab.MINE
    elif conversation.assignee_id is None:
        tab = Tab.UNASSIGNED
    return ListFilter(tab=tab, status=conversation.status)


def numbers(text: str) -> list[int]:
    """Ids from “1,2,3”; anything else in it is left out."""
    found = [int(part) for part in text.split(",") if part.isascii() and part.isdigit()]
    return [number for number in found if number < 2**63][:MOST_IDS]


def uuids(parts: Iterable[str]) -> list[UUID]:
    """UUIDs among the parts; anything else is left out."""
    result = []
    for part in list(parts)[:MOST_IDS]:
        try:
            result.append(UUID(part))
        except ValueError:
            continue
    return result
