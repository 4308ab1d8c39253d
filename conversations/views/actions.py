"""What people do in the inbox: form → service → the fragment that shows the result."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts.members import MemberRequest, workspace_members
from accounts.models import Team
from accounts.scoping import get_scoped
from contacts.models import Label
from conversations import forms, services
from conversations.compose import ThreadMoved, compose
from conversations.models import Conversation, Message, Status
from conversations.presenters.conversation import header, present
from conversations.presenters.going import link_note
from conversations.retrying import retry_files, retry_message
from conversations.views.access import conversation_of, inbox_view, list_filter, message_of
from conversations.views.answered import answered, kept
from conversations.views.fragments import fresh_rows
from gateway.media import words
from gateway.media.attaching import as_media
from gateway.media.uploads import take_upload
from gateway.pages.builder import read_built


def action(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A POST of a member of the inbox; a ValidationError becomes 422 with the errors by field."""

    @require_POST
    @inbox_view
    @wraps(view)
    def wrapped(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ValidationError as error:
            return JsonResponse({"errors": _by_field(error)}, status=422)

    return wrapped


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    return error.message_dict if hasattr(error, "error_dict") else {"": error.messages}


def cleaned(form: Form) -> dict[str, Any]:
    """The form's values; its errors as a ValidationError."""
    if not form.is_valid():
        raise ValidationError(form.errors.as_data())
    return form.cleaned_data


def _header(request: MemberRequest, conversation: Conversation) -> HttpResponse:
    fresh = conversation_of(request, conversation.pk)
    context = {
        "conversation": fresh,
        "header": header(fresh, request.member),
        "chosen": list_filter(request),
    }
    return render(request, "conversations/header.html", context)


def _bubble(request: MemberRequest, message: Message, status: int = 200) -> HttpResponse:
    context = {"bubbles": present([message], request.member), "conversation": message.conversation}
    return render(request, "conversations/messages.html", context, status=status)


@action
def send(request: MemberRequest, pk: int) -> HttpResponse:
    """Send a reply or keep a note; 409 with what came meanwhile when the thread moved."""
    conversation = conversation_of(request, pk)
    data = cleaned(forms.ComposeForm(request.POST))
    try:
        message = compose(
            conversation=conversation,
            author=request.member,
            text=data["text"],
            uid=data["uid"],
            note=data["note"],
            seen=None if data["sure"] else data["seen"],
            files=data["file"],
            content=read_built(data["content"]) if data["content"] else None,
            voice=data["voice"],
            **answered(conversation, data),
        )
    except ThreadMoved as moved:
        context = {"bubbles": present(moved.arrived, request.member), "conversation": conversation}
        return render(request, "conversations/moved.html", context, status=409)
    return _bubble(request, message, status=201)


@action
def upload(request: MemberRequest, pk: int) -> HttpResponse:
    """Keep a file that is to be sent here, and say how it will go."""
    conversation = conversation_of(request, pk)
    row = take_upload(request, workspace_id=request.member.workspace_id)
    shown = {
        "id": str(row.uid),
        "name": row.name,
        "content_type": row.content_type,
        "size": words.size(row.size),
        "note": link_note(conversation, as_media(row)),
    }
    return JsonResponse(shown, status=201)


@action
def retry(request: MemberRequest, pk: int, message_pk: int) -> HttpResponse:
    """Send a failed or unclear message once more."""
    message = message_of(request, pk, message_pk)
    retry_message(message=message, by=request.member)
    return _bubble(request, message)


@action
def refetch(request: MemberRequest, pk: int, message_pk: int) -> HttpResponse:
    """Fetch the customer's files once more that could not be fetched."""
    message = message_of(request, pk, message_pk)
    retry_files(message=message)
    return _bubble(request, message)


@action
def draft(request: MemberRequest, pk: int) -> HttpResponse:
    """Keep what is typed."""
    conversation = conversation_of(request, pk)
    data = cleaned(forms.DraftForm(request.POST))
    services.save_draft(
        conversation=conversation,
        member=request.member,
        text=data["text"],
        note=data["note"],
        beside=kept(data),
    )
    return HttpResponse(status=204)


@action
def read(request: MemberRequest, pk: int) -> HttpResponse:
    """The member has seen the conversation up to now; answers its row and the counts."""
    services.mark_read(conversation=conversation_of(request, pk), member=request.member)
    return fresh_rows(request, [pk])


@action
def assign(request: MemberRequest, pk: int) -> HttpResponse:
    """Give the conversation to a member or back to the queue."""
    conversation = conversation_of(request, pk)
    chosen = cleaned(forms.AssignForm(request.POST))["member"]
    workspace = request.member.workspace_id
    member = get_scoped(workspace_members(workspace), workspace, pk=chosen) if chosen else None
    services.assign(conversation=conversation, member=member, by=request.member)
    return _header(request, conversation)


@action
def status(request: MemberRequest, pk: int) -> HttpResponse:
    """Resolve, reopen, set pending or snooze."""
    conversation = conversation_of(request, pk)
    data = cleaned(forms.StatusForm(request.POST))
    _set_status(conversation, data["status"], data.get("until"), request)
    return _header(request, conversation)


def _set_status(
    conversation: Conversation, wanted: str, until: datetime | None, request: MemberRequest
) -> None:
    by = request.member
    if wanted == Status.RESOLVED:
        services.resolve(conversation=conversation, by=by)
    elif wanted == Status.PENDING:
        services.set_pending(conversation=conversation, by=by)
    elif wanted == Status.SNOOZED and until is not None:
        services.snooze(conversation=conversation, until=until, by=by)
    else:
        services.reopen(conversation=conversation, by=by)


@action
def labels(request: MemberRequest, pk: int) -> HttpResponse:
    """Replace the labels."""
    conversation = conversation_of(request, pk)
    known = {row.pk: row for row in Label.objects.in_workspace(request.member.workspace_id)}
    form = forms.LabelsForm(request.POST, known={key: row.name for key, row in known.items()})
    chosen = [known[key] for key in cleaned(form)["labels"]]
    services.set_labels(conversation=conversation, labels=chosen, by=request.member)
    return _header(request, conversation)


@action
def priority(request: MemberRequest, pk: int) -> HttpResponse:
    """Say how urgent it is."""
    conversation = conversation_of(request, pk)
    chosen = cleaned(forms.PriorityForm(request.POST))["priority"]
    services.set_priority(conversation=conversation, priority=chosen, by=request.member)
    return _header(request, conversation)


@action
def team(request: MemberRequest, pk: int) -> HttpResponse:
    """Put it on a team's list."""
    conversation = conversation_of(request, pk)
    chosen = cleaned(forms.TeamForm(request.POST))["team"]
    row = get_scoped(Team, request.member.workspace_id, pk=chosen) if chosen else None
    services.set_team(conversation=conversation, team=row, by=request.member)
    return _header(request, conversation)
