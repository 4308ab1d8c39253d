"""What the pages and the API read; always of one workspace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils import timezone

from accounts.models import Workspace
from conversations.models import Message
from hashtags.models import HashtagAnswer, HashtagChat, HashtagQuestion, QuestionState

# Of each question, where all of them are shown.
NEWEST = 24
PAGE = 60


@dataclass(frozen=True, slots=True)
class Tally:
    """How many answers a chat has; ``by_question`` has None for those to no question."""

    answers: int
    people: int
    starred: int
    hidden: int
    by_question: dict[int | None, int]


@dataclass(slots=True)
class Section:
    """A question with answers, newest first; ``question`` None: before the first one."""

    question: HashtagQuestion | None
    count: int
    answers: list[HashtagAnswer] = field(default_factory=list)


def list_chats(workspace: Workspace | int) -> QuerySet[HashtagChat]:
    """With ``question_count`` and ``answer_count``, newest first."""
    rows = HashtagChat.objects.filter(workspace=workspace).select_related("channel")
    return rows.annotate(
        question_count=_count(HashtagQuestion.objects.all()),
        answer_count=_count(HashtagAnswer.objects.filter(hidden=False, gone=False)),
    ).order_by("-starts_at", "-pk")


def _count(rows: QuerySet[HashtagQuestion] | QuerySet[HashtagAnswer]) -> Coalesce:
    counted = rows.filter(chat=OuterRef("pk")).order_by().values("chat").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), 0)


def current_and_past(
    workspace: Workspace | int,
) -> tuple[list[HashtagChat], list[HashtagChat], QuerySet[HashtagChat]]:
    """Those that run, those to come (the next one first), and the others."""
    now = timezone.now()
    rows = list_chats(workspace)
    over = Q(ends_at__lte=now) | Q(cancelled_at__isnull=False)
    ahead = list(rows.exclude(over).order_by("starts_at", "pk")[:100])
    running = [chat for chat in ahead if chat.starts_at <= now]
    return running, [chat for chat in ahead if chat.starts_at > now], rows.filter(over)


def tally(chat: HashtagChat) -> Tally:
    """The numbers of a chat, in two statements. What is hidden or gone is in ``hidden`` alone."""
    rows = chat.answers.filter(gone=False)
    shown = Q(hidden=False)
    numbers = rows.aggregate(
        answers=Count("pk", filter=shown),
        people=Count("author", filter=shown, distinct=True),
        starred=Count("pk", filter=shown & Q(starred=True)),
        hidden=Count("pk", filter=Q(hidden=True)),
    )
    by_question = rows.filter(hidden=False).order_by().values_list("question").annotate(Count("pk"))
    return Tally(**numbers, by_question=dict(by_question))


def newest_by_question(chat: HashtagChat) -> list[HashtagAnswer]:
    """The newest answers to each question, and to none."""
    place = Window(
        RowNumber(), partition_by=F("question"), order_by=[F("posted_at").desc(), F("pk").desc()]
    )
    rows = chat.answers.filter(hidden=False, gone=False).annotate(place=place)
    return list(rows.filter(place__lte=NEWEST).order_by("-posted_at", "-pk"))


def sections(chat: HashtagChat, found: Sequence[HashtagAnswer], counts: Tally) -> list[Section]:
    """By question. While people answer the newest question is on top, later it is read in order."""
    questions = list(chat.questions.all())
    asked = [
        row
        for row in questions
        if row.state == QuestionState.ASKED or counts.by_question.get(row.pk)
    ]
    if chat.gathers:
        asked.reverse()
    made = [Section(row, counts.by_question.get(row.pk, 0)) for row in asked]
    if counts.by_question.get(None):
        made.append(Section(None, counts.by_question[None]))
    by_id = {one.question.pk if one.question else None: one for one in made}
    for answer in found:
        if answer.question_id in by_id:
            by_id[answer.question_id].answers.append(answer)
    return made


def conversations_of(chat: HashtagChat, answers: Iterable[HashtagAnswer]) -> dict[str, int]:
    """By post id the conversation in which it is a message."""
    ids = [answer.post_id for answer in answers]
    rows = Message.objects.filter(
        workspace_id=chat.workspace_id, channel_id=chat.channel_id, external_id__in=ids
    )
    return {str(post): pk for post, pk in rows.values_list("external_id", "conversation_id")}
