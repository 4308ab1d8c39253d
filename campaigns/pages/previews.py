"""The phones beside the editor: how the message looks, as the chosen contact gets it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from campaigns.models import Campaign
from campaigns.pages.behind_form import behind_form
from campaigns.pages.drafts import ROWS, chosen_contact, draft_or_404
from campaigns.pages.mail_look import frame, kept_look, look_at
from campaigns.pages.mail_typed import text_of_typed
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
    if request.headers.get("HX-Trigger-Name") == "channel" and draft.mail is None:
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


@require(Ability.CAMPAIGNS)
@require_safe
@xframe_options_sameorigin
def mail_frame(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """The mail's HTML for a frame: what was just looked at (``?look=``), else as it is saved."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    html = kept_look(request.member.workspace_id, request.GET.get("look", ""))
    if not html:
        shown = look_at(campaign, None)
        html = kept_look(request.member.workspace_id, shown.look) if shown else ""
    return frame(html)


@require(Ability.CAMPAIGNS)
@require_POST
def mail_text(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """The text part that the typed HTML makes, to be changed by hand."""
    draft_or_404(request, campaign_id)
    return HttpResponse(text_of_typed(request.POST.get("mail-html", "")), content_type="text/plain")


def phone(draft: Campaign, contact: Contact | None) -> dict[str, Any]:
    """What ``_picture.html`` needs."""
    look = look_at(draft, contact)
    if look is not None and draft.mail is not None:
        size = measure(draft.channel, "")
        return {"phone_contact": contact, "mail_look": look, "plain": False, "size": size}
    shown = show(draft, contact)
    return {
        "phone_contact": contact,
        "mail_look": look,
        "shown": shown,
        "size": shown.size or measure(draft.channel, draft.text),
        "plain": draft.content is None,
    }


def _refused(error: ValidationError) -> HttpResponse:
    found = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    return JsonResponse({"errors": found}, status=422)
