"""How an answer would look, before it is sent."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.members import MemberRequest
from conversations.presenters.looking import looks_of
from conversations.views.access import conversation_of
from conversations.views.actions import action
from gateway.pages.builder import is_blank, parsed, read_built


@action
def preview(request: MemberRequest, pk: int) -> HttpResponse:
    """The phones, for the ``content`` in the composer; errors by path while it is only begun."""
    conversation = conversation_of(request, pk)
    given = request.POST.get("content", "")
    try:
        blank = is_blank(parsed(given))
        found = [] if blank else looks_of(conversation, read_built(given))
    except ValidationError as error:
        # No failure of this request: nobody has sent anything yet.
        return JsonResponse({"errors": error.message_dict})
    return render(request, "content/_looks.html", {"blank": blank, "looks": found})
