"""What a draft will do: its text as a contact gets it, and how many people and messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Workspace
from campaigns.audience import forecast
from campaigns.models import Campaign, SkipReason
from contacts.models import Address, Contact
from contacts.rendering import MissingValue, compile_template
from contacts.segments import contacts_matching
from gateway.models import Channel
from gateway.quiet.hours import Hours
from gateway.quiet.places import Rule
from gateway.quiet.setting import quiet_hours_of
from gateway.registry import adapter_for

# Texts differ in length from person to person; this many are looked at to estimate the messages.
SAMPLE = 100
# As many letters of the GSM alphabet fit in one SMS, and none of another alphabet.
ONE_GSM_MESSAGE = 71


@dataclass(frozen=True, slots=True)
class Size:
    """How long a text is on a channel. ``segments`` 0: the channel does not count them.

    ``costly``: the characters that make every part of an SMS hold less.
    """

    characters: int
    limit: int
    segments: int = 0
    costly: str = ""

    @property
    def over(self) -> bool:
        """Longer than the channel takes."""
        return bool(self.limit) and self.characters > self.limit


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as one contact gets it; ``problem`` says why they would not."""

    text: str = ""
    problem: str = ""
    missing: str = ""
    size: Size | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Whom a launch right now would reach. ``skipped`` by reason; ``problem``: cannot be said."""

    reached: int = 0
    skipped: Sequence[tuple[SkipReason, int]] = field(default_factory=tuple)
    messages: int = 0
    problem: str = ""
    night: "Night | None" = None

    @property
    def skipped_total(self) -> int:
        """Lines that would be left out."""
        return sum(count for _reason, count in self.skipped)


@dataclass(frozen=True, slots=True)
class Night:
    """For about so many it is night now, from ``starts`` until ``ends`` there.

    ``held``: they get it in their morning; otherwise quiet hours are switched off.
    """

    people: int
    starts: time
    ends: time
    held: bool


def measure(channel: Channel | None, text: str) -> Size:
    """Characters and SMS segments of a text on a channel."""
    if channel is None:
        return Size(len(text), 0)
    adapter = adapter_for(channel)
    limit = adapter.capabilities.max_text
    if not adapter.capabilities.segments:
        return Size(len(text), limit)
    costly = [
        letter for letter in dict.fromkeys(text) if adapter.segments(letter * ONE_GSM_MESSAGE) > 1
    ]
    return Size(len(text), limit, adapter.segments(text), "".join(costly[:8]))


def show(
    workspace: Workspace, channel: Channel | None, text: str, contact: Contact | None
) -> Shown:
    """The text as ``contact`` gets it; without a contact the variables stay as they are."""
    try:
        template = compile_template(workspace, text)
    except ValidationError as error:
        return Shown(text=text, problem=" ".join(error.messages))
    if contact is None:
        return Shown(text=text, size=measure(channel, text))
    try:
        said = template.render(contact)
    except MissingValue as error:
        return Shown(text=text, missing=str(error))
    return Shown(text=said, size=measure(channel, said))


def foresee(campaign: Campaign) -> Forecast:
    """What a launch right now would do; a draft without segment or channel reaches nobody."""
    if campaign.segment is None or campaign.channel is None:
        return Forecast()
    try:
        counts = forecast(campaign)
    except ValidationError as error:
        return Forecast(problem=" ".join(error.messages))
    reached = counts.pop("", 0)
    skipped = [(SkipReason(reason), count) for reason, count in counts.items()]
    messages = round(reached * _average_segments(campaign))
    return Forecast(reached, skipped, messages, night=_night(campaign, reached))


def _night(campaign: Campaign, reached: int) -> Night | None:
    """By a sample of the segment; None where it is night for nobody."""
    if campaign.segment is None or campaign.channel is None:
        return None
    workspace, now = campaign.workspace, timezone.now()
    saved = quiet_hours_of(workspace)
    rule = Rule(Hours(saved.starts, saved.ends), workspace.timezone)
    kind = adapter_for(campaign.channel).address_kind
    people = contacts_matching(workspace, campaign.segment.filter).order_by("-id")[:SAMPLE]
    addresses = Address.objects.filter(contact__in=people.values("pk"), kind=kind)
    rows = list(addresses.values_list("contact__timezone", "value"))
    asleep = sum(rule.place(*row, now).held_until is not None for row in rows)
    if not asleep or not reached:
        return None
    about = max(1, round(reached * asleep / len(rows)))
    return Night(about, saved.starts, saved.ends, saved.enabled)


def _average_segments(campaign: Campaign) -> float:
    if campaign.segment is None or campaign.channel is None:
        return 1
    try:
        template = compile_template(campaign.workspace, campaign.text)
        rows = contacts_matching(campaign.workspace, campaign.segment.filter)
    except ValidationError:
        return 1
    adapter = adapter_for(campaign.channel)
    lengths: list[int] = []
    for contact in rows.order_by("-id")[:SAMPLE]:
        try:
            lengths.append(max(1, adapter.segments(template.render(contact))))
        except MissingValue:
            continue
    return sum(lengths) / len(lengths) if lengths else 1
