"""The contact panel beside a thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel import Locale
from babel.dates import format_date
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from contacts.likeness import Likely, Sign
from contacts.models import Address, AttributeDefinition, Contact, Gender, Label
from conversations.models import Conversation, Message
from conversations.presenters.activity import Activity, activity
from conversations.presenters.rows import Row, contact_name, rows
from conversations.templatetags.ui import locale
from gateway.addresses import shown as shown_address
from gateway.marks import medium_name
from gateway.models import Suppression


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Reach:
    """An address and whether we may write to it."""

    kind: str
    value: str
    handle: str
    stops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class History:
    """Something that was done, and when."""

    message: Message
    activity: Activity


@dataclass(frozen=True, slots=True)
class ShownLikely:
    """A contact that is perhaps the same person, and why."""

    contact_id: int
    name: str
    addresses: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Panel:
    """All that the panel shows."""

    contact_id: int
    name: str
    blocked: bool
    facts: tuple[Fact, ...]
    attributes: tuple[Fact, ...]
    addresses: tuple[Reach, ...]
    contact_labels: tuple[Label, ...]
    labels: tuple[Label, ...]
    others: tuple[Row, ...]
    history: tuple[History, ...]
    likely: tuple[ShownLikely, ...]


def panel(
    *,
    conversation: Conversation,
    addresses: Sequence[Address],
    stops: Mapping[str, Sequence[Suppression]],
    definitions: Sequence[AttributeDefinition],
    others: Sequence[Conversation],
    activities: Sequence[Message],
    likely: Sequence[Likely],
) -> Panel:
    """From rows that are loaded already."""
    contact = conversation.contact
    return Panel(
        contact_id=contact.pk,
        name=contact_name(contact, conversation.address.shown),
        blocked=contact.blocked,
        facts=tuple(_facts(contact)),
        attributes=tuple(_attributes(contact, definitions)),
        addresses=tuple(_reach(row, stops.get(row.value, ())) for row in addresses),
        contact_labels=tuple(contact.labels.all()),
        labels=tuple(conversation.labels.all()),
        others=tuple(rows(others)),
        history=tuple(History(row, activity(row)) for row in activities),
        likely=tuple(_likely(one) for one in likely),
    )


WHY_LIKELY = {
    Sign.NAME: _lazy("Has the same name."),
    Sign.MAILBOX: _lazy("Has a mailbox of this name."),
    Sign.WRITTEN: _lazy("This person wrote its address: %(evidence)s"),
}


def _likely(found: Likely) -> ShownLikely:
    values = tuple(row.value for row in found.contact.addresses.all()[:3])
    why = str(WHY_LIKELY[found.sign])
    return ShownLikely(
        contact_id=found.contact.pk,
        name=contact_name(found.contact, values[0] if values else ""),
        addresses=tuple(map(shown_address, values)),
        why=why % {"evidence": found.evidence} if found.sign == Sign.WRITTEN else why,
    )


def _reach(address: Address, stops: Sequence[Suppression]) -> Reach:
    media: dict[str, list[str]] = {}
    for stop in stops:
        media.setdefault(stop.get_reason_display(), []).append(medium_name(stop.medium))
    words = tuple(f"{reason} ({', '.join(sorted(where))})" for reason, where in media.items())
    return Reach(address.kind, address.value, address.handle, words)


def _facts(contact: Contact) -> list[Fact]:
    reader = Locale.parse(locale())
    gender = Gender(contact.gender).label if contact.gender in Gender.values else ""
    facts = [
        Fact(_("Country"), reader.territories.get(contact.country.upper(), contact.country)),
        Fact(_("Language"), reader.languages.get(contact.language, contact.language)),
        Fact(_("Gender"), str(gender)),
        Fact(_("Born"), _born(contact.birth_date)),
        Fact(_("Time zone"), contact.timezone.replace("_", " ")),
        Fact(_("Customer since"), format_date(contact.created_at, "medium", locale=locale())),
    ]
    return [fact for fact in facts if fact.value]


def _born(birth: date | None) -> str:
    if birth is None:
        return ""
    today = timezone.localdate()
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    day = format_date(birth, "medium", locale=locale())
    return _("%(day)s (age %(age)d)") % {"day": day, "age": age}


def _attributes(contact: Contact, definitions: Sequence[AttributeDefinition]) -> list[Fact]:
    names = {row.key: row.name for row in definitions}
    known = [(names.get(key, key), value) for key, value in contact.attributes.items()]
    return [Fact(name, _value(value)) for name, value in sorted(known) if value not in (None, "")]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(value)
