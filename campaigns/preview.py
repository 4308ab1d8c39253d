"""What a draft will do: its message as a contact gets it, and how many people and messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from campaigns.audience import forecast
from campaigns.behind import fallback_of
from campaigns.fitting import several
from campaigns.models import Campaign, SkipReason
from campaigns.trial import as_typed, rendered
from campaigns.writing import Said, writer_of
from contacts.models import Contact
from contacts.rendering import MissingValue
from contacts.rich import ValueTooLong, ValueUnfit
from contacts.segments import contacts_matching
from gateway.content.looks import Look, LookPart, looks
from gateway.content.model import Content
from gateway.media.attaching import resolved
from gateway.models import Channel
from gateway.pages.looks import ShownLook, shown_looks
from gateway.reach.asking import fresh
from gateway.registry import adapter_for, adapters

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
    """Whom a launch right now would reach. ``skipped`` by reason; ``problem``: cannot be said."""

    reached: int = 0
    skipped: Sequence[tuple[SkipReason, int]] = field(default_factory=tuple)
    messages: int = 0
    problem: str = ""

    @property
    def skipped_total(self) -> int:
        """Lines that would be left out."""
        return sum(count for _reason, count in self.skipped)


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
        counts = forecast(campaign)
    except ValidationError as error:
        return Forecast(problem=" ".join(error.messages))
    reached = counts.pop("", 0)
    skipped = [(SkipReason(reason), count) for reason, count in counts.items()]
    return Forecast(reached, skipped, round(reached * _average_segments(campaign)))


def _average_segments(campaign: Campaign) -> float:
    if campaign.segment is None or campaign.channel is None:
        return 1
    try:
        writer = writer_of(campaign)
        rows = contacts_matching(campaign.workspace, campaign.segment.filter)
    except ValidationError:
        return 1
    adapter = adapter_for(campaign.channel)
    said = (writer.said(contact, "") for contact in rows.order_by("-id")[:SAMPLE])
    lengths = [max(1, adapter.segments(one.text)) for one in said if isinstance(one, Said)]
    return sum(lengths) / len(lengths) if lengths else 1
