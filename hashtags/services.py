"""Plans, changes, cancels and deletes hashtag chats. Each is one transaction."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member, Workspace
from gateway.models import Channel
from gateway.wake import wake
from hashtags import telling
from hashtags.checking import Checks, Planned, check_free, check_heading, check_questions, is_set
from hashtags.models import HashtagChat, HashtagQuestion, Phase, QuestionState

SWEEP = "hashtags.tasks.sweep"
# What may not change any more when people have been told.
FIXED = {"channel", "hashtag", "starts_at"}
AGAIN = (QuestionState.WAITING, QuestionState.FAILED, QuestionState.MISSED)


class WrongPhase(ValidationError):
    """The chat, or the question, is where this is not possible."""


@transaction.atomic
def create(*, workspace: Workspace, member: Member | None, **fields: Any) -> HashtagChat:
    """A chat from all of checking.FIELDS but ``zone`` (the workspace's, if left out).

    ``starts_at`` with zone, ``questions`` as ``{"text", "minute"}``. ValidationError by field
    (``questions.0.text``).
    """
    chat = HashtagChat(workspace=workspace, created_by=member, zone=workspace.timezone)
    given = {"title": "", "channel": None, "hashtag": "", "starts_at": None, "minutes": 60}
    fields = {**given, "questions": [], **fields}
    planned = _check(chat, fields, [])
    chat.save()
    _plan(chat, planned, [])
    record(workspace=workspace, member=member, action="hashtag_chat.created", target=chat)
    _changed(chat)
    return chat


@transaction.atomic
def update(*, chat: HashtagChat, member: Member | None, **fields: Any) -> HashtagChat:
    """Change what may change; ``questions`` are those that wait, and take their place.

    ValidationError by field; WrongPhase when it is over.
    """
    row = _locked(chat, Phase.COMING, Phase.RUNNING)
    before = list(row.questions.exclude(state=QuestionState.WAITING))
    waiting = list(row.questions.filter(state=QuestionState.WAITING))
    if row.phase == Phase.RUNNING or before:
        _refuse_fixed(row, fields)
    moved = {"starts_at", "minutes", "channel", "hashtag", "questions"} & fields.keys()
    if moved and "questions" not in fields:
        fields["questions"] = [{"text": one.text, "minute": one.minute} for one in waiting]
    planned = _check(row, fields, before)
    row.save()
    if moved:
        _plan(row, planned, before)
    record(
        workspace=row.workspace_id,
        member=member,
        action="hashtag_chat.updated",
        target=row,
        fields=sorted(fields),
    )
    _changed(row)
    return row


@transaction.atomic
def cancel(*, chat: HashtagChat, member: Member | None) -> HashtagChat:
    """Nothing more is asked or gathered; what there is stays."""
    row = _locked(chat, Phase.COMING, Phase.RUNNING)
    row.cancelled_at = timezone.now()
    row.save(update_fields=["cancelled_at"])
    record(workspace=row.workspace_id, member=member, action="hashtag_chat.cancelled", target=row)
    _changed(row)
    return row


@transaction.atomic
def delete(*, chat: HashtagChat, member: Member | None) -> None:
    """Remove one of which nothing is public yet; WrongPhase for all others."""
    row = _locked(chat, *Phase)
    asked = row.questions.exclude(state__in=[QuestionState.WAITING, QuestionState.MISSED])
    if asked.exists() or row.answers.exists():
        raise WrongPhase(_("This chat has begun, so it stays; cancel it instead."))
    record(
        workspace=row.workspace_id,
        member=member,
        action="hashtag_chat.deleted",
        target=row,
        title=row.title,
    )
    row.delete()


@transaction.atomic
def ask_now(*, question: HashtagQuestion, member: Member | None) -> HashtagQuestion:
    """Let a question go out at once: one that waits, or that did not go out."""
    chat = _locked(question.chat, Phase.COMING, Phase.RUNNING)
    row = HashtagQuestion.objects.select_for_update().get(pk=question.pk)
    if chat.phase != Phase.RUNNING:
        raise WrongPhase(_("Questions can be asked while the chat runs."))
    if row.state not in AGAIN:
        raise WrongPhase(_("This question has gone out already."))
    row.state, row.problem, row.due_at, row.uid = QuestionState.WAITING, "", timezone.now(), uuid4()
    row.save()
    record(workspace=row.workspace_id, member=member, action="hashtag_chat.asked", target=row)
    _changed(chat)
    return row


def _check(
    chat: HashtagChat, fields: dict[str, Any], before: Sequence[HashtagQuestion]
) -> list[Planned]:
    checks = Checks()
    check_heading(checks, chat, fields)
    if is_set(chat, "channel_id"):
        # Two with the same hashtag at one moment: the second sees the first.
        Channel.objects.select_for_update(of=("self",)).only("pk").get(pk=chat.channel_id)
    check_free(checks, chat)
    planned: list[Planned] = []
    if "questions" in fields:
        planned = check_questions(checks, chat, fields["questions"], before)
    checks.done()
    return planned


def _plan(chat: HashtagChat, planned: Sequence[Planned], before: Sequence[HashtagQuestion]) -> None:
    """The questions that wait, new; those that went out keep their numbers."""
    chat.questions.filter(state=QuestionState.WAITING).delete()
    first = max((row.position for row in before), default=0) + 1
    HashtagQuestion.objects.bulk_create(
        HashtagQuestion(
            workspace_id=chat.workspace_id,
            chat=chat,
            position=first + place,
            text=one.text,
            due_at=chat.starts_at + timedelta(minutes=one.minute),
        )
        for place, one in enumerate(planned)
    )


def _refuse_fixed(row: HashtagChat, fields: dict[str, Any]) -> None:
    words = _("The chat has begun; this stays as it is.")
    channel = fields.get("channel", row.channel)
    changed = {
        "channel": channel is None or channel.pk != row.channel_id,
        "hashtag": fields.get("hashtag", row.hashtag).lstrip("#") != row.hashtag,
        "starts_at": fields.get("starts_at", row.starts_at) != row.starts_at,
    }
    wrong = {name: words for name, differs in changed.items() if differs}
    if wrong:
        raise ValidationError(wrong)
    for name in FIXED:
        fields.pop(name, None)


def _locked(chat: HashtagChat, *allowed: Phase) -> HashtagChat:
    rows = HashtagChat.objects.select_for_update(of=("self",)).select_related("channel")
    row = rows.get(pk=chat.pk)
    if row.phase not in allowed:
        words = _("This is not possible now: the chat is “%(phase)s”.")
        raise WrongPhase(words % {"phase": row.phase.label})
    return row


def _changed(chat: HashtagChat) -> None:
    telling.tell([chat])
    wake(SWEEP)
