"""Which channel takes over when a message does not arrive."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from gateway import channels as services
from gateway.fallback.model import Success
from gateway.fallback.policy import Policy
from gateway.models import Channel
from gateway.pages.fallback_form import FallbackForm, fallback_form


@require(Ability.SETTINGS)
@require_POST
def change_fallback(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Save it, or show what is wrong."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    form = fallback_form(channel, request.POST)
    if form is None:
        raise Http404
    if form.is_valid() and _saved(request, channel, form):
        messages.success(request, _("Saved."))
        return redirect("settings-channel", channel.pk)
    context = {"channel": channel, "fallback_form": form}
    return render(request, "settings/channels/fallback.html", context, status=422)


def _saved(request: MemberRequest, channel: Channel, form: FallbackForm) -> bool:
    chosen = form.cleaned_data
    policy = None
    if chosen["channel"] is not None:
        policy = Policy(chosen["channel"], chosen["after_s"], Success(chosen["success"]))
    try:
        services.update_channel(channel=channel, member=request.member, fallback=policy)
    except ValidationError as error:
        for name, words in error.message_dict.items():
            form.add_error(name.removeprefix("fallback."), words)
        return False
    return True
