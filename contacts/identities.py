"""Addresses that are proven to be one person's: their contacts become one."""

from collections.abc import Collection
from typing import NamedTuple

from django.utils import timezone

from contacts.models import Contact
from contacts.services import merge_contacts
from gateway.sql import with_values

ADD = """
INSERT INTO contacts_address (workspace_id, contact_id, kind, value, created_at)
SELECT DISTINCT ON (v.workspace, v.kind, v.value)
    v.workspace::bigint, v.contact::bigint, v.kind, v.value, v.at::timestamptz
FROM (VALUES {values}) AS v (workspace, contact, kind, value, at)
ORDER BY v.workspace, v.kind, v.value
ON CONFLICT (workspace_id, kind, value) DO NOTHING
"""
OTHERS = """
SELECT DISTINCT v.workspace::bigint, v.contact::bigint, a.contact_id
FROM (VALUES {values}) AS v (workspace, contact, kind, value)
JOIN contacts_address a
    ON a.workspace_id = v.workspace::bigint AND a.kind = v.kind AND a.value = v.value
WHERE a.contact_id <> v.contact::bigint
"""


class Proof(NamedTuple):
    """A provider says that this address is this contact's."""

    workspace_id: int
    contact_id: int
    kind: str
    value: str


def prove_identities(proofs: Collection[Proof]) -> bool:
    """Give the contacts these addresses; whose are another contact's already, become one with it.

    The older contact stays. Two statements while nobody is merged. Returns whether somebody was:
    ids of contacts read before are then out of date.
    """
    if not proofs:
        return False
    now, wanted = timezone.now(), sorted(set(proofs))
    with_values(ADD, [(*proof, now) for proof in wanted])
    pairs = with_values(OTHERS, wanted, fetch=True)
    merged = [_merge(int(workspace), {one, other}) for workspace, one, other in pairs]
    return any(merged)


def _merge(workspace_id: int, pair: set[int]) -> bool:
    """Whether both were still there."""
    found = list(Contact.objects.in_workspace(workspace_id).filter(pk__in=pair).order_by("pk"))
    if len(found) == 2:
        merge_contacts(keep=found[0], other=found[1], member=None)
    return len(found) == 2
