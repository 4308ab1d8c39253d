"""Plans chats and changes them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from hashtags import services
from hashtags.checking import weigh
from hashtags.kinds import channels_of
from hashtags.models import HashtagChat, Phase, QuestionState
from hashtags.pages.forms import (
    ChatForm,
    Row,
    blank,
    initial_of,
    measure,
    rows_of,
    typed_rows,
)
from hashtags.pages.live import ROWS


@require(Ability.CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def add_chat(request: MemberRequest) -> HttpResponse:
    """A new chat; ``?from=`` begins it as another one a week later."""
    workspace = request.member.workspace
    if not channels_of(workspace).exists():
        return redirect("hashtag-chats")
    if request.method == "POST":
        form, rows = ChatForm(workspace, request.POST), typed_rows(request.POST)
        chat = _saved(request, form, rows, None)
        if chat is not None:
            messages.success(request, _("The chat is planned. Its questions go out by themselves."))
            return redirect("hashtag-chat", chat.pk)
        return _page(request, form, rows)
    first = request.GET.get("from", "")
    if first:
        like = get_scoped(ROWS, workspace, pk=first)
        return _page(
            request,
            ChatForm(workspace, initial=initial_of(like, days=7)),
            rows_of(like.questions.all()),
        )
    rows = [Row(minute="0"), Row(minute="10"), Row(minute="20")]
    return _page(request, ChatForm(workspace, initial=blank(workspace)), rows)


@require(Ability.CAMPAIGNS)
@require_http_methods(["GET", "POST"])
def edit_chat(request: MemberRequest, chat_id: int) -> HttpResponse:
    """Change one; once it has begun, what still waits of it."""
    workspace = request.member.workspace
    chat = get_scoped(ROWS, workspace, pk=chat_id)
    if chat.phase not in (Phase.COMING, Phase.RUNNING):
        return redirect("hashtag-chat", chat.pk)
    begun = chat.phase == Phase.RUNNING or _gone_out(chat)
    options: Any = {"begun": bool(begun), "initial": initial_of(chat)}
    if request.method == "POST":
        form, rows = ChatForm(workspace, request.POST, **options), typed_rows(request.POST)
        if _saved(request, form, rows, chat) is not None:
            messages.success(request, _("Saved."))
            return redirect("hashtag-chat", chat.pk)
    else:
        form, rows = ChatForm(workspace, **options), rows_of(chat.questions.all(), waiting=True)
    return _page(request, form, rows, chat)


@require(Ability.CAMPAIGNS)
@require_POST
def weigh_question(request: MemberRequest) -> HttpResponse:
    """How long a question is, as the account counts, as a fragment."""
    channels = channels_of(request.member.workspace_id)
    wanted = request.POST.get("channel") or getattr(channels.first(), "pk", None)
    channel = get_scoped(channels, request.member.workspace_id, pk=wanted)
    text, hashtag = request.POST.get("question_text", ""), request.POST.get("hashtag", "")
    size = weigh(channel, text[:30_000], hashtag[:200])
    return render(request, "hashtags/_size.html", {"size": size})


@require(Ability.CAMPAIGNS)
@require_POST
def cancel_chat(request: MemberRequest, chat_id: int) -> HttpResponse:
    """Ask and gather nothing more."""
    chat = get_scoped(ROWS, request.member.workspace_id, pk=chat_id)
    try:
        services.cancel(chat=chat, member=request.member)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("hashtag-chat", chat.pk)


@require(Ability.CAMPAIGNS)
@require_POST
def delete_chat(request: MemberRequest, chat_id: int) -> HttpResponse:
    """Remove one that has not begun."""
    chat = get_scoped(ROWS, request.member.workspace_id, pk=chat_id)
    try:
        services.delete(chat=chat, member=request.member)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("hashtag-chat", chat.pk)
    messages.success(request, _("The chat was deleted."))
    return redirect("hashtag-chats")


def _gone_out(chat: HashtagChat) -> list[Any]:
    return [row for row in chat.questions.all() if row.state != QuestionState.WAITING]


def _saved(
    request: MemberRequest, form: ChatForm, rows: Sequence[Row], chat: HashtagChat | None
) -> HashtagChat | None:
    """The chat; None, and the errors beside the fields, when something is wrong."""
    if not form.is_valid():
        return None
    fields = form.given() | {"questions": [row.planned for row in rows]}
    try:
        if chat is not None:
            return services.update(chat=chat, member=request.member, **fields)
        return services.create(workspace=request.member.workspace, member=request.member, **fields)
    except ValidationError as error:
        form.place(error, rows)
        return None


def _page(
    request: MemberRequest, form: ChatForm, rows: Sequence[Row], chat: HashtagChat | None = None
) -> HttpResponse:
    measure(rows, form)
    context = {
        "form": form,
        "chat": chat,
        "rows": rows,
        "gone_out": _gone_out(chat) if chat else [],
        "empty_row": Row(),
    }
    status = 422 if form.is_bound else 200
    return render(request, "hashtags/editor.html", context, status=status)
