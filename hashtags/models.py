"""Hashtag chats, their questions, and the answers that were gathered."""

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Member
from accounts.scoping import WorkspaceModel
from gateway.models import Channel

# People greet before the first question, and answer the last one when the hour is over.
EARLY = timedelta(minutes=10)
AFTERWARDS = timedelta(hours=2)


class Phase(models.TextChoices):
    """Where a chat stands; its times say so, and nothing has to be switched over."""

    COMING = "coming", pgettext_lazy("hashtag chat", "Coming")
    RUNNING = "running", pgettext_lazy("hashtag chat", "Live")
    PAST = "past", pgettext_lazy("hashtag chat", "Past")
    CANCELLED = "cancelled", pgettext_lazy("hashtag chat", "Cancelled")


class QuestionState(models.TextChoices):
    """What became of a question."""

    WAITING = "waiting", pgettext_lazy("question", "Waiting")
    LEAVING = "leaving", pgettext_lazy("question", "Going out")
    ASKED = "asked", pgettext_lazy("question", "Asked")
    FAILED = "failed", pgettext_lazy("question", "Failed")
    MISSED = "missed", pgettext_lazy("question", "Missed")
    UNKNOWN = "unknown", pgettext_lazy("question", "Unclear")


class HashtagChat(WorkspaceModel):
    """An hour with a hashtag on one channel.

    ``hashtag`` as it was typed, without its sign; ``tag`` is what posts are compared with.
    ``zone``: in which its times are shown and typed.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT)
    title = models.CharField(_("title"), max_length=200)
    hashtag = models.CharField(_("hashtag"), max_length=100)
    tag = models.CharField(max_length=100)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    zone = models.CharField(max_length=64)
    cancelled_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-starts_at"], name="hashtag_chats_by_time"),
            models.Index(
                fields=["ends_at"],
                condition=models.Q(cancelled_at__isnull=True),
                name="hashtag_chats_by_end",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="hashtag_chat_lasts"
            )
        ]

    @property
    def phase(self) -> Phase:
        """Where it stands at this moment."""
        now = timezone.now()
        if self.cancelled_at is not None:
            return Phase.CANCELLED
        if now < self.starts_at:
            return Phase.COMING
        return Phase.RUNNING if now < self.ends_at else Phase.PAST

    @property
    def gathers_from(self) -> datetime:
        """Since when posts with the hashtag belong to it."""
        return self.starts_at - EARLY

    @property
    def gathers_until(self) -> datetime:
        """Until when they do."""
        return self.ends_at + AFTERWARDS

    @property
    def gathers(self) -> bool:
        """Whether answers are looked for at this moment."""
        now = timezone.now()
        return self.cancelled_at is None and self.gathers_from <= now < self.gathers_until

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def local_start(self) -> datetime:
        """``starts_at`` by its own clock."""
        return self.starts_at.astimezone(ZoneInfo(self.zone))

    @property
    def local_end(self) -> datetime:
        """``ends_at`` by its own clock."""
        return self.ends_at.astimezone(ZoneInfo(self.zone))


class HashtagQuestion(WorkspaceModel):
    """A question that goes out once, at its time.

    ``uid`` is the message's in the outbox, ``post_id`` what X calls the post. ``problem`` says in
    words why it did not go out.
    """

    chat = models.ForeignKey(HashtagChat, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField()
    text = models.TextField()
    due_at = models.DateTimeField()
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    state = models.CharField(
        max_length=8, choices=QuestionState.choices, default=QuestionState.WAITING
    )
    post_id = models.CharField(max_length=64, blank=True)
    asked_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["chat", "position"],
                name="hashtag_question_once",
                deferrable=models.Deferrable.DEFERRED,
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="waiting"),
                name="hashtag_questions_due",
            )
        ]

    @property
    def minute(self) -> int:
        """How long after the beginning it is due."""
        return int((self.due_at - self.chat.starts_at).total_seconds() // 60)


class HashtagAnswer(WorkspaceModel):
    """A post that belongs to a chat, once.

    ``question`` None: none had been asked. ``moved``: a person said which question it answers.
    ``author`` is the writer's address on the channel; ``files`` and ``referred`` are as in
    gateway.events. ``gone``: the writer deleted it, so nothing of it is kept.
    """

    chat = models.ForeignKey(HashtagChat, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(
        HashtagQuestion, null=True, on_delete=models.SET_NULL, related_name="answers"
    )
    post_id = models.CharField(max_length=64)
    author = models.CharField(max_length=64)
    author_name = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    files = models.JSONField(default=list)
    referred = models.JSONField(null=True)
    reply_to = models.CharField(max_length=64, blank=True)
    thread = models.CharField(max_length=64, blank=True)
    posted_at = models.DateTimeField()
    moved = models.BooleanField(default=False)
    starred = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False)
    gone = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chat", "post_id"], name="hashtag_answer_once")
        ]
        indexes = [
            models.Index(
                fields=["chat", "question", "-posted_at", "-id"], name="hashtag_answers_by_question"
            ),
            models.Index(fields=["post_id"], name="hashtag_answers_by_post"),
        ]
