"""What a draft will do: its message as a contact gets it, and how many people and messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.audience import forecast
from campaigns.behind import fallback_of
from campaigns.fitting import several
from campaigns.models import Campaign, SkipReason
from campaigns.trial import as_typed, rendered
from campaigns.windows import Closed, closed_windows
from campaigns.writing import SPOKEN, Said, writer_of
from contacts.models import Contact
from contacts.rendering import MissingValue
from contacts.rich import ValueTooLong, ValueUnfit
from gateway.content.looks import Look, LookPart, looks
from gateway.content.model import Content
from gateway.content.wording import Swap, offered, swap
from gateway.media.attaching import resolved
from gateway.models import Channel
from gateway.pages.looks import ShownLook, shown_looks
from gateway.prices.selectors import Cost, estimate, price_table
from gateway.quiet.hours import Hours
from gateway.quiet.places import Rule
from gateway.quiet.setting import quiet_hours_of
from gateway.reach.asking import fresh
from gateway.registry import adapter_for, adapters

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
    """A message as one contact gets it; ``problem`` and ``missing`` say why they would not.

    ``looks`` are the phones of its channel and of the one that takes over. ``text`` and ``size``
    are of a plain text; ``several`` says that the channel makes more than one message of it.
    """

    text: str = ""
    problem: str = ""
    missing: str = ""
    size: Size | None = None
    looks: Sequence[ShownLook] = ()
    several: str = ""


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
    closed: Closed | None = None

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


def show(campaign: Campaign, contact: Contact | None) -> Shown:
    """What the campaign says, as ``contact`` gets it; without one the variables stay as they are.

    ``campaign`` may be a draft that is not saved.
    """
    problem = missing = ""
    try:
        content = rendered(campaign, contact)
    except MissingValue as error:
        content, missing = as_typed(campaign), str(error)
    except (ValidationError, ValueTooLong, ValueUnfit) as error:
        content, problem = as_typed(campaign), _words(error)
    try:
        content = resolved(content, campaign.workspace_id, lock=False)
    except ValidationError as error:
        return Shown(problem=_words(error))
    found = [] if content.is_empty else _looks(campaign, content, contact)
    plain = campaign.content is None
    known = not (problem or missing)
    return Shown(
        text=content.text,
        problem=problem,
        missing=missing,
        size=measure(campaign.channel, content.text) if plain and known else None,
        looks=shown_looks(found),
        several="" if plain or not found else several(len(found[0].parts)),
    )


def _looks(campaign: Campaign, content: Content, contact: Contact | None) -> list[Look]:
    channel, fallback = campaign.channel, fallback_of(campaign)
    if channel is None:
        nowhere = Channel(name=_("No channel chosen yet"))
        return [Look(nowhere, _("Preview"), (LookPart(content, 0),))]
    address = _address(channel, contact)
    reach = fresh(channel, [address]).get(address) if fallback and address else None
    return looks(content, channel=channel, address=address, fallback=fallback, reach=reach)


def _address(channel: Channel, contact: Contact | None) -> str:
    """Where the contact would get it; empty where they would not."""
    if contact is None or channel.kind not in adapters():
        return ""
    theirs = contact.addresses.filter(kind=adapters()[channel.kind].address_kind)
    return theirs.order_by("id").values_list("value", flat=True).first() or ""


def _words(error: Exception) -> str:
    if isinstance(error, ValueTooLong):
        return _("With this contact's values a text is too long.")
    if isinstance(error, ValueUnfit):
        return _("This contact's values do not fit here: %(where)s.") % {"where": error}
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


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
    templates = adapter_for(campaign.channel).capabilities.templates
    return Forecast(
        reached,
        skipped,
        messages,
        cost=cost,
        night=_night(campaign, sample, reached),
        closed=closed_windows(campaign, sample, reached, templates=templates),
    )


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
        writer = writer_of(campaign)
    except ValidationError:  # as it stands nobody gets it; put right, it is one SMS at least
        return [(number, 1) for _contact, number in sample]
    adapter = adapter_for(channel)
    contacts = Contact.objects.only(*SPOKEN).in_bulk([contact for contact, _number in sample])
    found: list[tuple[str, int]] = []
    for contact, number in sample:
        if contact not in contacts:  # deleted at this moment
            continue
        said = writer.said(contacts[contact], number)
        if isinstance(said, Said):
            found.append((number, max(1, adapter.segments(adapter.wording(said.text)))))
    return found
