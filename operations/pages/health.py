"""Health: how each channel and the workers are doing, live, with charts of the last hour or day."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from gateway.models import Channel
from operations.board import cards, processes
from operations.sampling import DAY, HOUR, Window


def window_of(request: MemberRequest) -> Window:
    """The stretch of time asked for; the last hour unless it is a day."""
    return DAY if request.GET.get("range") == DAY.name else HOUR


@never_cache
@require(Ability.SETTINGS)
@require_GET
def board(request: MemberRequest) -> HttpResponse:
    """All channels of the workspace; htmx asks again for what moves."""
    channels = Channel.objects.in_workspace(request.member.workspace_id).order_by("name", "id")
    window = window_of(request)
    shown = cards(list(channels), window)
    context = {
        "cards": shown,
        "troubled": [card for card in shown if not card.verdict.well],
        "processes": processes(),
        "window": window.name,
    }
    moving = request.headers.get("HX-Request") == "true"
    name = "settings/health/_board.html" if moving else "settings/health/board.html"
    response = render(request, name, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@never_cache
@require(Ability.SETTINGS)
@require_GET
def figures(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """One channel's charts, and the same as a table."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    window = window_of(request)
    card = cards([channel], window)[0]
    context = {
        "card": card,
        "points": [point for point in reversed(card.points) if point is not None],
        "window": window.name,
    }
    return render(request, "settings/health/figures.html", context)
