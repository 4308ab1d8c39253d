"""Choosing a template in the composer, and filling it in."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import MemberRequest
from accounts.scoping import get_scoped
from conversations.presenters.conversation import shown_window
from conversations.presenters.templating import (
    choices,
    fields,
    file_kind,
    suggestions,
    values_in,
)
from conversations.views.access import conversation_of, inbox_view
from gateway.models import StoredTemplate
from gateway.pages.shown_template import bubble_of
from gateway.templates.model import Standing


@require_safe
@inbox_view
def window(request: MemberRequest, pk: int) -> HttpResponse:
    """For how long one may write freely, by now."""
    conversation = conversation_of(request, pk)
    context = {"conversation": conversation, "window": shown_window(conversation)}
    return render(request, "conversations/_window.html", context)


@require_safe
@inbox_view
def template_choices(request: MemberRequest, pk: int) -> HttpResponse:
    """The templates that can be sent here; with ``q`` those with these words."""
    conversation = conversation_of(request, pk)
    words = request.GET.get("q", "")[:100]
    context = {
        "conversation": conversation,
        "templates": choices(conversation, words),
        "words": words,
    }
    piece = "_template_rows" if "q" in request.GET else "_template_choices"
    return render(request, f"conversations/{piece}.html", context)


@require_http_methods(["GET", "POST"])
@inbox_view
def template_form(request: MemberRequest, pk: int, template_id: int) -> HttpResponse:
    """The fields of one template; posted, how it looks with what is typed."""
    conversation = conversation_of(request, pk)
    rows = StoredTemplate.objects.filter(
        channel=conversation.reply_channel, status=Standing.APPROVED
    )
    row = get_scoped(rows, request.member.workspace_id, pk=template_id)
    given = row.given
    if request.method == "POST":
        bubble = bubble_of(given, values_in(request.POST, given))
        return render(request, "content/_template.html", {"bubble": bubble})
    context = {
        "conversation": conversation,
        "template": row,
        "fields": fields(given),
        "file_kind": file_kind(given),
        "suggestions": suggestions(conversation.contact),
        "bubble": bubble_of(given),
    }
    return render(request, "conversations/_template_form.html", context)
