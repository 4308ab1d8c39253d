"""By what people know an address that is an id: what its provider said last."""

from collections.abc import Mapping

from django.db.models import QuerySet

from contacts.models import Address
from gateway.sql import storable, with_values

LONGEST = 100
# Locked in the order of their ids, so that two workers never wait for each other in a circle.
NOTE = """
WITH v (id, handle) AS (VALUES {values}),
changed AS (
    SELECT a.id, v.handle FROM contacts_address a JOIN v ON a.id = v.id::bigint
    WHERE a.handle <> v.handle ORDER BY a.id FOR NO KEY UPDATE OF a)
UPDATE contacts_address a SET handle = changed.handle FROM changed WHERE a.id = changed.id
"""


def by_handle(workspace_id: int, words: str) -> QuerySet[Address]:
    """Addresses whose handle has these words in it, through its own index."""
    known = Address.objects.in_workspace(workspace_id).exclude(handle="")
    return known.filter(handle__icontains=words)


def note_handles(handles: Mapping[int, str]) -> None:
    """Keep the handles by address id; one statement, or none where there are none."""
    found = {pk: storable(handle)[:LONGEST] for pk, handle in handles.items() if handle.strip()}
    if found:
        with_values(NOTE, sorted(found.items()))
