"""An open conversation: its header, thread and composer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Member
from conversations.models import Conversation, Draft, Message, Status
from conversations.presenters.answering import answering
from conversations.presenters.measuring import measure_of
from conversations.presenters.messages import Beside, Bubble, Place, bubbles
from conversations.presenters.rows import Row, channel_mark, row
from conversations.presenters.voice import voice
from conversations.presenters.windows import ShownWindow, window_of
from conversations.selectors import threads
from conversations.selectors.files import files_of
from conversations.selectors.timeline import Timeline, newest, timeline_of
from gateway.branding import Brand, brand_of
from gateway.contract import Capabilities
from gateway.marks import app_name
from gateway.pages.builder import Builder
from gateway.prices.reading import plain
from gateway.prices.selectors import price_to
from gateway.registry import UnknownKind, capabilities_of


@dataclass(frozen=True, slots=True)
class Header:
    """The line above a thread."""

    row: Row
    address: str
    handle: str
    mine: bool
    team: str
    priority_name: str


@dataclass(frozen=True, slots=True)
class Composer:
    """Where an answer is written. ``seen`` is the newest message known when the draft began.

    ``lookalikes`` is one of gateway.contract.LookAlikes; ``price`` of one SMS to this person, empty
    where it is not known.
    """

    channel: str
    brand: Brand | None
    sender: str
    address: str
    segments: bool
    lookalikes: str
    price: str
    currency: str
    max_text: int
    max_file: int
    paused: str
    draft: str
    note: bool
    seen: int | None
    newest: int
    builder: Builder
    window: ShownWindow | None = None
    templates: bool = False


@dataclass(frozen=True, slots=True)
class SnoozeChoice:
    """A time to come back, in words."""

    name: str
    until: datetime


def priority_names() -> list[tuple[int, str]]:
    """Priorities from the least urgent on."""
    return [(0, _("Normal")), (1, _("Raised")), (2, _("High")), (3, _("Urgent"))]


def header(conversation: Conversation, member: Member) -> Header:
    """Needs what selectors.listing.with_row_data loads."""
    return Header(
        row=row(conversation),
        address=conversation.address.shown,
        handle=conversation.address.handle,
        mine=conversation.assignee_id == member.pk,
        team=conversation.team.name if conversation.team else "",
        priority_name=dict(priority_names()).get(conversation.priority, ""),
    )


def thread_context(conversation: Conversation, member: Member) -> dict[str, Any]:
    """What conversation.html shows below its header: five statements; of a mail a few more."""
    timeline = timeline_of(conversation)
    piece = newest(timeline)
    draft = threads.draft_of(conversation, member)
    return {
        "timeline": timeline,
        "bubbles": present(piece.messages, member, timeline),
        "earlier": piece.earlier,
        "composer": composer(conversation, piece.messages, draft),
        "voice": voice(conversation, member),
        "measure": measure_of(conversation),
        "answering": answering(conversation, draft, piece.messages),
    }


def present(
    messages: Sequence[Message], member: Member, timeline: Timeline | None = None
) -> list[Bubble]:
    """Messages of one person with deliveries, fallbacks and files: a statement each.

    ``timeline`` None: they are all of the conversation that is open.
    """
    beside = Beside(
        threads.deliveries(messages),
        threads.fallbacks(messages),
        files_of(messages),
        _places(timeline) if timeline else {},
    )
    return bubbles(messages, beside, member.pk)


def _places(timeline: Timeline) -> dict[int, Place]:
    marks = {row.pk: channel_mark(row) for row in timeline.others}
    return {pk: Place(mark.icon, mark.kind, mark.name) for pk, mark in marks.items()}


def _called(conversation: Conversation) -> str:
    """The address; for an id that says nothing to anybody the handle, or the person's name."""
    address, name = conversation.address, conversation.contact.name
    if address.handle or not (app_name(address.kind) and name):
        return address.shown
    return name


def composer(
    conversation: Conversation, messages: Sequence[Message], draft: Draft | None
) -> Composer:
    """From the newest messages and the member's draft."""
    channel = conversation.reply_channel
    newest = max((message.pk for message in messages), default=0)
    seen = None
    if draft is not None:
        seen = max((row.pk for row in messages if row.created_at <= draft.updated_at), default=0)
    try:
        capabilities = capabilities_of(channel)
    except UnknownKind:
        capabilities = Capabilities(max_text=0)
    known = price_to(channel, conversation.address.value) if capabilities.segments else None
    paused = channel.paused_at is not None or not channel.enabled
    return Composer(
        channel=channel.name,
        brand=brand_of(channel),
        sender=channel.address,
        address=_called(conversation),
        segments=capabilities.segments,
        lookalikes=capabilities.lookalikes.value,
        price=plain(known[0]) if known else "",
        currency=known[1] if known else "",
        max_text=capabilities.max_text,
        max_file=settings.MEDIA_MAX_BYTES,
        paused=(channel.paused_reason or _("This channel is paused.")) if paused else "",
        draft=draft.text if draft else "",
        note=draft.note if draft else False,
        seen=seen,
        newest=newest,
        builder=_builder(conversation),
        window=window_of(conversation, capabilities),
        templates=capabilities.templates and not conversation.public,
    )


def shown_window(conversation: Conversation) -> ShownWindow | None:
    """For how long one may write freely; None where one always may."""
    try:
        return window_of(conversation, capabilities_of(conversation.reply_channel))
    except UnknownKind:
        return None


def _builder(conversation: Conversation) -> Builder:
    """Of more than text; the text is the composer's own."""
    return Builder(
        upload_url=reverse("conversation-files", args=[conversation.pk]),
        preview_url=reverse("conversation-preview", args=[conversation.pk]),
        preview="#rich-looks",
    )


def snooze_choices() -> list[SnoozeChoice]:
    """Later today, tomorrow, next week: at hours when people work."""
    now = timezone.localtime()
    morning = now.replace(hour=9, minute=0, second=0, microsecond=0)
    monday = morning + timedelta(days=7 - now.weekday())
    choices = [
        SnoozeChoice(_("In one hour"), now + timedelta(hours=1)),
        SnoozeChoice(_("In three hours"), now + timedelta(hours=3)),
        SnoozeChoice(_("Tomorrow morning"), morning + timedelta(days=1)),
    ]
    if now.weekday() != 6:
        choices.append(SnoozeChoice(_("Monday morning"), monday))
    return choices


def can_be(status: str) -> dict[str, bool]:
    """Which ways lead out of a status."""
    return {
        "resolve": status != Status.RESOLVED,
        "reopen": status != Status.OPEN,
        "snooze": status in {Status.OPEN, Status.PENDING, Status.SNOOZED},
        "pending": status in {Status.OPEN, Status.SNOOZED},
    }
