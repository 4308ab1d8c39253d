"""A message's whole life, for admins."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from conversations.models import Kind, Message
from conversations.presenters.life import events
from conversations.selectors.life import life_of

SPOKEN = (Kind.TEXT, Kind.CAMPAIGN)


@require_safe
@never_cache
@require(Ability.SETTINGS)
def message_life(request: MemberRequest, pk: int, message_pk: int) -> HttpResponse:
    """What happened to one message of a conversation, step by step."""
    rows = Message.objects.filter(kind__in=SPOKEN).select_related("channel", "author__user")
    message = get_scoped(rows, request.member.workspace_id, pk=message_pk, conversation_id=pk)
    life = life_of(message)
    context = {"message": message, "events": events(message, life), "deliveries": life.deliveries}
    return render(request, "conversations/life.html", context)
