"""Checks what a chat is to be; every error names the field it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.fields import clean_text, zones
from gateway.events import About
from gateway.models import Channel
from gateway.registry import adapter_for
from hashtags.asking import GRACE
from hashtags.kinds import kinds
from hashtags.models import HashtagChat, HashtagQuestion
from hashtags.placing import HASHTAG, folded, tagged

FIELDS = ("title", "channel", "hashtag", "starts_at", "minutes", "zone", "questions")
LONGEST = 24 * 60
MOST_QUESTIONS = 30
# Longer than any post, so that what is typed is told to be too long instead of being cut.
MOST_TEXT = 25_000


@dataclass(frozen=True, slots=True)
class Weighed:
    """How long a question is on the channel, with its hashtag, and how long it may be."""

    length: int
    limit: int

    @property
    def fits(self) -> bool:
        """Whether it may be sent."""
        return self.length <= self.limit


@dataclass(frozen=True, slots=True)
class Planned:
    """A question: its text, and how many minutes after the beginning it is due."""

    text: str
    minute: int


@dataclass(slots=True)
class Checks:
    """Collects errors by field."""

    errors: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, words: str) -> None:
        """Note an error."""
        self.errors.setdefault(name, []).append(words)

    def text(self, name: str, value: Any, limit: int, empty: str) -> str:
        """A text that is not empty."""
        try:
            text = clean_text(value, limit)
        except ValidationError as error:
            self.add(name, error.messages[0])
            return ""
        if not text:
            self.add(name, empty)
        return text

    def done(self) -> None:
        """ValidationError where there are any."""
        if self.errors:
            raise ValidationError(self.errors)


def is_set(chat: HashtagChat, *names: str) -> bool:
    """Whether a chat that is being made has these already."""
    return all(getattr(chat, name) is not None for name in names)


def weigh(channel: Channel, text: str, hashtag: str) -> Weighed:
    """As the channel counts a post of its own."""
    shows = adapter_for(channel).shows_in("", About(public=True))
    name = hashtag.strip().lstrip("#＃")
    whole = tagged(text, name) if name else text
    return Weighed(shows.measure(whole), shows.text)


def check_heading(checks: Checks, chat: HashtagChat, fields: Mapping[str, Any]) -> None:
    """Put title, channel, hashtag, zone and times into the chat, as far as they are right."""
    if "title" in fields:
        chat.title = checks.text("title", fields["title"], 200, _("Give the chat a title."))
    if "channel" in fields:
        _check_channel(checks, chat, fields["channel"])
    if "hashtag" in fields:
        typed = checks.text("hashtag", fields["hashtag"], 101, _("Write the hashtag."))
        typed = typed.lstrip("#＃")
        if typed and not HASHTAG.fullmatch(typed):
            words = _("A hashtag has letters, digits and underscores only, and at least a letter.")
            checks.add("hashtag", words)
        chat.hashtag, chat.tag = typed[:100], folded(typed)[:100]
    if "zone" in fields:
        if fields["zone"] not in zones():
            checks.add("zone", _("Choose one of the list."))
        else:
            chat.zone = fields["zone"]
    _check_times(checks, chat, fields)


def _check_channel(checks: Checks, chat: HashtagChat, channel: Any) -> None:
    mine = isinstance(channel, Channel) and channel.workspace_id == chat.workspace_id
    if not mine or channel.kind not in kinds():
        checks.add("channel", _("Choose a channel on which hashtags can be looked for."))
        return
    chat.channel = channel


def _check_times(checks: Checks, chat: HashtagChat, fields: Mapping[str, Any]) -> None:
    lasts = chat.ends_at - chat.starts_at if is_set(chat, "ends_at") else None
    if "starts_at" in fields:
        starts_at = fields["starts_at"]
        if not isinstance(starts_at, datetime):
            checks.add("starts_at", _("Say when it begins."))
        elif starts_at < timezone.now() - GRACE:
            checks.add("starts_at", _("This time is over."))
        elif starts_at > timezone.now() + timedelta(days=366):
            checks.add("starts_at", _("At most a year ahead."))
        else:
            chat.starts_at = starts_at
    if "minutes" in fields:
        minutes = fields["minutes"]
        if not isinstance(minutes, int) or not 5 <= minutes <= LONGEST:
            checks.add("minutes", _("From 5 minutes to 24 hours."))
        else:
            lasts = timedelta(minutes=minutes)
    if lasts is not None and is_set(chat, "starts_at"):
        chat.ends_at = chat.starts_at + lasts


def check_free(checks: Checks, chat: HashtagChat) -> None:
    """No other chat with this hashtag on this channel at that time: whose would the answers be?"""
    if not (chat.tag and is_set(chat, "channel_id", "ends_at")) or checks.errors:
        return
    others = HashtagChat.objects.filter(
        channel=chat.channel,
        tag=chat.tag,
        cancelled_at=None,
        starts_at__lt=chat.ends_at,
        ends_at__gt=chat.starts_at,
    ).exclude(pk=chat.pk)
    other = others.first()
    if other is not None:
        words = _("“%(title)s” has this hashtag at that time.") % {"title": other.title}
        checks.add("hashtag", words)


def check_questions(
    checks: Checks, chat: HashtagChat, given: Any, before: Sequence[HashtagQuestion]
) -> list[Planned]:
    """The questions that still wait, in order of their time; ``before``: those that do not."""
    if not isinstance(given, list | tuple) or not (given or before):
        checks.add("questions", _("Ask at least one question."))
        return []
    if len(given) + len(before) > MOST_QUESTIONS:
        checks.add("questions", _("At most %(most)d questions.") % {"most": MOST_QUESTIONS})
        return []
    taken = {row.minute for row in before}
    planned = []
    for place, one in enumerate(given):
        name = f"questions.{place}"
        text = checks.text(
            f"{name}.text", one.get("text"), MOST_TEXT, _("Write the question, or remove it.")
        )
        _check_weight(checks, f"{name}.text", chat, text)
        minute = _minute(checks, f"{name}.minute", chat, one.get("minute"), taken)
        planned.append(Planned(text, minute))
    return sorted(planned, key=lambda row: row.minute)


def _check_weight(checks: Checks, name: str, chat: HashtagChat, text: str) -> None:
    if not text or not is_set(chat, "channel_id"):
        return
    found = weigh(chat.channel, text, chat.hashtag)
    if not found.fits:
        words = _("With the hashtag this counts %(length)d characters; a post takes %(limit)d.")
        checks.add(name, words % {"length": found.length, "limit": found.limit})


def _minute(checks: Checks, name: str, chat: HashtagChat, value: Any, taken: set[int]) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        checks.add(name, _("Say how many minutes after the beginning."))
        return 0
    if is_set(chat, "ends_at") and value >= chat.minutes:
        checks.add(name, _("The chat is over by then."))
    elif value in taken:
        checks.add(name, _("Another question goes out in this minute."))
    elif _is_over(chat, value):
        checks.add(name, _("This time is over."))
    taken.add(value)
    return value


def _is_over(chat: HashtagChat, minute: int) -> bool:
    if not is_set(chat, "starts_at"):
        return False
    return chat.starts_at + timedelta(minutes=minute) < timezone.now() - GRACE
