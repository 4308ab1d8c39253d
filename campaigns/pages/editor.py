"""The editor: four steps that can be left and resumed, with a phone preview beside them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from csp.decorators import csp_update
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from campaigns import services
from campaigns.mail.launching import sends_mail
from campaigns.models import Campaign, CampaignStatus
from campaigns.pages.behind_form import behind_form, campaign_words
from campaigns.pages.drafts import ROWS, chosen_contact, draft_or_404
from campaigns.pages.mail_typed import MAIL, mail_fields
from campaigns.pages.previews import phone
from campaigns.pages.template_form import TEMPLATE, choosing
from campaigns.pages.typed import RICH, fields_of, row, unsaved
from campaigns.preview import foresee
from contacts.models import Segment
from contacts.rendering import variables
from contacts.rich import written
from contacts.segments import contacts_matching
from gateway.content.reading import write
from gateway.fallback.story import medium
from gateway.media.attaching import each_media, files_in, without_links
from gateway.models import Channel
from gateway.pages.builder import Builder, parsed
from gateway.registry import adapters

STEPS = {
    "who": gettext_lazy("Who"),
    "what": gettext_lazy("What"),
    "where": gettext_lazy("Where"),
    "check": gettext_lazy("Check"),
}
NEXT = {"who": "what", "what": "where", "where": "check"}


@require(Ability.CAMPAIGNS)
@require_POST
def add_campaign(request: MemberRequest) -> HttpResponse:
    """A new draft."""
    campaign = services.create(workspace=request.member.workspace, member=request.member)
    return redirect("campaign-step", campaign.pk, "who")


@csp_update({"frame-src": ["'self'"]})
@require(Ability.CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def edit_step(request: MemberRequest, campaign_id: int, step: str) -> HttpResponse:
    """One step; saving goes on to the next one."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    if campaign.status != CampaignStatus.DRAFT:
        return redirect("campaign", campaign.pk)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            fields = fields_of(request, step)
            services.update(campaign=campaign, member=request.member, **fields)
            return _go_on(request, campaign, step)
        except ValidationError as error:
            errors = error.message_dict
    context = _context(request, campaign, step, errors) | {"errors": errors}
    status = 422 if errors else 200
    return render(request, f"campaigns/step_{step}.html", context, status=status)


