"""Puts the invented customers into the workspace, with addresses, consent and opt-outs."""

from datetime import datetime, timedelta

from contacts.models import Address, ConsentRecord, ConsentStatus, Contact
from demo.people import Person, invent
from demo.workspace import Ground
from gateway.addresses import EMAIL, PHONE
from gateway.models import Suppression

MEDIUM = "sms"
# Places in the list of people. The first ones, whose phones the simulator shows, stay reachable.
OPTED_OUT = (31, 52, 77, 94, 120, 163)
BOUNCED = (66, 141)
BLOCKED = (103, 187)
SECOND_PHONE = (23, 58, 110)


def add_customers(ground: Ground, now: datetime) -> list[Contact]:
    """All contacts, in the order of the invented people; ``contact.phone`` is not set by this."""
    people = invent(now.date())
    contacts = [_contact(ground, place, person, now) for place, person in enumerate(people)]
    Contact.objects.bulk_create(contacts)
    _keep_age(contacts, people, now)
    addresses = Address.objects.bulk_create(
        [
            Address(workspace=ground.workspace, contact=contact, kind=kind, value=value)
            for place, (contact, person) in enumerate(zip(contacts, people, strict=True))
            for kind, value in _values(place, person)
        ]
    )
    _add_consent(ground, contacts, people, addresses, now)
    _label(ground, contacts, people)
    return contacts


def _contact(ground: Ground, place: int, person: Person, now: datetime) -> Contact:
    last_order = (now - timedelta(days=1 + place * 37 % min(person.days_known, 200))).date()
    attributes: dict[str, object] = {"orders": person.orders}
    if person.tier:
        attributes["tier"] = person.tier
    if person.orders:
        attributes["last_order"] = last_order.isoformat()
    return Contact(
        workspace=ground.workspace,
        name=person.name,
        language=person.language,
        timezone=person.timezone,
        country=person.country,
        gender=person.gender,
        birth_date=person.birth_date,
        attributes=attributes,
        blocked=place in BLOCKED,
    )


def _keep_age(contacts: list[Contact], people: list[Person], now: datetime) -> None:
    """The database's own clock wrote today; they have been customers for longer."""
    for contact, person in zip(contacts, people, strict=True):
        contact.created_at = now - timedelta(days=person.days_known)
    Contact.objects.bulk_update(contacts, ["created_at"])


def _values(place: int, person: Person) -> list[tuple[str, str]]:
    values = [(PHONE, person.phone), (EMAIL, person.email)]
    if place in SECOND_PHONE and person.phone:
        values.append((PHONE, f"+1206555{100 + SECOND_PHONE.index(place):04d}"))
    return [(kind, value) for kind, value in values if value]


def _add_consent(
    ground: Ground,
    contacts: list[Contact],
    people: list[Person],
    addresses: list[Address],
    now: datetime,
) -> None:
    places = {contact.pk: place for place, contact in enumerate(contacts)}
    records, suppressions = [], []
    for address in addresses:
        place = places[address.contact_id]
        if address.kind != PHONE:
            continue
        joined = now - timedelta(days=people[place].days_known)
        records.append(_said(address, ConsentStatus.GRANTED, "import", "Web shop form", joined))
        if place in OPTED_OUT:
            left = now - timedelta(days=2 + place % 3, minutes=place)
            records.append(_said(address, ConsentStatus.WITHDRAWN, "keyword", "STOP", left))
            suppressions.append(_suppress(ground, address, Suppression.Reason.OPTED_OUT, left))
        elif place in BOUNCED:
            since = now - timedelta(days=9, minutes=place)
            suppressions.append(_suppress(ground, address, Suppression.Reason.BOUNCED, since))
    ConsentRecord.objects.bulk_create(records)
    Suppression.objects.bulk_create(suppressions)


def _said(
    address: Address, status: ConsentStatus, source: str, words: str, at: datetime
) -> ConsentRecord:
    return ConsentRecord(
        workspace_id=address.workspace_id,
        address=address,
        medium=MEDIUM,
        status=status,
        source=source,
        evidence=words,
        occurred_at=at,
    )


def _suppress(
    ground: Ground, address: Address, reason: Suppression.Reason, at: datetime
) -> Suppression:
    opted_out = reason is Suppression.Reason.OPTED_OUT
    return Suppression(
        workspace=ground.workspace,
        medium=MEDIUM,
        address=address.value,
        reason=reason,
        source="keyword" if opted_out else "provider",
        evidence="STOP" if opted_out else "30005",
        created_at=at,
    )


def _label(ground: Ground, contacts: list[Contact], people: list[Person]) -> None:
    through = Contact.labels.through
    wholesale = [
        contact
        for contact, person in zip(contacts, people, strict=True)
        if person.tier == "gold" and person.orders > 45
    ]
    through.objects.bulk_create(
        through(contact=contact, label=ground.labels["Wholesale"]) for contact in wholesale
    )
