"""One voice in public: taking the answer, giving it back, deciding about what waits."""

from django import forms
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.members import MemberRequest
from conversations.presenters.conversation import present
from conversations.presenters.voice import voice as shown
from conversations.views.access import conversation_of, inbox_view, message_of
from conversations.views.actions import action, cleaned
from conversations.voice import approving, lease

TAKE, GIVE_BACK = "take", "give_back"


class VoiceForm(forms.Form):
    """What a member does about the public answer."""

    do = forms.ChoiceField(choices=[(one, one) for one in (TAKE, GIVE_BACK)])


class DecisionForm(forms.Form):
    """Publish what waits, or not."""

    decision = forms.ChoiceField(choices=[(one, one) for one in ("approve", "decline")])


@inbox_view
def voice(request: MemberRequest, pk: int) -> HttpResponse:
    """Who owns the answer; POST takes it or gives it back. Held is no error: it is shown."""
    if request.method == "POST":
        return _change(request, pk)
    return _fragment(request, pk)


@action
def _change(request: MemberRequest, pk: int) -> HttpResponse:
    conversation = conversation_of(request, pk)
    if cleaned(VoiceForm(request.POST))["do"] == GIVE_BACK:
        lease.give_back(conversation=conversation, member=request.member)
    else:
        try:
            lease.take(conversation=conversation, member=request.member)
        except lease.Held:
            return _fragment(request, pk)
    return _fragment(request, pk)


def _fragment(request: MemberRequest, pk: int) -> HttpResponse:
    conversation = conversation_of(request, pk)
    found = shown(conversation, request.member)
    if found is None:
        return HttpResponse()
    context = {"conversation": conversation, "voice": found}
    return render(request, "conversations/voice.html", context)


@action
def decide(request: MemberRequest, pk: int, message_pk: int) -> HttpResponse:
    """Approve or decline what waits; the published message, if it is."""
    message = message_of(request, pk, message_pk)
    approve = cleaned(DecisionForm(request.POST))["decision"] == "approve"
    published = approving.decide(message=message, by=request.member, approve=approve)
    if published is None:
        return JsonResponse({})
    context = {
        "bubbles": present([published], request.member),
        "conversation": message.conversation,
    }
    return render(request, "conversations/messages.html", context, status=201)
