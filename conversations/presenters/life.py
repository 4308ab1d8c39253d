"""A message's life in words: every attempt, report and turn, with its time and its reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from conversations.models import Direction, Message
from conversations.presenters.messages import PROBLEMS
from conversations.selectors.life import Life
from gateway.addresses import shown
from gateway.answering import about_of
from gateway.models import BatchState, ChannelLog, Delivery, DeliveryStatus
from gateway.quiet.places import Rule
from gateway.quiet.words import is_held, why_held
from gateway.states import State

ICONS = {
    State.SENT: ("check", ""),
    State.DELIVERED: ("check-check", "success"),
    State.READ: ("eye", "success"),
    State.FAILED: ("circle-alert", "danger"),
}
LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``at`` is None where nobody noted the time.

    ``why`` is the reason in our words, ``detail`` the provider's own, ``entry`` the channel log's
    row.
    """

    at: datetime | None
    icon: str
    title: str
    why: str = ""
    detail: str = ""
    tone: str = ""
    entry: int | None = None


def events(message: Message, life: Life) -> list[Event]:
    """In the order of time; what has no time comes last, for it is how things stand."""
    found = [_beginning(message)]
    for row in life.deliveries:
        found += _queued(message, row)
        found += _exchanges(life.exchanges.get(row.pk, ()))
        found += [_report(one) for one in life.reports.get(row.pk, ())]
        found += _noted(row, life)
        found += _outcome(row, life.rule)
    return sorted(found, key=lambda event: event.at or LAST)


def _beginning(message: Message) -> Event:
    at = message.created_at
    if message.direction == Direction.INBOUND:
        title = _("Received on %(channel)s") % {"channel": message.channel.name}
        return Event(at, "arrow-down", title, detail=message.external_id or "")
    campaign = message.data.get("campaign_name") or message.data.get("campaign")
    if campaign:
        return Event(at, "megaphone", _("Campaign “%(name)s”") % {"name": campaign})
    if "via" in message.data:
        return Event(at, "webhook", _("Sent by a program through the API"))
    author = message.author.name if message.author else ""
    return Event(
        at, "pencil", _("Written by %(name)s") % {"name": author} if author else _("Written")
    )


def _queued(message: Message, row: Delivery) -> Iterator[Event]:
    about = about_of(row.content)
    if about.reacts:
        title = (
            _("Our reaction %(emoji)s is queued")
            if about.reaction
            else _("Our reaction is taken back")
        )
        yield Event(row.created_at, "smile", title % {"emoji": about.reaction})
        return
    title = _("Queued on %(channel)s for %(address)s")
    words = {"channel": row.channel.name, "address": row.address}
    why = f"{_why_this_channel(message, row)} {_from(row)}".strip()
    yield Event(row.created_at, "clock", title % words, why=why)


def _from(row: Delivery) -> str:
    """Which sender of the channel's pool it left from, once it has one."""
    if not row.sender:
        return ""
    words = {"sender": shown(row.sender), "why": row.get_sender_why_display()}
    return _("From %(sender)s, %(why)s.") % words


def _why_this_channel(message: Message, row: Delivery) -> str:
    if row.replaces_id is not None:
        return _("It takes over from another delivery of this message.")
    if row.batch_id is not None:
        return _("The campaign goes through this channel.")
    if "via" in message.data:
        reason = message.data.get("reason") or {}
        return str(reason.get("text") or _("The caller chose this channel."))
    return _("The conversation is on this channel.")


def _exchanges(entries: Sequence[ChannelLog]) -> Iterator[Event]:
    before: ChannelLog | None = None
    for entry in entries:
        if entry.kind == "find":
            yield _question(entry)
            continue
        if before is not None and _began_anew(before, entry):
            yield Event(entry.created_at, "rotate-ccw", _("Sent again by a person"))
        yield _attempt(entry)
        before = entry


def _began_anew(before: ChannelLog, entry: ChannelLog) -> bool:
    """A person's retry counts attempts from one; refused credentials do not count an attempt."""
    return (entry.attempt or 0) <= (before.attempt or 0) and before.error_class != "BadCredentials"


