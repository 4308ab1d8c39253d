"""What a channel's admin says about public answers, and the telling of its webhook's address."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from gateway.channels import update_channel
from gateway.duties.setting import set_duties
from gateway.models import Channel
from gateway.registry import capabilities_of


@require(Ability.SETTINGS)
@require_POST
def change_approval(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Whether a colleague approves what is said in public."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    if not capabilities_of(channel).public:
        raise Http404
    wanted = "public_approval" in request.POST
    update_channel(channel=channel, member=request.member, public_approval=wanted)
    messages.success(request, _("Saved."))
    return redirect("settings-channel", channel.pk)


@require(Ability.SETTINGS)
@require_POST
def register_again(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Tell the provider once more where its webhooks go."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    if not capabilities_of(channel).registers:
        raise Http404
    set_duties(channel)
    messages.info(request, _("The provider is being told. Look again in a moment."))
    return redirect("settings-channel", channel.pk)
