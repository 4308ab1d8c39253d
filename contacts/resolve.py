"""Finds or makes the contacts behind addresses, many at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from gateway.sql import storable, with_values


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who is behind an address."""

    address_id: int
    contact_id: int
    blocked: bool


KNOWN = """
SELECT a.value, a.id, a.contact_id, c.blocked
FROM contacts_address a JOIN contacts_contact c ON c.id = a.contact_id
WHERE a.workspace_id = %s AND a.kind = %s AND a.value = ANY(%s)
"""

# A contact is made only for an address that is really new, so nobody who loses a race for one
# leaves an empty contact behind. In one order for all: two who meet the same new people must not
# wait for each other in a circle.
CREATE = """
WITH people AS MATERIALIZED (
    SELECT nextval('contacts_contact_id_seq') AS contact_id, v.value, v.name
    FROM (VALUES {values}) AS v (value, name)),
made AS (
    INSERT INTO contacts_address (workspace_id, contact_id, kind, value, created_at)
    SELECT %s, contact_id, %s, value, %s FROM people ORDER BY value
    ON CONFLICT (workspace_id, kind, value) DO NOTHING
    RETURNING id, contact_id, value),
contact AS (
    INSERT INTO contacts_contact
        (id, workspace_id, name, language, timezone, country, gender, attributes, blocked,
         created_at, updated_at)
    SELECT contact_id, %s, people.name, '', '', '', '', '{}', false, %s, %s
    FROM people JOIN made USING (contact_id))
SELECT value, id, contact_id FROM made
"""


def resolve_addresses(
    *, workspace_id: int, kind: str, people: Mapping[str, str]
) -> dict[str, Resolved]:
    """The contact behind each normalized address value; unknown ones become contacts.

    ``people`` maps values to the name the provider gave (may be empty). Runs in the caller's
    transaction with at most three statements; two callers that meet the same new address at the
    same moment agree on one contact.
    """
    known = _known(workspace_id, kind, people)
    fresh = {value: name for value, name in people.items() if value not in known}
    known |= _create(workspace_id, kind, fresh)
    lost = [value for value in fresh if value not in known]
    if lost:
        known |= _known(workspace_id, kind, lost)
    return known


def _known(workspace_id: int, kind: str, values: Iterable[str]) -> dict[str, Resolved]:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [workspace_id, kind, list(values)])
        return {value: Resolved(*found) for value, *found in cursor.fetchall()}


def _create(workspace_id: int, kind: str, people: Mapping[str, str]) -> dict[str, Resolved]:
    now = timezone.now()
    rows = with_values(
        CREATE,
        [(value, storable(name)[:200]) for value, name in people.items()],
        [workspace_id, kind, now, workspace_id, now, now],
        fetch=True,
    )
    return {value: Resolved(pk, contact_id, False) for value, pk, contact_id in rows}