def _attempt(entry: ChannelLog) -> Event:
    number = {"number": entry.attempt or 1}
    if entry.ok:
        title, tone = _("Attempt %(number)s: the provider took it") % number, "success"
    else:
        title, tone = _("Attempt %(number)s: not taken") % number, "danger"
    why = "" if entry.ok else _class_in_words(entry.error_class)
    return Event(entry.created_at, "send", title, why, _answer(entry), tone, entry.pk)


def _question(entry: ChannelLog) -> Event:
    title = _("Asked the provider whether it has the message")
    why = "" if entry.ok else _class_in_words(entry.error_class)
    return Event(entry.created_at, "circle-help", title, why, _answer(entry), "", entry.pk)


def _class_in_words(name: str) -> str:
    if name == "Ambiguous":
        return _("No clear answer: the provider may have taken it or not.")
    return str(PROBLEMS.get(name, "")) or _("The message could not be sent.")


def _answer(entry: ChannelLog) -> str:
    parts = [
        f"HTTP {entry.status}" if entry.status else _("no answer"),
        f"{entry.duration_ms} ms" if entry.duration_ms is not None else "",
        entry.error,
    ]
    return " · ".join(part for part in parts if part)


def _report(status: DeliveryStatus) -> Event:
    state = State(status.state)
    icon, tone = ICONS.get(state, ("info", ""))
    why = str(PROBLEMS.get(status.error_class, "")) if state == State.FAILED else ""
    code = f"({status.error_code})" if status.error_code else ""
    said = " ".join(part for part in (status.provider_word, status.error_text, code) if part)
    title = _("The provider reports: %(state)s") % {"state": state.label}
    return Event(status.occurred_at, icon, title, why, said, tone)


def _noted(row: Delivery, life: Life) -> Iterator[Event]:
    """What the delivery itself remembers when its log and its reports are pruned."""
    told = {one.state for one in life.reports.get(row.pk, ())}
    if life.exchanges.get(row.pk):
        told.add(State.SENT)
    times = {State.SENT: row.sent_at, State.DELIVERED: row.delivered_at, State.READ: row.read_at}
    for state, at in times.items():
        if at is not None and state not in told:
            icon, tone = ICONS[state]
            yield Event(at, icon, str(state.label), tone=tone)


def _outcome(row: Delivery, rule: Rule | None) -> Iterator[Event]:
    """How it stands, where neither an attempt nor a report says so."""
    state = State(row.state)
    if state == State.CANCELLED:
        yield Event(None, "ban", _("Cancelled before it was sent"), why=_why_cancelled(row))
    elif state == State.EXPIRED:
        yield Event(row.expires_at, "hourglass", _("Expired: too late to be worth sending"))
    elif state == State.REPLACED:
        yield Event(None, "reply", _("Another delivery took over"))
    elif state == State.FAILED and row.error_class == "OptedOut" and row.attempts == 0:
        why = str(PROBLEMS["OptedOut"])
        yield Event(row.failed_at, "ban", _("Not sent"), why, row.error_code, "danger")
    elif state == State.UNKNOWN:
        yield Event(row.ask_at, "circle-help", _unclear(row), tone="warning")
    elif state == State.QUEUED:
        yield _waiting(row, rule)


def _unclear(row: Delivery) -> str:
    if row.ask_at is not None:
        return _("Unclear; the provider is asked again")
    return _("Unclear; a person decides whether it is sent again")


def _why_cancelled(row: Delivery) -> str:
    if row.batch is None or row.batch.state != BatchState.CANCELLED:
        return ""
    return _("With its campaign “%(name)s”.") % {"name": row.batch.name}


def _waiting(row: Delivery, rule: Rule | None) -> Event:
    channel = row.channel
    why = ""
    if not channel.enabled:
        why = _("The channel is switched off.")
    elif channel.paused_at is not None:
        why = _("The channel is paused: %(reason)s") % {"reason": channel.paused_reason}
    elif row.batch is not None and row.batch.state == BatchState.PAUSED:
        why = _("Its campaign is paused.")
    elif rule is not None and is_held(row):
        why = why_held(row, rule)
    elif row.error_class:
        why = _class_in_words(row.error_class)
    return Event(row.due_at, "clock", _("Waits; due at this time"), why)
