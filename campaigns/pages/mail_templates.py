"""Saved mails: list, edit with a look at them, duplicate, archive; and whether mails count."""

from typing import Any

from csp.decorators import csp_update
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from campaigns.mail import saved
from campaigns.mail.draft import LIMITS, MailDraft, read_mail
from campaigns.mail.launching import tracks_by_default
from campaigns.mail.model import MailTemplate
from campaigns.models import Campaign
from campaigns.pages.mail_look import MailLook, frame, kept_look, look_at
from campaigns.pages.mail_typed import text_of_typed, typed_mail
from contacts.models import Contact
from contacts.rendering import variables

ROWS = MailTemplate.objects.select_related("workspace", "created_by__user")
FRAMES = csp_update({"frame-src": ["'self'"]})


@require(Ability.CAMPAIGNS)
@require_GET
def template_list(request: MemberRequest) -> HttpResponse:
    """All of them, and whether campaigns by mail count who opens and clicks."""
    workspace = request.member.workspace
    archived = "archived" in request.GET
    rows = saved.templates_of(workspace, archived=archived).select_related("created_by__user")
    context = {
        "rows": rows[:500],
        "archived": archived,
        "archived_count": saved.templates_of(workspace, archived=True).count(),
        "starters": saved.STARTERS.items(),
        "tracks": tracks_by_default(workspace),
    }
    return render(request, "campaigns/mail/templates.html", context)


@FRAMES
@require(Ability.CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def add_template(request: MemberRequest) -> HttpResponse:
    """A new one, from nothing or from ``?begin=``."""
    if request.method == "POST":
        return _save(request, None)
    draft = saved.begin(request.member.workspace, request.GET.get("begin", "")) or MailDraft()
    return _page(request, None, "", draft)


@FRAMES
@require(Ability.CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def edit_template(request: MemberRequest, mail_template_id: int) -> HttpResponse:
    """Change one; campaigns that began with it stay as they are."""
    row = get_scoped(ROWS, request.member.workspace_id, pk=mail_template_id)
    if request.method == "POST":
        return _save(request, row)
    return _page(request, row, row.name, MailDraft.of(row.mail))


@require(Ability.CAMPAIGNS)
@require_POST
def move_template(request: MemberRequest, mail_template_id: int, act: str) -> HttpResponse:
    """Duplicate, archive, or take out of the archive."""
    row = get_scoped(ROWS, request.member.workspace_id, pk=mail_template_id)
    try:
        if act == "duplicate":
            copy = saved.duplicate(template=row, member=request.member)
            return redirect("mail-template", copy.pk)
        saved.archive(template=row, member=request.member, archived=act == "archive")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        words = _("Put into the archive.") if act == "archive" else _("Taken out of the archive.")
        messages.success(request, words)
    return redirect("mail-templates")


@require(Ability.CAMPAIGNS)
@require_GET
def begin(request: MemberRequest) -> HttpResponse:
    """What a mail can begin with, as JSON for the editor; 404 for none such."""
    draft = saved.begin(request.member.workspace, request.GET.get("begin", ""))
    if draft is None:
        raise Http404("Nothing to begin with.")
    return JsonResponse({name: getattr(draft, name) for name in LIMITS})


@require(Ability.CAMPAIGNS)
@require_POST
def look(request: MemberRequest) -> HttpResponse:
    """The frames with what is typed."""
    shown = _look(request, typed_mail(request.POST))
    context = {"look": shown, "frame_url": reverse("mail-template-frame")}
    return render(request, "campaigns/mail/_look.html", context)


@require(Ability.CAMPAIGNS)
@require_POST
def as_text(request: MemberRequest) -> HttpResponse:
    """The text part that the typed HTML makes."""
    return HttpResponse(text_of_typed(request.POST.get("mail-html", "")), content_type="text/plain")


@require(Ability.CAMPAIGNS)
@require_safe
@xframe_options_sameorigin
def template_frame(request: MemberRequest) -> HttpResponse:
    """The HTML that was just looked at (``?look=``)."""
    return frame(kept_look(request.member.workspace_id, request.GET.get("look", "")))


@require(Ability.CAMPAIGNS)
@require_POST
def change_settings(request: MemberRequest) -> HttpResponse:
    """Whether campaigns by mail count who opens and clicks, where they do not say."""
    saved.set_tracking(
        workspace=request.member.workspace,
        member=request.member,
        tracks=request.POST.get("tracks") == "on",
    )
    messages.success(request, _("Saved."))
    return redirect("mail-templates")


def _save(request: MemberRequest, row: MailTemplate | None) -> HttpResponse:
    typed, name = typed_mail(request.POST), request.POST.get("name", "")
    try:
        saved.save_template(
            workspace=request.member.workspace,
            member=request.member,
            template=row,
            name=name,
            mail=typed,
        )
    except ValidationError as error:
        return _page(request, row, name, MailDraft(**typed), error.message_dict)
    messages.success(request, _("Saved."))
    return redirect("mail-templates")


def _page(
    request: MemberRequest,
    row: MailTemplate | None,
    name: str,
    draft: MailDraft,
    errors: dict[str, list[str]] | None = None,
) -> HttpResponse:
    found = errors or {}
    context: dict[str, Any] = {
        "row": row,
        "name": name,
        "mail": draft,
        "errors": found,
        "mail_errors": {field: found.get(f"mail.{field}", []) for field in LIMITS},
        "look": _look(request, {field: getattr(draft, field) for field in LIMITS}),
        "frame_url": reverse("mail-template-frame"),
        "variables": variables(request.member.workspace).items(),
    }
    status = 422 if errors else 200
    return render(request, "campaigns/mail/template.html", context, status=status)


def _look(request: MemberRequest, typed: dict[str, str]) -> MailLook | None:
    workspace = request.member.workspace
    try:
        draft = Campaign(workspace=workspace, mail=read_mail(typed).written())
    except ValidationError:
        return None
    people = Contact.objects.in_workspace(workspace).exclude(name="")
    return look_at(draft, people.order_by("-id").first())
