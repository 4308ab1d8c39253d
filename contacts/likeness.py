"""Contacts that are probably one person. Nothing is merged by this: people decide."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Member
from contacts.models import Address, Contact, KeptApart
from gateway.addresses import EMAIL, PHONE, InvalidAddress, normalize

# Of a name that more contacts have than these it says nothing that two have it.
MOST_NAMESAKES = 3
MOST = 5
SEPARATORS = re.compile(r"[._\-+]+")
MAILBOX = re.compile(r"[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+")
NUMBER = re.compile(r"\+\d[\d ()./-]{6,20}\d")
MOST_WRITTEN = 20


class Sign(StrEnum):
    """What speaks for it."""

    NAME = "name"
    MAILBOX = "mailbox"
    WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class Likely:
    """A contact and what speaks for its being the same person; ``evidence`` is the words of it."""

    contact: Contact
    sign: Sign
    evidence: str


def likely_same(contact: Contact, texts: Iterable[str] = ()) -> list[Likely]:
    """Other contacts that are probably this person, the surest first; at most five.

    ``texts`` are what the person wrote of late: an address in them that another contact has is the
    strongest sign. Next a full name, or a mailbox of that name. Who was kept apart is left out.
    """
    own = list(contact.addresses.values_list("value", flat=True))
    found: dict[int, Likely] = {}
    for one in [
        *_written(contact, texts, own),
        *_named(contact, _names(contact, own)),
        *_mailboxes(contact),
    ]:
        found.setdefault(one.contact.pk, one)
    return list(found.values())[:MOST]


def keep_apart(*, one: Contact, other: Contact, member: Member | None) -> None:
    """They are two people; said once, it is not suggested again. ValidationError for one person."""
    if one.pk == other.pk or one.workspace_id != other.workspace_id:
        raise ValidationError({"other": _("Choose another contact.")})
    first, second = sorted((one.pk, other.pk))
    KeptApart.objects.get_or_create(
        workspace_id=one.workspace_id, one_id=first, other_id=second, defaults={"member": member}
    )


def _others(contact: Contact) -> QuerySet[Contact]:
    apart = KeptApart.objects.filter(Q(one=contact) | Q(other=contact))
    pairs = apart.values_list("one_id", "other_id")
    known = {pk for pair in pairs for pk in pair} | {contact.pk}
    return Contact.objects.in_workspace(contact.workspace_id).exclude(pk__in=known)


def _written(contact: Contact, texts: Iterable[str], own: Collection[str]) -> list[Likely]:
    values = _addresses_in(texts) - set(own)
    if not values:
        return []
    rows = Address.objects.in_workspace(contact.workspace_id).filter(
        kind__in=(EMAIL, PHONE), value__in=values, contact__in=_others(contact)
    )
    rows = rows.select_related("contact").prefetch_related("contact__addresses").order_by("pk")
    return [Likely(row.contact, Sign.WRITTEN, row.value) for row in rows[:MOST]]


def _addresses_in(texts: Iterable[str]) -> set[str]:
    """Mailboxes and international numbers, in their normal form."""
    text = "\n".join(texts)
    found = set()
    for kind, pattern in ((EMAIL, MAILBOX), (PHONE, NUMBER)):
        for words in pattern.findall(text)[:MOST_WRITTEN]:
            try:
                found.add(normalize(kind, words))
            except InvalidAddress:
                continue
    return found


def _names(contact: Contact, own: Collection[str]) -> set[str]:
    """Full names of this person: as they are called, and as their mailboxes are."""
    mailboxes = [value.partition("@")[0] for value in own if "@" in value]
    found = {contact.name, *(SEPARATORS.sub(" ", one) for one in mailboxes)}
    return {" ".join(name.split()) for name in found if _is_full(name)}


def _is_full(name: str) -> bool:
    words = [word for word in name.split() if word.isalpha()]
    return len(words) > 1 and len("".join(words)) > 5


def _named(contact: Contact, names: Collection[str]) -> list[Likely]:
    found: list[Likely] = []
    for name in names:
        same = _others(contact).filter(name__iexact=name).prefetch_related("addresses")
        rows = list(same.order_by("-pk")[: MOST_NAMESAKES + 1])
        if len(rows) <= MOST_NAMESAKES:
            found += [Likely(row, Sign.NAME, row.name) for row in rows]
    return found


def _mailboxes(contact: Contact) -> list[Likely]:
    """Mailboxes of this name whose contact has none."""
    if not _is_full(contact.name):
        return []
    words = contact.name.lower().split()
    starts = Q()
    for separator in (".", "_", "-", ""):
        starts |= Q(value__istartswith=separator.join(words) + "@")
    rows = Address.objects.in_workspace(contact.workspace_id).filter(
        starts, kind=EMAIL, contact__name="", contact__in=_others(contact)
    )
    found = list(
        rows.select_related("contact")
        .prefetch_related("contact__addresses")
        .order_by("pk")[: MOST_NAMESAKES + 1]
    )
    if len(found) > MOST_NAMESAKES:
        return []
    return [Likely(row.contact, Sign.MAILBOX, row.value) for row in found]
