"""Trying a channel out: a test message whose way can be watched, and the first inbound one."""

import uuid

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.audit import record
from accounts.members import MemberRequest, require
from accounts.models import Member
from accounts.roles import Ability
from accounts.scoping import get_scoped
from gateway.models import Channel, Delivery, Priority
from gateway.outbox.queue import queue_delivery
from gateway.pages.forms import TestMessageForm
from gateway.registry import adapter_class
from gateway.states import FINAL, State

# A provider that tells "delivered" but no "read" will say nothing more.
SETTLED = FINAL | {State.DELIVERED}


@transaction.atomic
def send_test(*, channel: Channel, member: Member, to: str, text: str) -> Delivery:
    """Queue a message that belongs to no conversation."""
    delivery = queue_delivery(
        channel=channel,
        address=to,
        text=text,
        message_uid=uuid.uuid4(),
        priority=Priority.SYSTEM,
    )
    record(
        workspace=channel.workspace_id,
        member=member,
        action="channel.tested",
        target=channel,
        to=to,
    )
    return delivery


@require(Ability.SETTINGS)
@require_POST
def test_message(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Send a test and show its way; a wrong number comes back with the form."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    form = TestMessageForm(request.POST, adapter=adapter_class(channel.kind))
    context = {"channel": channel, "test_form": form}
    if not form.is_valid():
        # Not 422: htmx puts nothing but a success into the page.
        return render(request, "settings/channels/_test.html", context)
    context["delivery"] = send_test(channel=channel, member=request.member, **form.cleaned_data)
    return render(request, "settings/channels/_test.html", context)


@require(Ability.SETTINGS)
@require_GET
def test_status(
    request: MemberRequest, channel_id: uuid.UUID, delivery_uid: uuid.UUID
) -> HttpResponse:
    """How far the test message is; asks again by itself until it has arrived or failed."""
    delivery = get_scoped(
        Delivery, request.member.workspace_id, uid=delivery_uid, channel_id=channel_id
    )
    context = {"delivery": delivery, "settled": delivery.state in SETTLED}
    return render(request, "settings/channels/_test_status.html", context)


@require(Ability.SETTINGS)
@require_GET
def first_inbound(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Whether the channel has received anything yet."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    return render(request, "settings/channels/_first_inbound.html", {"channel": channel})
