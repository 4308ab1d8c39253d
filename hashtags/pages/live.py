"""The list of chats, and one with its answers as they come in."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.members import MemberRequest, require
from accounts.roles import Ability, may
from accounts.scoping import get_scoped
from hashtags.cells import Echo, cell
from hashtags.kinds import channels_of, post_url
from hashtags.models import HashtagAnswer, HashtagChat, HashtagQuestion, QuestionState
from hashtags.selectors import (
    PAGE,
    conversations_of,
    current_and_past,
    newest_by_question,
    sections,
    tally,
)

ROWS = HashtagChat.objects.select_related("channel", "created_by__user").prefetch_related(
    "questions"
)
PAST = 30
WORDS = {"starred", "hidden", "none"}


@require(Ability.INBOX)
@require_GET
def chat_list(request: MemberRequest) -> HttpResponse:
    """Now, to come, and past."""
    running, coming, past = current_and_past(request.member.workspace_id)
    page = Paginator(past, PAST).get_page(request.GET.get("page"))
    context = {
        "running": running,
        "coming": coming,
        "page_obj": page,
        "any": running or coming or page.object_list,
        "can_add": channels_of(request.member.workspace_id).exists(),
    }
    return render(request, "hashtags/list.html", context)


@require(Ability.INBOX)
@require_GET
def chat_page(request: MemberRequest, chat_id: int) -> HttpResponse:
    """One chat with its questions and answers."""
    chat = get_scoped(ROWS, request.member.workspace_id, pk=chat_id)
    return render(request, "hashtags/chat.html", _shown(request, chat))


@require(Ability.INBOX)
@require_GET
def chat_live(request: MemberRequest, chat_id: int) -> HttpResponse:
    """The same again, as a fragment."""
    chat = get_scoped(ROWS, request.member.workspace_id, pk=chat_id)
    return render(request, "hashtags/_live.html", _shown(request, chat))


@require(Ability.INBOX)  # type: ignore[arg-type]  # a stream is a response as well
@require_GET
def export_answers(request: MemberRequest, chat_id: int) -> StreamingHttpResponse:
    """All answers as CSV, in the order they were written."""
    chat = get_scoped(ROWS, request.member.workspace_id, pk=chat_id)
    response = StreamingHttpResponse(_csv(chat), content_type="text/csv; charset=utf-8")
    name = slugify(chat.hashtag)[:60] or "chat"
    response["Content-Disposition"] = f'attachment; filename="{name}-{chat.pk}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@dataclass(frozen=True, slots=True)
class Filter:
    """What is shown of a chat: ``question`` alone, or one of WORDS; nothing: all of it."""

    word: str = ""
    question: HashtagQuestion | None = None

    @property
    def value(self) -> str:
        """As it stands in the URL."""
        return str(self.question.position) if self.question else self.word

    @classmethod
    def of(cls, request: MemberRequest, chat: HashtagChat) -> "Filter":
        """What the request asks for; all where it asks for something that is not there."""
        wanted = request.GET.get("show", "")
        if wanted in WORDS:
            return cls(wanted)
        questions = {str(row.position): row for row in chat.questions.all()}
        return cls(question=questions.get(wanted))

    def rows(self, chat: HashtagChat) -> QuerySet[HashtagAnswer]:
        """The answers, newest first."""
        rows = chat.answers.filter(gone=False, hidden=self.word == "hidden")
        if self.question:
            rows = rows.filter(question=self.question)
        elif self.word == "starred":
            rows = rows.filter(starred=True)
        elif self.word == "none":
            rows = rows.filter(question=None)
        return rows.order_by("-posted_at", "-pk")


def _shown(request: MemberRequest, chat: HashtagChat) -> dict[str, Any]:
    counts, chosen = tally(chat), Filter.of(request, chat)
    page = None
    if chosen.value:
        page = Paginator(chosen.rows(chat), PAGE).get_page(request.GET.get("page"))
        answers = list(page.object_list)
    else:
        answers = newest_by_question(chat)
    questions = list(chat.questions.all())
    by_id = {row.pk: row for row in questions}
    for answer in answers:
        answer.chat = chat
        answer.question = by_id.get(answer.question_id) if answer.question_id else None
    return {
        "chat": chat,
        "counts": counts,
        "chosen": chosen,
        "page_obj": page,
        "answers": answers,
        "sections": [] if chosen.value else sections(chat, answers, counts),
        "questions": [(row, counts.by_question.get(row.pk, 0)) for row in questions],
        "ahead": [row for row in questions if row.state != QuestionState.ASKED],
        "unplaced": counts.by_question.get(None, 0),
        "conversations": conversations_of(chat, answers),
        "may_edit": may(request.member.role, Ability.CAMPAIGNS),
    }


def _csv(chat: HashtagChat) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield "\ufeff"
    heads = (_("Question"), _("Name"), _("Text"), _("Time"), _("Starred"), _("Hidden"), _("Link"))
    yield writer.writerow(heads)
    rows = chat.answers.filter(gone=False).select_related("question").order_by("posted_at", "pk")
    for row in rows.iterator(chunk_size=500):
        yield writer.writerow(
            [
                row.question.position if row.question else "",
                cell(row.author_name or row.author),
                cell(row.text),
                row.posted_at.isoformat(),
                _("yes") if row.starred else "",
                _("yes") if row.hidden else "",
                cell(post_url(chat, row.post_id)),
            ]
        )
