"""Deciding about a contact that is perhaps the same person."""

from django import forms
from django.http import HttpResponse

from accounts.members import MemberRequest
from accounts.scoping import get_scoped
from contacts.likeness import keep_apart
from contacts.models import Contact
from contacts.services import merge_contacts
from conversations.views.access import conversation_of
from conversations.views.actions import action, cleaned

MERGE, APART = "merge", "apart"


class SameForm(forms.Form):
    """Another contact's id, and what to do about it."""

    other = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    do = forms.ChoiceField(choices=[(one, one) for one in (MERGE, APART)])


@action
def same_person(request: MemberRequest, pk: int) -> HttpResponse:
    """Merge the other contact into this conversation's, or keep them apart for good."""
    contact = conversation_of(request, pk).contact
    data = cleaned(SameForm(request.POST))
    other = get_scoped(Contact, request.member.workspace_id, pk=data["other"])
    if data["do"] == APART:
        keep_apart(one=contact, other=other, member=request.member)
        return HttpResponse()
    merge_contacts(keep=contact, other=other, member=request.member)
    return HttpResponse(status=204, headers={"HX-Trigger": "contacts-merged"})
