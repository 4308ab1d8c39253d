"""A channel's templates: the list, fetching, handing one in, removing one."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from gateway.errors import SendError
from gateway.models import Channel, StoredTemplate
from gateway.pages.shown_template import bubble_of, shown_template
from gateway.pages.template_form import TemplateForm, example_fields
from gateway.templates.keeping import (
    create_template,
    delete_template,
    fetch_templates,
    has_templates,
)
from gateway.templates.model import Standing


@require(Ability.SETTINGS)
@require_GET
def template_list(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """All templates; those that are gone at the end."""
    channel = _channel(request, channel_id)
    rows = StoredTemplate.objects.filter(channel=channel).order_by("name", "language", "id")
    shown = sorted(map(shown_template, rows), key=lambda one: one.row.status == Standing.DELETED)
    return render(
        request, "settings/channels/templates.html", {"channel": channel, "templates": shown}
    )


@require(Ability.SETTINGS)
@require_POST
def fetch(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Ask the provider now."""
    channel = _channel(request, channel_id)
    try:
        count = fetch_templates(channel)
    except SendError as error:
        messages.error(request, _("Not fetched: %(reason)s") % {"reason": error.text})
    else:
        words = ngettext("%(count)d template fetched.", "%(count)d templates fetched.", count)
        messages.success(request, words % {"count": count})
    return redirect("settings-channel-templates", channel.pk)


@require(Ability.SETTINGS)
@require_http_methods(["GET", "POST"])
def add_template(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Hand a new one in."""
    channel = _channel(request, channel_id)
    form = TemplateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _handed_in(request, channel, form):
        messages.success(request, _("Handed in. The provider says here when it is approved."))
        return redirect("settings-channel-templates", channel.pk)
    status = 422 if form.errors or form.example_errors else 200
    context = _preview(form) | {"channel": channel, "form": form, "example": "{{1}}"}
    return render(request, "settings/channels/template_add.html", context, status=status)


def _handed_in(request: MemberRequest, channel: Channel, form: TemplateForm) -> bool:
    try:
        create_template(channel=channel, member=request.member, draft=form.draft())
    except ValidationError as error:
        form.refuse(error)
    except SendError as error:
        form.add_error(None, _("Not handed in: %(reason)s") % {"reason": error.text})
    return not form.errors and not form.example_errors


@require(Ability.SETTINGS)
@require_POST
def preview_template(request: MemberRequest, channel_id: uuid.UUID) -> HttpResponse:
    """How it looks so far, and a field for the example of each parameter."""
    _channel(request, channel_id)
    context = _preview(TemplateForm(request.POST))
    names = ",".join(one.name for one in context["examples"])
    context["examples_changed"] = names != request.POST.get("examples", "")
    return render(request, "settings/channels/_template_preview.html", context)


def _preview(form: TemplateForm) -> dict[str, Any]:
    if not form.is_bound:
        return {"examples": [], "bubble": None}
    draft, given = form.draft(), form.examples()
    paths = ("body", "header_values")
    values = {f"{path}.{name}": value for path in paths for name, value in given.items()}
    bubble = bubble_of(draft, values) if draft.body or draft.header else None
    return {"examples": example_fields(form), "bubble": bubble}


@require(Ability.SETTINGS)
@require_POST
def remove_template(
    request: MemberRequest, channel_id: uuid.UUID, template_id: int
) -> HttpResponse:
    """Remove it at the provider."""
    channel = _channel(request, channel_id)
    rows = StoredTemplate.objects.select_related("channel").filter(channel=channel)
    row = get_scoped(rows, request.member.workspace_id, pk=template_id)
    try:
        delete_template(template=row, member=request.member)
    except SendError as error:
        messages.error(request, _("Not deleted: %(reason)s") % {"reason": error.text})
    else:
        messages.success(request, _("“%(name)s” is deleted.") % {"name": row.name})
    return redirect("settings-channel-templates", channel.pk)


def _channel(request: MemberRequest, channel_id: uuid.UUID) -> Channel:
    channel = get_scoped(Channel, request.member.workspace_id, pk=channel_id)
    if not has_templates(channel):
        raise Http404
    return channel
