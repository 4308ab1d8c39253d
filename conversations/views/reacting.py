"""Our reactions, from the inbox."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.members import MemberRequest
from conversations import forms
from conversations.presenters.conversation import present
from conversations.reacting import react
from conversations.views.access import message_of
from conversations.views.actions import action, cleaned


@action
def reaction(request: MemberRequest, pk: int, message_pk: int) -> HttpResponse:
    """Give a customer's message an emoji, or take it back."""
    message = message_of(request, pk, message_pk)
    emoji = cleaned(forms.ReactionForm(request.POST))["emoji"]
    changed = react(message=message, by=request.member, emoji=emoji)
    context = {"bubbles": present([changed], request.member), "conversation": message.conversation}
    return render(request, "conversations/messages.html", context)
