"""The editor: four steps that can be left and resumed, with a phone preview beside them."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from campaigns import services
from campaigns.models import Campaign, CampaignStatus
from campaigns.preview import foresee, measure, show
from contacts.models import Contact, Segment
from contacts.rendering import variables
from contacts.segments import contacts_matching
from contacts.selectors import find_contacts
from gateway.branding import brand_of
from gateway.models import Channel
from gateway.registry import adapters

STEPS = {
    "who": gettext_lazy("Who"),
    "what": gettext_lazy("What"),
    "where": gettext_lazy("Where"),
    "check": gettext_lazy("Check"),
}
NEXT = {"who": "what", "what": "where", "where": "check"}
ROWS = Campaign.objects.select_related(
    "workspace__quiet_hours", "channel", "segment", "created_by__user"
)


def draft_or_404(request: MemberRequest, campaign_id: int) -> Campaign:
    """The draft of this workspace; what is launched is no draft."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    if campaign.status != CampaignStatus.DRAFT:
        raise Http404("This campaign is launched.")
    return campaign


@require(Ability.CAMPAIGNS)
@require_POST
def add_campaign(request: MemberRequest) -> HttpResponse:
    """A new draft."""
    campaign = services.create(workspace=request.member.workspace, member=request.member)
    return redirect("campaign-step", campaign.pk, "who")


@require(Ability.CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def edit_step(request: MemberRequest, campaign_id: int, step: str) -> HttpResponse:
    """One step; saving goes on to the next one."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    if campaign.status != CampaignStatus.DRAFT:
        return redirect("campaign", campaign.pk)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        fields = _sent(request, step)
        try:
            services.update(campaign=campaign, member=request.member, **fields)
            return _go_on(request, campaign, step)
        except ValidationError as error:
            errors = error.message_dict
    context = _context(request, campaign, step) | {"errors": errors}
    status = 422 if errors else 200
    return render(request, f"campaigns/step_{step}.html", context, status=status)


@require(Ability.CAMPAIGNS)
@require_POST
def preview(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """The phone with the text being typed, as the chosen contact gets it."""
    campaign = draft_or_404(request, campaign_id)
    contact = chosen_contact(request, campaign)
    text = request.POST.get("text", campaign.text).replace("\x00", "")[: services.LONGEST_DRAFT]
    channel = _row(request, Channel, "channel") or campaign.channel
    context = _phone(campaign, channel, text.strip(), contact)
    return render(request, "campaigns/_phone.html", context)


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
@require_GET
def audience(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Whom the chosen segment selects right now, as a fragment."""
    campaign = draft_or_404(request, campaign_id)
    segment = _row(request, Segment, "segment")
    count, problem = None, ""
    if segment is not None:
        try:
            count = contacts_matching(campaign.workspace, segment.filter).count()
        except ValidationError as error:
            problem = " ".join(error.messages)
    context = {"campaign": campaign, "segment": segment, "count": count, "problem": problem}
    return render(request, "campaigns/_audience.html", context)


@require(Ability.CAMPAIGNS)
@require_POST
def test_send(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Send the text once to a number of one's own."""
    campaign = draft_or_404(request, campaign_id)
    try:
        services.send_test(
            campaign=campaign,
            member=request.member,
            number=request.POST.get("number", ""),
            contact=chosen_contact(request, campaign),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("The test message is on its way."))
    return redirect("campaign-step", campaign.pk, "check")


def chosen_contact(request: MemberRequest, campaign: Campaign) -> Contact | None:
    """The contact to preview as: the chosen one, else the newest of the segment or workspace."""
    chosen: Contact | None = _row(request, Contact, "contact")
    if chosen is not None:
        return chosen
    everybody = Contact.objects.in_workspace(campaign.workspace_id)
    if campaign.segment is None:
        return everybody.exclude(name="").order_by("-id").first()
    try:
        matching = contacts_matching(campaign.workspace, campaign.segment.filter)
    except ValidationError:
        return None
    return matching.order_by("-id").first()


def _sent(request: MemberRequest, step: str) -> dict[str, Any]:
    """The fields a step sends."""
    data = request.POST
    if step == "who":
        return {"name": data.get("name", ""), "segment": _row(request, Segment, "segment")}
    if step == "what":
        return {"text": data.get("text", "")}
    if step == "where":
        return {"channel": _row(request, Channel, "channel")}
    return {}


def _go_on(request: MemberRequest, campaign: Campaign, step: str) -> HttpResponse:
    """To the step that was asked for, to a new segment for this campaign, or to the next step."""
    wanted = request.POST.get("go", "")
    if wanted == "segment":
        return redirect(f"{reverse('segment-add')}?campaign={campaign.pk}")
    return redirect(
        "campaign-step", campaign.pk, wanted if wanted in STEPS else NEXT.get(step, step)
    )


def _row(request: MemberRequest, model: type[Any], name: str) -> Any:
    """The row of this workspace whose id was sent; None without one, 404 for a stranger's."""
    value = request.POST.get(name) or request.GET.get(name)
    return get_scoped(model, request.member.workspace_id, pk=value) if value else None


def _phone(
    campaign: Campaign, channel: Channel | None, text: str, contact: Contact | None
) -> dict[str, Any]:
    return {
        "campaign": campaign,
        "phone_channel": channel,
        "phone_brand": brand_of(channel) if channel else None,
        "phone_contact": contact,
        "shown": show(campaign.workspace, channel, text, contact),
        "size": measure(channel, text),
        "empty": not text,
    }


def _context(request: MemberRequest, campaign: Campaign, step: str) -> dict[str, Any]:
    text = request.POST.get("text", campaign.text) if step == "what" else campaign.text
    contact = chosen_contact(request, campaign)
    context = _phone(campaign, campaign.channel, text.replace("\x00", "").strip(), contact)
    context |= {"step": step, "steps": _steps(campaign, step), "typed": text}
    workspace = request.member.workspace
    if step == "who":
        context["name"] = request.POST.get("name", campaign.name)
        context["segments"] = Segment.objects.in_workspace(workspace).order_by("name")[:500]
        chosen = request.POST.get("segment") or request.GET.get("segment")
        context["segment_id"] = str(chosen or campaign.segment_id or "")
    elif step == "what":
        context["variables"] = variables(workspace).items()
        context["example"] = "{{ first_name|" + _("friend") + " }}"
    elif step == "where":
        rows = Channel.objects.in_workspace(workspace).order_by("name")
        labels = {kind: cls.label for kind, cls in adapters().items()}
        context["channels"] = [(row, labels.get(row.kind, row.kind)) for row in rows]
    else:
        context["problems"] = services.launch_errors(campaign)
        context["forecast"] = foresee(campaign)
    return context


def _steps(campaign: Campaign, current: str) -> list[tuple[str, Any, bool, bool]]:
    """(name, label, done, current) of each step."""
    done = {
        "who": campaign.segment_id is not None,
        "what": bool(campaign.text),
        "where": campaign.channel_id is not None,
        "check": False,
    }
    return [(name, label, done[name], name == current) for name, label in STEPS.items()]
