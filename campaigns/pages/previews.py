"""The phones beside the editor: how the message looks, as the chosen contact gets it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from campaigns.models import Campaign
from campaigns.pages.behind_form import behind_form
from campaigns.pages.drafts import chosen_contact, draft_or_404
from campaigns.pages.typed import unsaved
from campaigns.preview import measure, show
from contacts.models import Contact
from contacts.selectors import find_contacts
from gateway.media import words
from gateway.media.uploads import take_upload


@require(Ability.CAMPAIGNS)
@require_POST
def preview(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """The phones with what is typed; to the builder 422 by path while that is no content."""
    campaign = draft_or_404(request, campaign_id)
    try:
        draft = unsaved(request, campaign)
    except ValidationError as error:
        if request.headers.get("HX-Trigger-Name") == "content":
            return _refused(error)
        draft = campaign
    context = phone(draft, chosen_contact(request, campaign)) | {"campaign": campaign}
    # Another channel was chosen: what takes over is another question then.
    if request.headers.get("HX-Trigger-Name") == "channel":
        context["behind"] = behind_form(campaign, draft.channel, request.POST)
    return render(request, "campaigns/_picture.html", context)


@require(Ability.CAMPAIGNS)
@require_GET
def people(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Contacts to preview as, by name or address."""
    campaign = draft_or_404(request, campaign_id)
    search = request.GET.get("person", "")
    found = find_contacts(request.member.workspace, search=search)
    context = {"campaign": campaign, "found": found.order_by("-id")[:6], "search": search}
    return render(request, "campaigns/_people.html", context)


@require(Ability.CAMPAIGNS)
@require_POST
def upload(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Keep a file that is to be sent; 422 with what is wrong with it."""
    draft_or_404(request, campaign_id)
    try:
        row = take_upload(request, workspace_id=request.member.workspace_id)
    except ValidationError as error:
        return _refused(error)
    shown = {"id": str(row.uid), "name": row.name, "content_type": row.content_type}
    return JsonResponse(shown | {"size": words.size(row.size)}, status=201)


def phone(draft: Campaign, contact: Contact | None) -> dict[str, Any]:
    """What ``_picture.html`` needs."""
    shown = show(draft, contact)
    return {
        "phone_contact": contact,
        "shown": shown,
        "size": shown.size or measure(draft.channel, draft.text),
        "plain": draft.content is None,
    }


def _refused(error: ValidationError) -> HttpResponse:
    found = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    return JsonResponse({"errors": found}, status=422)
