"""A message as the thread shows it, with its fate in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from babel.dates import format_date, format_skeleton
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from conversations.models import Direction, Kind, Message
from conversations.presenters.activity import Activity, activity
from conversations.presenters.content import Shown, shown, tapped
from conversations.presenters.files import ShownFile, files
from conversations.presenters.marks import NONE as NO_MARKS
from conversations.presenters.marks import Marks, marks
from conversations.templatetags.ui import locale
from gateway.fallback.model import Fallback
from gateway.fallback.story import story
from gateway.models import Delivery, MessageFile
from gateway.states import State

TOGETHER = timedelta(minutes=5)
RETRYABLE = frozenset({State.FAILED, State.UNKNOWN})
JOINERS = "\ufe0f\u200d "
STOPPED = frozenset({State.FAILED, State.UNKNOWN, State.EXPIRED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a message we sent. ``problem`` is empty while all is well.

    ``story`` is why another channel took over, or does.
    """

    state: str
    word: str
    problem: str
    detail: str
    retry: bool
    story: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message of another conversation than the open one belongs."""

    icon: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """A row of the thread. ``grouped``: same author shortly before; ``same_day``: no separator.

    ``place`` is None for what belongs to the conversation that is open. ``has_token``: it can be
    quoted on channels that quote by tokens.
    """

    id: int
    uid: UUID
    kind: str
    inbound: bool
    text: str
    emoji_only: bool
    author: str
    author_id: int | None
    mine: bool
    at: datetime
    day: str
    day_name: str
    order: str
    grouped: bool
    same_day: bool
    files: Sequence[ShownFile]
    content: Shown | None
    tapped: str
    fate: Fate | None
    campaign: str
    activity: Activity | None
    voice: str
    decided_by: str
    conversation_id: int
    has_token: bool = False
    marks: Marks = NO_MARKS
    place: Place | None = None


PROBLEMS = {
    "OptedOut": _lazy("This person has opted out of messages from this sender."),
    "NotCapable": _lazy("This channel cannot reach this person."),
    "WindowClosed": _lazy("The time to answer freely is over on this channel."),
    "TooLong": _lazy("The text is longer than this channel takes."),
    "BadCredentials": _lazy("The channel's credentials were refused; an admin has to check them."),
    "Unreachable": _lazy("The provider could not be reached."),
    "Throttled": _lazy("The provider asked us to slow down for too long."),
    "Rejected": _lazy("The provider refused the message."),
}


def fate(delivery: Delivery | None, fallbacks: Sequence[Fallback] = ()) -> Fate | None:
    """The ticks of a message; None when nothing is known of it."""
    if delivery is None:
        return None
    state = State(delivery.state)
    return Fate(
        state=state.value,
        word=str(state.label),
        problem=_problem(delivery, state) if state in STOPPED else "",
        detail=_detail(delivery) if state in STOPPED else "",
        retry=state in RETRYABLE,
        # Parts of one message mostly share one story.
        story=" ".join(dict.fromkeys(filter(None, map(story, fallbacks)))),
    )


def _problem(delivery: Delivery, state: State) -> str:
    if state == State.UNKNOWN:
        return _(
            "The provider may have taken this message or not. Sending it again could double it."
        )
    if state == State.EXPIRED:
        return _("Too late to be worth sending.")
    if state == State.CANCELLED:
        return _("Stopped before it was sent.")
    words = PROBLEMS.get(delivery.error_class)
    return str(words) if words else _("The message could not be sent.")


def _detail(delivery: Delivery) -> str:
    parts = [delivery.error_text.strip(), delivery.error_code and f"({delivery.error_code})"]
    return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside messages, by their uid; ``places`` by conversation, without the open one."""

    deliveries: Mapping[UUID, Delivery]
    fallbacks: Mapping[UUID, Sequence[Fallback]]
    files: Mapping[UUID, Sequence[MessageFile]]
    places: Mapping[int, Place]


def bubbles(
    messages: Sequence[Message],
    beside: Beside,
    member_id: int,
) -> list[Bubble]:
    """In the given order; needs the authors loaded."""
    result: list[Bubble] = []
    previous: Message | None = None
    marked = marks(messages)
    for message in messages:
        known = fate(beside.deliveries.get(message.uid), beside.fallbacks.get(message.uid, ()))
        rows = beside.files.get(message.uid, ())
        bubble = _bubble(message, previous, known, rows, member_id)
        place = beside.places.get(message.conversation_id)
        result.append(replace(bubble, marks=marked.get(message.pk, NO_MARKS), place=place))
        previous = message
    return result


def _bubble(
    message: Message,
    previous: Message | None,
    known: Fate | None,
    rows: Sequence[MessageFile],
    member_id: int,
) -> Bubble:
    local = timezone.localtime(message.created_at)
    same_day = previous is not None and _day(previous) == local.date()
    return Bubble(
        id=message.pk,
        uid=message.uid,
        kind=message.kind,
        inbound=message.direction == Direction.INBOUND,
        text=message.text,
        emoji_only=_is_emoji(message.text),
        author=message.author.name if message.author else "",
        author_id=message.author_id,
        mine=message.author_id == member_id,
        at=message.created_at,
        day=local.date().isoformat(),
        day_name=day_name(local.date()),
        order=f"{message.created_at.timestamp():017.6f}.{message.pk:015d}",
        grouped=same_day and _together(previous, message),
        same_day=same_day,
        files=files(message, rows),
        content=shown(message),
        tapped=tapped(message),
        fate=known,
        campaign=str(message.data.get("campaign_name") or message.data.get("campaign") or "")
        if message.kind == Kind.CAMPAIGN
        else "",
        activity=activity(message) if message.kind == Kind.ACTIVITY else None,
        voice=str(message.data.get("voice", "")),
        decided_by=str(message.data.get("decided_by", "")),
        conversation_id=message.conversation_id,
        has_token=bool(message.data.get("quote_token")),
    )


def _day(message: Message) -> date:
    return timezone.localtime(message.created_at).date()


def _together(previous: Message | None, message: Message) -> bool:
    return (
        previous is not None
        and previous.kind == message.kind
        and message.kind != Kind.ACTIVITY
        and previous.conversation_id == message.conversation_id
        and previous.direction == message.direction
        and previous.author_id == message.author_id
        and message.created_at - previous.created_at < TOGETHER
    )


def _is_emoji(text: str) -> bool:
    """A few pictures and nothing else are shown large."""
    text = text.strip()
    return 0 < len(text) <= 12 and all(
        ord(char) >= 0x1F000 or 0x2600 <= ord(char) <= 0x27BF or char in JOINERS for char in text
    )


def day_name(day: date) -> str:
    """“Today”, “Yesterday”, the weekday within a week, then the date."""
    today = timezone.localdate()
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    if today - timedelta(days=6) <= day < today:
        return format_date(day, "EEEE", locale=locale()).capitalize()
    if day.year == today.year:
        return format_skeleton("MMMMd", datetime.combine(day, time()), locale=locale())
    return format_date(day, "long", locale=locale())
