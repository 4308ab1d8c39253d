"""Finds or makes the contacts behind addresses, many at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter

from django.db import connection
from django.utils import timezone

from contacts.models import Address, Contact


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who is behind an address."""

    address_id: int
    contact_id: int
    blocked: bool


def resolve_addresses(
    *, workspace_id: int, kind: str, people: Mapping[str, str]
) -> dict[str, Resolved]:
    """The contact behind each normalized address value; unknown ones become contacts.

    ``people`` maps values to the name the provider gave (may be empty). Runs in the caller's
    transaction with at most four statements; two callers that meet the same new address at the
    same moment agree on one contact.
    """
    known = _known(workspace_id, kind, people)
    fresh = {value: name for value, name in people.items() if value not in known}
    if fresh:
        _create(workspace_id, kind, fresh)
        known |= _known(workspace_id, kind, fresh)
    return known


def _known(workspace_id: int, kind: str, people: Mapping[str, str]) -> dict[str, Resolved]:
    rows = Address.objects.filter(
        workspace_id=workspace_id, kind=kind, value__in=people.keys()
    ).values_list("value", "id", "contact_id", "contact__blocked")
    return {value: Resolved(pk, contact_id, blocked) for value, pk, contact_id, blocked in rows}


def _create(workspace_id: int, kind: str, people: Mapping[str, str]) -> None:
    now = timezone.now()
    contacts = Contact.objects.bulk_create(
        [
            Contact(workspace_id=workspace_id, name=name[:200], created_at=now, updated_at=now)
            for name in people.values()
        ]
    )
    Address.objects.bulk_create(
        [
            Address(workspace_id=workspace_id, contact=contact, kind=kind, value=value)
            # In one order for all: two who meet the same new people must not wait in a circle.
            for value, contact in sorted(zip(people, contacts, strict=True), key=itemgetter(0))
        ],
        ignore_conflicts=True,
    )
    # Whoever lost the race for an address leaves no empty contact behind.
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM contacts_contact c WHERE c.id = ANY(%s) AND NOT EXISTS "
            "(SELECT 1 FROM contacts_address a WHERE a.contact_id = c.id)",
            [[contact.pk for contact in contacts]],
        )
