"""What a draft will do: its text as a contact gets it, and how many people and messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Workspace
from campaigns.audience import forecast
from campaigns.expansion import SPOKEN
from campaigns.models import Campaign, SkipReason
from contacts.models import Contact
from contacts.rendering import MissingValue, compile_template
from gateway.content.wording import Swap, offered, swap
from gateway.models import Channel
from gateway.prices.selectors import Cost, estimate, price_table
from gateway.quiet.hours import Hours
from gateway.quiet.places import Rule
from gateway.quiet.setting import quiet_hours_of
from gateway.registry import adapter_for

# As many letters of the GSM alphabet fit in one SMS, and none of another alphabet.
ONE_GSM_MESSAGE = 71


@dataclass(frozen=True, slots=True)
class Size:
    """How long a text is on a channel. ``segments`` 0: the channel does not count them.

    ``costly``: the characters that make every part of an SMS hold less. ``swapped``: what the
    channel swaps before it sends, ``offer`` what would save an SMS if it were swapped by hand.
    """

    characters: int
    limit: int
    segments: int = 0
    costly: str = ""
    swapped: Swap | None = None
    offer: Swap | None = None

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
    """Whom a launch right now would reach. ``skipped`` by reason; ``problem``: cannot be said.

    ``cost`` None: the channel has no prices.
    """

    reached: int = 0
    skipped: Sequence[tuple[SkipReason, int]] = field(default_factory=tuple)
    messages: int = 0
    problem: str = ""
    cost: Cost | None = None
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
    swapped = swap(adapter, text)
    offer = offered(adapter, text) if swapped is None else None
    text = swapped.text if swapped else text
    costly = [
        letter for letter in dict.fromkeys(text) if adapter.segments(letter * ONE_GSM_MESSAGE) > 1
    ]
    return Size(
        len(text), limit, adapter.segments(text), "".join(costly[:8]), swapped=swapped, offer=offer
    )


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
        counts, sample = forecast(campaign)
    except ValidationError as error:
        return Forecast(problem=" ".join(error.messages))
    reached = counts.pop("", 0)
    skipped = [(SkipReason(reason), count) for reason, count in counts.items()]
    said = _segments(campaign, campaign.channel, sample)
    each = reached / len(sample) if sample else 1
    messages = round(each * sum(units for _number, units in said))
    table = price_table(campaign.channel)
    cost = estimate(table, said, each=each) if table else None
    return Forecast(reached, skipped, messages, cost=cost, night=_night(campaign, sample, reached))


def _night(campaign: Campaign, sample: Sequence[tuple[int, str]], reached: int) -> Night | None:
    """By a sample of those who would get it; None where it is night for nobody."""
    saved = quiet_hours_of(campaign.workspace)
    rule, now = Rule(Hours(saved.starts, saved.ends), campaign.workspace.timezone), timezone.now()
    people = Contact.objects.filter(pk__in=[contact for contact, _number in sample])
    zones = dict(people.values_list("pk", "timezone"))
    asleep = sum(
        rule.place(zones.get(contact, ""), number, now).held_until is not None
        for contact, number in sample
    )
    if not asleep or not reached:
        return None
    about = max(1, round(reached * asleep / len(sample)))
    return Night(about, saved.starts, saved.ends, saved.enabled)


def _segments(
    campaign: Campaign, channel: Channel, sample: Sequence[tuple[int, str]]
) -> list[tuple[str, int]]:
    """To which numbers of a sample how many SMS would go; without those who would get none."""
    try:
        template = compile_template(campaign.workspace, campaign.text)
    except ValidationError:  # as it stands nobody gets it; put right, it is one SMS at least
        return [(number, 1) for _contact, number in sample]
    adapter = adapter_for(channel)
    contacts = Contact.objects.only(*SPOKEN).in_bulk([contact for contact, _number in sample])
    found: list[tuple[str, int]] = []
    for contact, number in sample:
        try:
            text = template.render(contacts[contact])
        except (MissingValue, KeyError):  # nothing to say, or deleted at this moment
            continue
        found.append((number, max(1, adapter.segments(adapter.wording(text)))))
    return found
