"""What is done to questions and answers while one looks at them."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.members import MemberRequest, require
from accounts.roles import Ability
from accounts.scoping import get_scoped
from hashtags import answers, services
from hashtags.models import HashtagAnswer, HashtagQuestion

ANSWERS = HashtagAnswer.objects.select_related("chat__channel")
QUESTIONS = HashtagQuestion.objects.select_related("chat__channel")
CHANGED = "chat:changed"


@require(Ability.CAMPAIGNS)
@require_POST
def ask_question(request: MemberRequest, chat_id: int, question_id: int) -> HttpResponse:
    """Let it go out at once."""
    question = get_scoped(QUESTIONS, request.member.workspace_id, pk=question_id, chat_id=chat_id)
    try:
        services.ask_now(question=question, member=request.member)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("hashtag-chat", chat_id)
    return _done(request, chat_id)


@require(Ability.CAMPAIGNS)
@require_POST
def mark_answer(request: MemberRequest, chat_id: int, answer_id: int, action: str) -> HttpResponse:
    """Star or hide, and take it back."""
    answer = _answer(request, chat_id, answer_id)
    if action in ("star", "unstar"):
        answers.star(answer=answer, on=action == "star")
    else:
        answers.hide(answer=answer, on=action == "hide")
    return _done(request, chat_id)


@require(Ability.CAMPAIGNS)
@require_POST
def move_answer(request: MemberRequest, chat_id: int, answer_id: int) -> HttpResponse:
    """To another question of the chat, or to none."""
    answer = _answer(request, chat_id, answer_id)
    wanted = request.POST.get("question", "")
    question = None
    if wanted:
        question = get_scoped(QUESTIONS, request.member.workspace_id, pk=wanted, chat_id=chat_id)
    answers.move(answer=answer, question=question)
    return _done(request, chat_id)


@require(Ability.INBOX)
@require_POST
def open_answer(request: MemberRequest, chat_id: int, answer_id: int) -> HttpResponse:
    """Answer the post in the inbox."""
    answer = _answer(request, chat_id, answer_id)
    try:
        conversation = answers.open_conversation(answer=answer, member=request.member)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("hashtag-chat", chat_id)
    return redirect("conversation", conversation.pk)


def _answer(request: MemberRequest, chat_id: int, answer_id: int) -> HashtagAnswer:
    return get_scoped(ANSWERS, request.member.workspace_id, pk=answer_id, chat_id=chat_id)


def _done(request: MemberRequest, chat_id: int) -> HttpResponse:
    """The page fetches itself anew; without scripts it is loaded."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Trigger": CHANGED})
    return redirect("hashtag-chat", chat_id)
