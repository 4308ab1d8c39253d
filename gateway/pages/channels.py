"""Channels: the list with each one's health, one channel, adding and changing."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import select_template
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from gateway import channels as services
from gateway.channels import Health, channel_health, webhook_url
from gateway.contract import Adapter, ConfigField
from gateway.errors import SendError
from gateway.marks import kind_icon, medium_icon
from gateway.models import Channel
from gateway.pages import connect
from gateway.pages.branding import branding_context
from gateway.pages.fallback_form import fallback_form
from gateway.pages.forms import ChannelForm, TestMessageForm
from gateway.pages.prices import price_form
from gateway.registry import UnknownKind, adapter_class, adapters, capabilities_of


@dataclass(frozen=True, slots=True)
class Card:
    """A channel as the list shows it."""

    channel: Channel
    label: str
    icon: str
    health: Health


def kind_label(kind: str) -> str:
    """The kind's name, or its code when no adapter speaks it any more."""
    try:
        return str(adapter_class(kind).label)
    except UnknownKind:
        return kind


def adapter_or_404(kind: str) -> type[Adapter]:
    """The adapter of a kind somebody typed into a URL."""
    try:
        return adapter_class(kind)
    except UnknownKind as error:
        raise Http404(kind) from error


@require(Ability.SETTINGS)
@require_GET
def channel_list(request: MemberRequest) -> HttpResponse:
    """All channels of the workspace and how they are doing."""
    channels = Channel.objects.in_workspace(request.member.workspace_id).order_by("name", "id")
    health = channel_health(channels)
    cards = [
        Card(row, kind_label(row.kind), kind_icon(row.kind), health[row.pk]) for row in channels
    ]
    return render(request, "settings/channels/list.html", {"cards": cards})


@require(Ability.SETTINGS)
@require_GET
def choose_kind(request: MemberRequest) -> HttpResponse:
    """The first step of adding a channel."""
    kinds = [
        (kind, adapter.label, medium_icon(adapter.medium)) for kind, adapter in adapters().items()
    ]
    return render(request, "settings/channels/kinds.html", {"kinds": kinds})


@never_cache
@require(Ability.SETTINGS)
@require_http_methods(["GET", "POST"])
def add_channel(request: MemberRequest, kind: str) -> HttpResponse:
    """The second step: settings, which the provider has to accept before they are saved."""
    adapter = adapter_or_404(kind)
    form = ChannelForm(request.POST or None, adapter=adapter)
    if request.method == "POST" and form.is_valid():
        try:
            channel, checked = connect.connect(
                member=request.member,
                kind=kind,
                name=form.cleaned_data["name"],
                config=form.config(),
                rate_per_second=form.cleaned_data["rate_per_second"],
            )
        except ValidationError as error:
            form.add_refusal(error)
        else:
            messages.success(request, connect.in_words(checked))
            return redirect("settings-channel-connect", channel.pk)
    return render(
        request,
        "settings/channels/add.html",
        {"form": form, "label": adapter.label},
        status=422 if form.errors else 200,
    )


@never_cache
@require(Ability.SETTINGS)
@require_http_methods(["GET", "POST"])
def edit_channel(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Change name, rate and settings; a secret left empty stays as it is."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    adapter = adapter_or_404(channel.kind)
    if request.method == "GET":
        form = ChannelForm.of(channel)
    else:
        form = ChannelForm(request.POST, adapter=adapter, channel=channel)
        if form.is_valid() and _saved(request, channel, form):
            return redirect("settings-channel", channel.pk)
    return render(
        request,
        "settings/channels/edit.html",
        {"form": form, "channel": channel},
        status=422 if form.errors else 200,
    )


def _saved(request: MemberRequest, channel: Channel, form: ChannelForm) -> bool:
    try:
        checked = connect.change(
            channel=channel,
            member=request.member,
            name=form.cleaned_data["name"],
            config=form.config(),
            rate_per_second=form.cleaned_data["rate_per_second"],
            forget=form.forgotten(),
        )
    except ValidationError as error:
        form.add_refusal(error)
        return False
    said = [_("Saved.")] + ([connect.in_words(checked)] if checked else [])
    messages.success(request, " ".join(said))
    return True


def channel_context(request: MemberRequest, channel: Channel) -> dict[str, Any]:
    """What the pages of one channel show."""
    adapter = adapter_or_404(channel.kind)
    setup = select_template([f"settings/setup/{channel.kind}.html", "settings/setup/default.html"])
    return {
        "channel": channel,
        "label": adapter.label,
        "health": channel_health([channel])[channel.pk],
        # What comes over a bridge is delivered to no address, unless the setup says so.
        "webhook_url": "" if adapter.provider in settings.GATEWAY_BRIDGES else webhook_url(channel),
        "setup_html": setup.render(
            {
                "channel": channel,
                "config": services.public_config(channel),
                "webhook_url": webhook_url(channel),
            }
        ),
        "test_form": TestMessageForm(adapter=adapter),
        "duties": channel.duties.order_by("duty"),
    }


@require(Ability.SETTINGS)
@require_GET
def channel_page(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """One channel: health, settings, webhook address, test."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    context = channel_context(request, channel)
    context["fallback_form"] = fallback_form(channel)
    context |= branding_context(channel)
    context["price_form"] = price_form(channel)
    context["prices_by_message"] = not adapter_class(channel.kind).capabilities.segments
    abilities = capabilities_of(channel)
    context["falls_back"], context["has_templates"] = abilities.falls_back, abilities.templates
    context["public"] = abilities.public
    context["shown"] = _settings_shown(channel)
    return render(request, "settings/channels/detail.html", context)


def _settings_shown(channel: Channel) -> list[tuple[Any, Any, bool]]:
    """Label, value, and whether it is a secret that is set; of long forms only what is set."""
    values, kept = services.public_config(channel), services.secrets_set(channel)
    return [
        (field.label, field_value(field, values.get(field.name)), field.name in kept)
        for field in adapter_or_404(channel.kind).fields
        if values.get(field.name) or field.name in kept or not field.group
    ]


def field_value(field: ConfigField, value: Any) -> Any:
    """A setting's value as people read it."""
    return dict(field.choices).get(value, value)


@require(Ability.SETTINGS)
@require_GET
def connect_channel(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """The last step of adding: enter the address at the provider, send a test, receive one."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    return render(request, "settings/channels/connect.html", channel_context(request, channel))


@require(Ability.SETTINGS)
@require_POST
def change_state(request: MemberRequest, channel_id: uuid.UUID, action: str) -> HttpResponse:
    """Pause or resume sending, switch the whole channel off or on, or check the credentials."""
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    if action == "pause":
        reason = _("Paused by %(name)s.") % {"name": request.member.name}
        services.pause_channel(channel=channel, member=request.member, reason=reason)
    elif action == "resume":
        services.resume_channel(channel=channel, member=request.member)
    elif action == "check":
        _check(request, channel)
    elif action in {"enable", "disable"}:
        enabled = action == "enable"
        services.update_channel(channel=channel, member=request.member, enabled=enabled)
    else:
        raise Http404(action)
    return redirect("settings-channel", channel.pk)


def _check(request: MemberRequest, channel: Channel) -> None:
    try:
        checked = services.check_channel(channel)
    except SendError as error:
        messages.error(request, connect.explain_refusal(error))
    else:
        if checked.tried:
            text = _("The credentials work: %(account)s") % {"account": checked.summary}
            messages.success(request, text)
        else:
            messages.info(request, checked.summary)