@require(Ability.CAMPAIGNS)
@require_GET
def audience(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Whom the chosen segment selects right now, as a fragment."""
    campaign = draft_or_404(request, campaign_id)
    segment = row(request, Segment, "segment")
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
def template_fields(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """The fields of the template that was chosen, as a fragment."""
    campaign = draft_or_404(request, campaign_id)
    context = {"campaign": campaign, "choosing": choosing(campaign, request.POST, {})}
    return render(request, "campaigns/_template.html", context)


@require(Ability.CAMPAIGNS)
@require_POST
def test_send(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Send the message once to a number of one's own."""
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


def _go_on(request: MemberRequest, campaign: Campaign, step: str) -> HttpResponse:
    """To the step that was asked for, to a new segment for this campaign, or to the next step."""
    wanted = request.POST.get("go", "")
    if wanted == "segment":
        return redirect(f"{reverse('segment-add')}?campaign={campaign.pk}")
    return redirect(
        "campaign-step", campaign.pk, wanted if wanted in STEPS else NEXT.get(step, step)
    )


def _context(
    request: MemberRequest, campaign: Campaign, step: str, errors: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    context = phone(_draft(request, campaign), chosen_contact(request, campaign))
    context |= {"campaign": campaign, "step": step, "steps": _steps(campaign, step)}
    if step == "who":
        return context | _who(request, campaign)
    if step == "what":
        return context | _what(request, campaign, errors)
    if step == "where":
        return context | _where(request, campaign, errors)
    problems = services.launch_errors(campaign)
    return context | {
        "problems": problems,
        "behind_problem": " ".join(
            words for name, words in problems.items() if name.startswith("fallback")
        ),
        "saying_problem": " ".join(
            words
            for name, words in problems.items()
            if name.startswith(("text", "content", "mail"))
        ),
        "behind_words": campaign_words(campaign),
        "medium": medium(campaign.channel.kind) if campaign.channel else "",
        "forecast": foresee(campaign),
    }


def _draft(request: MemberRequest, campaign: Campaign) -> Campaign:
    """With what is typed, as far as it can be looked at."""
    try:
        return unsaved(request, campaign)
    except ValidationError:
        return campaign


def _who(request: MemberRequest, campaign: Campaign) -> dict[str, Any]:
    chosen = request.POST.get("segment") or request.GET.get("segment")
    segments = Segment.objects.in_workspace(request.member.workspace)
    return {
        "name": request.POST.get("name", campaign.name),
        "segments": segments.order_by("name")[:500],
        "segment_id": str(chosen or campaign.segment_id or ""),
    }


def _what(
    request: MemberRequest, campaign: Campaign, errors: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    saved = _content(campaign)
    templated = "template" in saved
    value = json.dumps({} if templated else saved)
    mode = request.POST.get("mode") or _mode(campaign, templated)
    chosen = choosing(campaign, request.POST, errors)
    return {
        "rich": mode == RICH,
        "by_template": mode == TEMPLATE,
        **mail_fields(request, campaign, errors),
        "by_mail": mode == MAIL,
        "choosing": chosen,
        "has_templates": bool(chosen.rows) or templated,
        "typed": request.POST.get("text", campaign.text),
        "builder": Builder(
            upload_url=reverse("campaign-files", args=[campaign.pk]),
            preview_url=reverse("campaign-preview", args=[campaign.pk]),
            preview="#phone",
            value=_readable(request.POST.get("content", value)),
            errors=json.dumps({n: list(w) for n, w in errors.items() if n.startswith("content")}),
        ),
        "variables": variables(request.member.workspace).items(),
        "example": "{{ first_name|" + _("friend") + " }}",
    }


def _mode(campaign: Campaign, templated: bool) -> str:
    if campaign.mail is not None:
        return MAIL
    return TEMPLATE if templated else RICH if campaign.content else ""


def _content(campaign: Campaign) -> dict[str, Any]:
    """The saved content, or the text to begin with; files with their names."""
    if campaign.content is None:
        return {"text": campaign.text} if campaign.text else {}
    content = written(campaign.content)
    known = files_in(content, campaign.workspace_id)
    named = each_media(content, lambda one, path: known.get(one.file, one))
    return write(without_links(named))


def _readable(value: str) -> str:
    """What was sent, if the builder can begin with it."""
    try:
        return json.dumps(parsed(value))
    except ValidationError:
        return "{}"


def _where(
    request: MemberRequest, campaign: Campaign, errors: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    rows = list(Channel.objects.in_workspace(request.member.workspace).order_by("name"))
    if campaign.mail is not None:
        rows = [one for one in rows if sends_mail(one)]
    labels = {kind: cls.label for kind, cls in adapters().items()}
    chosen = row(request, Channel, "channel") or campaign.channel
    if chosen is None and len(rows) == 1:
        chosen = rows[0]
    data = request.POST if request.method == "POST" else None
    return {
        "channels": [(one, labels.get(one.kind, one.kind)) for one in rows],
        "chosen": chosen,
        # Nothing takes over from a mail.
        "behind": None if campaign.mail else behind_form(campaign, chosen, data, errors),
    }


def _steps(campaign: Campaign, current: str) -> list[tuple[str, Any, bool, bool]]:
    """(name, label, done, current) of each step."""
    done = {
        "who": campaign.segment_id is not None,
        "what": campaign.says_something,
        "where": campaign.channel_id is not None,
        "check": False,
    }
    return [(name, label, done[name], name == current) for name, label in STEPS.items()]
