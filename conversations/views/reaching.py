"""Asks a provider, on an agent's wish, whether a channel reaches a customer."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.members import MemberRequest
from accounts.scoping import get_scoped
from conversations.presenters.reaching import reaching
from conversations.views.access import conversation_of
from conversations.views.actions import action
from gateway.errors import SendError
from gateway.models import Channel
from gateway.reach.asking import can_ask, reach_of


@action
def ask_reach(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask anew about one channel and address of this contact, and show all answers."""
    conversation = conversation_of(request, pk)
    addresses = list(conversation.contact.addresses.order_by("id")[:50])
    address = request.POST.get("address", "")
    if address not in {row.value for row in addresses}:
        raise Http404
    channel = get_scoped(
        Channel, request.member.workspace_id, pk=request.POST.get("channel") or None
    )
    if not can_ask(channel):
        raise Http404
    problem = ""
    try:
        reach_of(channel, [address], anew=True)
    except SendError as error:
        problem = _("No answer: %(reason)s") % {"reason": error.text}
    context = {
        "conversation": conversation,
        "reaching": reaching(addresses),
        "reaching_problem": problem,
    }
    return render(request, "conversations/_reaching.html", context)
