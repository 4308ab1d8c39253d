"""Asks questions when they are due, through the outbox, and follows what becomes of them.

Due times are rows. A question's state changes in the transaction that puts it into the outbox, so
it leaves once. What nobody asked in time is missed and not made up for in a bunch.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from gateway.content.model import Content
from gateway.events import About, DeliveryChange
from gateway.models import Delivery
from gateway.outbox.queue import Terms, queue_parts
from gateway.states import State
from hashtags import telling
from hashtags.kinds import media
from hashtags.models import HashtagAnswer, HashtagChat, HashtagQuestion, QuestionState
from hashtags.placing import tagged

logger = structlog.get_logger(__name__)

# A question this late is not worth asking any more.
GRACE = timedelta(minutes=5)
AT_ONCE = 20

LATE = gettext_noop("Its time was over by more than five minutes when it could have gone out.")
OVERTAKEN = gettext_noop("The next question was due already when it could have gone out.")
NOT_LEFT = gettext_noop("It did not leave within five minutes; the channel was paused or busy.")
BROKEN = gettext_noop("The channel could not be used. Check its settings.")
STOPPED = gettext_noop("It was stopped before it left.")
UNCLEAR = gettext_noop("Nobody knows whether it was posted. Look at the account.")

STATES = {
    State.SENT: QuestionState.ASKED,
    State.DELIVERED: QuestionState.ASKED,
    State.READ: QuestionState.ASKED,
    State.FAILED: QuestionState.FAILED,
    State.EXPIRED: QuestionState.MISSED,
    State.CANCELLED: QuestionState.FAILED,
    State.UNKNOWN: QuestionState.UNKNOWN,
}
PROBLEMS = {State.EXPIRED: NOT_LEFT, State.CANCELLED: STOPPED, State.UNKNOWN: UNCLEAR}


def ask_due() -> int:
    """Ask what is due, or say why not; how many chats had something due."""
    with transaction.atomic():
        now = timezone.now()
        due = Q(questions__state=QuestionState.WAITING, questions__due_at__lte=now)
        ids = HashtagChat.objects.filter(due, cancelled_at=None).values("pk")
        chats = list(
            HashtagChat.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("channel")
            .filter(pk__in=ids)
            .order_by("pk")[:AT_ONCE]
        )
        for chat in chats:
            _ask_in(chat, now)
        telling.tell(chats)
    return len(chats)


def _ask_in(chat: HashtagChat, now: datetime) -> None:
    """The last one that is due; those before it are overtaken."""
    waiting = chat.questions.filter(state=QuestionState.WAITING, due_at__lte=now)
    due = list(waiting.order_by("due_at", "position"))
    for question in due[:-1]:
        _not_asked(question, QuestionState.MISSED, OVERTAKEN)
    if not due:
        return
    last = due[-1]
    if now - last.due_at > GRACE:
        _not_asked(last, QuestionState.MISSED, LATE)
        return
    try:
        with transaction.atomic():
            _ask(chat, last)
    except Exception:  # of this channel; the others' questions are asked
        logger.exception("question cannot be asked", chat=chat.pk, question=last.pk)
        _not_asked(last, QuestionState.FAILED, BROKEN)


def _ask(chat: HashtagChat, question: HashtagQuestion) -> None:
    question.state, question.problem = QuestionState.LEAVING, ""
    question.save(update_fields=["state", "problem"])
    terms = Terms(
        question.uid, expires_at=question.due_at + GRACE, about=About(public=True, person=True)
    )
    parts = [Content(tagged(question.text, chat.hashtag))]
    # To nobody: what it would be said to is the account itself.
    queue_parts(channel=chat.channel, address=chat.channel.address, parts=parts, terms=terms)


def _not_asked(question: HashtagQuestion, state: QuestionState, problem: str) -> None:
    question.state, question.problem = state, problem
    question.save(update_fields=["state", "problem"])


# --- What became of them --------------------------------------------------------------------------


def receive_changes(batch: Sequence[DeliveryChange]) -> None:
    """New states of deliveries that are questions."""
    by_uid = {
        change.message_uid: change
        for change in batch
        if change.medium in media() and change.batch_id is None and change.state in STATES
    }
    if not by_uid:
        return
    rows = list(
        HashtagQuestion.objects.select_for_update(of=("self",))
        .select_related("chat")
        .filter(uid__in=by_uid)
        .exclude(state__in=[QuestionState.ASKED, QuestionState.WAITING])
        .order_by("pk")
    )
    _settle(rows, {str(row.uid): by_uid[str(row.uid)] for row in rows})


def _settle(rows: Sequence[HashtagQuestion], changes: dict[str, DeliveryChange]) -> None:
    if not rows:
        return
    ids = [change.delivery_id for change in changes.values()]
    deliveries = {row.pk: row for row in Delivery.objects.filter(pk__in=ids)}
    for row in rows:
        change = changes[str(row.uid)]
        row.state = STATES[change.state]
        row.problem = change.error_text or PROBLEMS.get(change.state, "")
        if row.state == QuestionState.ASKED:
            delivery = deliveries[change.delivery_id]
            row.post_id, row.problem = delivery.external_id or "", ""
            row.asked_at = delivery.sent_at or timezone.now()
            _claim_replies(row)
    HashtagQuestion.objects.bulk_update(rows, ["state", "problem", "post_id", "asked_at"])
    telling.tell(row.chat for row in rows)


def _claim_replies(question: HashtagQuestion) -> None:
    """Who was faster than the news of its id stands below it now."""
    below = Q(reply_to=question.post_id) | Q(thread=question.post_id)
    if question.post_id:
        rows = HashtagAnswer.objects.filter(below, chat=question.chat_id, moved=False)
        rows.update(question=question)
