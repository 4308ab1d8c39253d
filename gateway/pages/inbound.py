"""Inbound trouble: requests that were stored but not understood, and their replay."""

import json
import uuid
from collections.abc import Mapping

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.audit import record
from accounts.members import MemberRequest, require
from accounts.models import Member
from accounts.roles import Ability
from accounts.scoping import get_scoped
from accounts.slices import newest_first
from gateway.inbound import replay
from gateway.models import InboundRequest, InboundState

TROUBLE = [InboundState.FAILED, InboundState.UNKNOWN]
SHOWN_BYTES = 20_000


def troubled(workspace: int, channel: uuid.UUID | None = None) -> QuerySet[InboundRequest]:
    """Requests of the workspace (of one channel) that an admin should look at."""
    rows = InboundRequest.objects.in_workspace(workspace)
    rows = rows.filter(state__in=TROUBLE, erased_at=None)
    return rows.filter(channel=channel) if channel else rows


def chosen_channel(query: Mapping[str, str]) -> uuid.UUID | None:
    """The channel's id that a list is narrowed to; what is no id is ignored."""
    try:
        return uuid.UUID(query.get("channel", ""))
    except ValueError:
        return None


def readable_body(row: InboundRequest) -> str:
    """The body as text, JSON indented, cut when long; whatever is no text becomes a mark."""
    text = bytes(row.body[:SHOWN_BYTES]).decode("utf-8", errors="replace")
    if "json" in str(row.headers.get("content-type", "")):
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return text
    return text.replace("&", "\n&") if "=" in text else text


@transaction.atomic
def replay_for(member: Member, requests: QuerySet[InboundRequest]) -> int:
    """Replay, and note who did it."""
    count = replay(requests=requests)
    record(
        workspace=member.workspace_id,
        member=member,
        action="inbound.replayed",
        target=member.workspace,
        count=count,
    )
    return count


@require(Ability.SETTINGS)
@require_GET
def trouble_list(request: MemberRequest) -> HttpResponse:
    """Failed and unknown requests, newest first."""
    channel = chosen_channel(request.GET)
    rows = troubled(request.member.workspace_id, channel).select_related("channel").defer("body")
    context = {"slice": newest_first(rows, request.GET.get("before", "")), "chosen": channel}
    return render(request, "settings/inbound/list.html", context)


@require(Ability.SETTINGS)
@require_GET
def trouble_entry(request: MemberRequest, request_id: int) -> HttpResponse:
    """One request: what came, and why it was not understood."""
    rows = InboundRequest.objects.select_related("channel")
    row = get_scoped(rows, request.member.workspace_id, pk=request_id)
    context = {"row": row, "body": readable_body(row), "cut": len(row.body) > SHOWN_BYTES}
    return render(request, "settings/inbound/entry.html", context)


@require(Ability.SETTINGS)
@require_POST
def replay_one(request: MemberRequest, request_id: int) -> HttpResponse:
    """Take one request in again."""
    row = get_scoped(InboundRequest, request.member.workspace_id, pk=request_id)
    _tell(request, replay_for(request.member, InboundRequest.objects.filter(pk=row.pk)))
    return redirect("settings-inbound")


@require(Ability.SETTINGS)
@require_POST
def replay_all(request: MemberRequest) -> HttpResponse:
    """Take everything of the list in again."""
    rows = troubled(request.member.workspace_id, chosen_channel(request.POST))
    _tell(request, replay_for(request.member, rows))
    return redirect("settings-inbound")


def _tell(request: MemberRequest, count: int) -> None:
    text = ngettext(
        "%(count)d request is processed again.", "%(count)d requests are processed again.", count
    )
    messages.success(request, text % {"count": count})
