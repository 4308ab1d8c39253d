"""Reads contacts for pages: search, segment, cursor pages, and all about one person."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Workspace
from contacts.fields import DAY
from contacts.handles import by_handle
from contacts.models import (
    Address,
    AttributeDefinition,
    AttributeType,
    ConsentRecord,
    Contact,
    Segment,
)
from contacts.segments import contacts_matching
from contacts.segments.catalogue import media
from gateway.models import Suppression
from gateway.registry import adapters

PAGE = 50
NUMBERISH = re.compile(r"[+\d][\d\s().-]{2,}")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows newest first; ``older`` and ``newer`` are cursors, None at the ends."""

    rows: Sequence[Contact]
    older: int | None
    newer: int | None


@dataclass(frozen=True, slots=True)
class Reach:
    """An address on one medium: may marketing go there, and since when not."""

    medium: str
    name: str
    suppression: Suppression | None
    history: Sequence[ConsentRecord]


def find_contacts(
    workspace: Workspace, *, search: str = "", segment: Segment | None = None
) -> QuerySet[Contact]:
    """Contacts by name or address, narrowed to a segment; unordered."""
    rows: QuerySet[Contact] = (
        contacts_matching(workspace, segment.filter)
        if segment
        else Contact.objects.in_workspace(workspace)
    )
    search = search.replace("\x00", "").strip()[:200]
    return rows.filter(_search(workspace, search)) if search else rows


def _search(workspace: Workspace, search: str) -> Q:
    condition = Q(name__icontains=search)
    addresses = Address.objects.in_workspace(workspace).filter(contact=OuterRef("pk"))
    if NUMBERISH.fullmatch(search):
        digits = re.sub(r"\D", "", search)
        return condition | Q(Exists(addresses.filter(kind="phone", value__contains=digits)))
    if "@" in search:
        condition |= Q(Exists(addresses.filter(kind="email", value__startswith=search.lower())))
    return condition | Q(pk__in=by_handle(workspace.pk, search).values("contact_id"))


def page_of(rows: QuerySet[Contact], *, before: int | None, after: int | None) -> Page:
    """A page by cursor: contacts older than ``before``, or newer than ``after``; two statements
    with what a list row shows.
    """
    rows = rows.prefetch_related("addresses", "labels")
    if after is not None:
        found = list(rows.filter(id__gt=after).order_by("id")[: PAGE + 1])
        more = len(found) > PAGE
        found = found[:PAGE][::-1]
        return Page(
            rows=found,
            older=found[-1].pk if found else None,
            newer=found[0].pk if found and more else None,
        )
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: PAGE + 1])
    more = len(found) > PAGE
    found = found[:PAGE]
    return Page(
        rows=found,
        older=found[-1].pk if more else None,
        newer=found[0].pk if found and before is not None else None,
    )


def reach_of(contact: Contact) -> list[tuple[Address, list[Reach]]]:
    """The contact's addresses, each with the media that use it; three statements."""
    addresses = list(contact.addresses.order_by("id"))
    listed = {
        (row.medium, row.address): row
        for row in Suppression.objects.in_workspace(contact.workspace_id).filter(
            address__in=[address.value for address in addresses]
        )
    }
    history: dict[tuple[int, str], list[ConsentRecord]] = {}
    records = ConsentRecord.objects.filter(address__in=addresses).select_related("member__user")
    for item in records.order_by("-id")[:500]:
        history.setdefault((item.address_id, item.medium), []).append(item)
    names = media()
    return [
        (
            address,
            [
                Reach(
                    medium,
                    names[medium],
                    listed.get((medium, address.value)),
                    history.get((address.pk, medium), []),
                )
                for medium in media_of(address.kind)
            ],
        )
        for address in addresses
    ]


def media_of(kind: str) -> list[str]:
    """The media of registered channels that use this kind of address."""
    return list(
        dict.fromkeys(cls.medium for cls in adapters().values() if cls.address_kind == kind)
    )


def shown_attributes(
    contact: Contact, known: Mapping[str, AttributeDefinition]
) -> list[tuple[AttributeDefinition, str]]:
    """The contact's values in words of the reader's language, in the definitions' order."""
    return [
        (row, _in_words(row, contact.attributes[key]))
        for key, row in known.items()
        if key in contact.attributes
    ]


def _in_words(definition: AttributeDefinition, value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if definition.type == AttributeType.DATE and isinstance(value, str) and DAY.fullmatch(value):
        return date_format(date.fromisoformat(value), "DATE_FORMAT")
    return str(value)
