"""The list of campaigns, and what becomes of one that is launched."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from campaigns import services
from campaigns.ledger import Ledger
from campaigns.mail.tracking import mail_numbers
from campaigns.models import Campaign, CampaignStatus, SkipReason
from campaigns.pages.behind_form import campaign_words
from campaigns.pages.drafts import ROWS
from campaigns.pages.export import csv_rows
from campaigns.presenters import OUTCOME_NAMES, failure_words, funnel, lines
from campaigns.selectors import costs_so_far, failures, list_campaigns, progress, progress_of
from gateway.quiet.places import Rule

PAGE = 30
LINES = 50
ACTIONS = {"pause": services.pause, "resume": services.resume, "cancel": services.cancel}


@require(Ability.CAMPAIGNS)
@require_GET
def campaign_list(request: MemberRequest) -> HttpResponse:
    """All campaigns with their progress, newest first."""
    rows = list_campaigns(request.member.workspace)
    before = _number(request.GET.get("before"))
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE + 1])
    numbers = progress_of(found[:PAGE])
    context = {
        "rows": [(campaign, numbers[campaign.pk]) for campaign in found[:PAGE]],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "first_page": before is None,
    }
    return render(request, "campaigns/list.html", context)


@require(Ability.CAMPAIGNS)
@require_GET
def campaign_page(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """A launched campaign's live result; a draft goes to its editor."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    if campaign.status == CampaignStatus.DRAFT:
        return redirect("campaign-step", campaign.pk, _resume_at(campaign))
    return render(request, "campaigns/result.html", _result(request, campaign))


@require(Ability.CAMPAIGNS)
@require_GET
def campaign_live(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """The numbers and the ledger again, as a fragment."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    return render(request, "campaigns/_live.html", _result(request, campaign))


@require(Ability.CAMPAIGNS)
@require_GET
def campaign_cost(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """What has been sent so far costs, as a fragment."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    context = {"campaign": campaign, "costs": costs_so_far(campaign)}
    return render(request, "campaigns/_cost.html", context)


@require(Ability.CAMPAIGNS)
@require_GET
def campaign_clicks(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Who opened, clicked and unsubscribed, in numbers, as a fragment."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    context = {"campaign": campaign, "counted": mail_numbers(campaign) if campaign.made else None}
    return render(request, "campaigns/mail/_numbers.html", context)


@require(Ability.CAMPAIGNS)
@require_POST
def launch_campaign(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Send now; a second click finds it sending already."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    try:
        services.launch(campaign=campaign, member=request.member)
    except services.WrongStatus:
        return redirect("campaign", campaign.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("campaign-step", campaign.pk, "check")
    return redirect("campaign", campaign.pk)


@require(Ability.CAMPAIGNS)
@require_POST
def move_campaign(request: MemberRequest, campaign_id: int, action: str) -> HttpResponse:
    """Pause, resume or cancel."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    try:
        ACTIONS[action](campaign=campaign, member=request.member)
    except services.WrongStatus as error:
        messages.error(request, " ".join(error.messages))
    return redirect("campaign", campaign.pk)


@require(Ability.CAMPAIGNS)
@require_POST
def delete_campaign(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Throw a draft away."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    try:
        services.delete_draft(campaign=campaign, member=request.member)
    except services.WrongStatus as error:
        messages.error(request, " ".join(error.messages))
        return redirect("campaign", campaign.pk)
    messages.success(request, _("The draft was deleted."))
    return redirect("campaigns")


@require(Ability.CAMPAIGNS)  # type: ignore[arg-type]  # a stream is a response as well
@require_GET
def export_ledger(request: MemberRequest, campaign_id: int) -> StreamingHttpResponse:
    """The ledger with the page's filters, as CSV."""
    campaign = get_scoped(ROWS, request.member.workspace_id, pk=campaign_id)
    response = StreamingHttpResponse(
        csv_rows(Ledger(campaign, **_filters(request))), content_type="text/csv; charset=utf-8"
    )
    name = slugify(campaign.name)[:60] or "campaign"
    response["Content-Disposition"] = f'attachment; filename="{name}-{campaign.pk}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _result(request: MemberRequest, campaign: Campaign) -> dict[str, Any]:
    numbers = progress(campaign)
    filters = _filters(request)
    after = _number(request.GET.get("after"))
    found = Ledger(campaign, **filters).page(LINES + 1, after=after or 0)
    return {
        "campaign": campaign,
        "behind_words": campaign_words(campaign),
        "numbers": numbers,
        "funnel": funnel(numbers),
        "failures": [
            (failure_words(kind), code, words, count)
            for kind, code, words, count in failures(campaign)
        ]
        if numbers.failed
        else [],
        "skipped": [(SkipReason(word).label, word, n) for word, n in numbers.skipped.items()],
        "lines": list(lines(found[:LINES], Rule.of(campaign.workspace))),
        "next": found[LINES - 1].recipient.pk if len(found) > LINES else None,
        "filters": filters,
        "after": after,
        "outcomes": _outcomes(numbers, filters["outcome"]),
        "live": campaign.status in (CampaignStatus.SENDING, CampaignStatus.PAUSED),
    }


def _outcomes(numbers: Any, chosen: str) -> list[tuple[str, Any, int]]:
    """The filters that have lines, or are chosen."""
    counts = dict(numbers.states)
    counts["queued"] = counts.get("queued", 0) + counts.pop("sending", 0)
    counts["skipped"] = numbers.skipped_total
    return [
        (name, label, counts.get(name, 0))
        for name, label in OUTCOME_NAMES.items()
        if counts.get(name) or name == chosen
    ]


def _filters(request: MemberRequest) -> dict[str, Any]:
    outcome, reason = request.GET.get("state", ""), request.GET.get("reason", "")
    return {
        "outcome": outcome if outcome in OUTCOME_NAMES else "",
        "reason": reason if reason in SkipReason.values else "",
        "replied": request.GET.get("replied") == "1",
    }


def _resume_at(campaign: Campaign) -> str:
    """The first step that is not done."""
    if campaign.segment_id is None:
        return "who"
    if not campaign.says_something:
        return "what"
    return "where" if campaign.channel_id is None else "check"


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 19 else None
