"""Choosing the channel to answer on: what there is, what is preferred, and going there."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.members import MemberRequest
from accounts.scoping import get_scoped
from contacts.models import Address
from conversations import services
from conversations.forms import AnswerOnForm
from conversations.models import Conversation
from conversations.presenters.ways import better, shown_ways
from conversations.views.access import conversation_of, inbox_view
from conversations.views.actions import action, cleaned
from gateway.models import Channel


@require_safe
@inbox_view
def ways(request: MemberRequest, pk: int) -> HttpResponse:
    """The menu of channels and addresses, the preferred one first with its reason."""
    context = {"ways": shown_ways(conversation_of(request, pk))}
    return render(request, "conversations/menus/ways.html", context)


@require_safe
@inbox_view
def better_way(request: MemberRequest, pk: int) -> HttpResponse:
    """Whether another channel is the better one by now."""
    conversation = conversation_of(request, pk)
    context = {"conversation": conversation, "better": better(conversation)}
    return render(request, "conversations/_better.html", context)


@action
def answer_on(request: MemberRequest, pk: int) -> HttpResponse:
    """The contact's conversation on another channel, begun where there is none; takes the draft.

    ``text`` is put under what the member has typed there already.
    """
    here = conversation_of(request, pk)
    data = cleaned(AnswerOnForm(request.POST))
    there = _there(request, here, data["conversation"], data["channel"], data["address"])
    services.carry_draft(here=here, there=there, member=request.member, text=data["text"])
    return JsonResponse({"conversation": there.pk})


def _there(
    request: MemberRequest,
    here: Conversation,
    conversation: int | None,
    channel: object,
    address: int | None,
) -> Conversation:
    workspace = request.member.workspace_id
    if conversation:
        own = Conversation.objects.filter(contact=here.contact_id)
        return get_scoped(own, workspace, pk=conversation)
    return services.start_conversation(
        contact=here.contact,
        channel=get_scoped(Channel, workspace, pk=channel, enabled=True),
        address=get_scoped(Address, workspace, pk=address, contact=here.contact_id),
        by=request.member,
    )
