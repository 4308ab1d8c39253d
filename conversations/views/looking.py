"""How an answer would look, before it is sent."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.members import MemberRequest
from conversations.presenters.looking import looks_of
from conversations.views.access import conversation_of
from conversations.views.actions import action
from gateway.pages.builder import is_blank, parsed, read_built


@action
def preview(request: MemberRequest, pk: int) -> HttpResponse:
    """The phones, for the ``content`` in the composer; 422 with errors by path while it is none."""
    conversation = conversation_of(request, pk)
    given = request.POST.get("content", "")
    blank = is_blank(parsed(given))
    context = {
        "blank": blank,
        "looks": [] if blank else looks_of(conversation, read_built(given)),
    }
    return render(request, "content/_looks.html", context)
