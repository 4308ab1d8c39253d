"""Creates, changes, blocks and merges contacts. Every error is a ValidationError by field."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member, Workspace
from contacts.attributes import clean_attributes
from contacts.fields import CLEANERS, clean_text
from contacts.labels import resolve_labels
from contacts.models import Address, Contact
from contacts.receivers import tell
from gateway.addresses import ALIASES, InvalidAddress, normalize

MOST_ADDRESSES = 50

Pairs = Sequence[tuple[str, str]]


@transaction.atomic
def create_contact(
    *, workspace: Workspace, member: Member | None, fields: Mapping[str, Any], addresses: Pairs = ()
) -> Contact:
    """A new contact with its addresses as (kind, value); values are normalized here.

    ``fields``: those of contacts.fields.CLEANERS, ``attributes`` by key, ``labels`` by id or name.
    """
    values, labels, wanted = _clean(workspace, fields, addresses)
    attributes = values.pop("attributes", {})
    contact = Contact.objects.create(
        workspace=workspace,
        attributes={key: value for key, value in attributes.items() if value is not None},
        **values,
    )
    _add_addresses(contact, wanted)
    if labels:
        contact.labels.set(labels)
    record(workspace=workspace, member=member, action="contact.created", target=contact)
    return contact


@transaction.atomic
def update_contact(
    *,
    contact: Contact,
    member: Member | None,
    fields: Mapping[str, Any],
    addresses: Pairs | None = None,
) -> Contact:
    """Change the given fields; attributes not named stay, None removes one.

    ``addresses`` given means exactly these; None leaves them.
    """
    values, labels, wanted = _clean(contact.workspace, fields, addresses)
    row = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    attributes = values.pop("attributes", {})
    for name, value in values.items():
        setattr(row, name, value)
    for key, value in attributes.items():
        if value is None:
            row.attributes.pop(key, None)
        else:
            row.attributes[key] = value
    row.save()
    if addresses is not None:
        _replace_addresses(row, wanted)
    if labels is not None:
        row.labels.set(labels)
    changed = sorted({*values, *(f"attributes.{key}" for key in attributes)})
    record(
        workspace=row.workspace_id,
        member=member,
        action="contact.updated",
        target=row,
        fields=changed,
    )
    return row


@transaction.atomic
def set_blocked(*, contact: Contact, member: Member | None, blocked: bool) -> None:
    """Blocked contacts get no campaign."""
    contact.blocked = blocked
    contact.save(update_fields=["blocked", "updated_at"])
    action = "contact.blocked" if blocked else "contact.unblocked"
    record(workspace=contact.workspace_id, member=member, action=action, target=contact)


@transaction.atomic
def merge_contacts(*, keep: Contact, other: Contact, member: Member | None) -> Contact:
    """Make two contacts one: ``keep`` gets everything of ``other``, which is then gone.

    What ``keep`` has wins; ``other`` fills the gaps. Apps above move their own rows when they hear
    "merging" (settings.CONTACT_RECEIVERS), in the same transaction. The rows are locked, so a
    message that arrives for ``other`` meanwhile waits.
    """
    if keep.workspace_id != other.workspace_id or keep.pk == other.pk:
        raise ValidationError({"other": _("Choose another contact to merge.")})
    rows = Contact.objects.select_for_update().filter(pk__in=[keep.pk, other.pk]).order_by("pk")
    found = {row.pk: row for row in rows}
    if len(found) != 2:
        raise ValidationError({"other": _("One of the contacts is gone by now.")})
    keep, other = found[keep.pk], found[other.pk]
    _fill_gaps(keep, other)
    Address.objects.filter(contact=other).update(contact=keep)
    keep.labels.add(*other.labels.all())
    tell("merging", keep_id=keep.pk, other_id=other.pk, workspace_id=keep.workspace_id)
    record(
        workspace=keep.workspace_id,
        member=member,
        action="contact.merged",
        target=keep,
        other=other.pk,
        other_name=other.name,
    )
    other.delete()
    return keep


def _fill_gaps(keep: Contact, other: Contact) -> None:
    for name in CLEANERS:
        if not getattr(keep, name):
            setattr(keep, name, getattr(other, name))
    keep.attributes = {**other.attributes, **keep.attributes}
    keep.save()


def _clean(
    workspace: Workspace, fields: Mapping[str, Any], addresses: Pairs | None
) -> tuple[dict[str, Any], Any, list[tuple[str, str]]]:
    """Field values, labels (None: not given) and normalized addresses; all errors at once."""
    errors: dict[str, Any] = {}
    values: dict[str, Any] = {}
    labels = None
    for name, value in fields.items():
        try:
            if name in CLEANERS:
                values[name] = CLEANERS[name](value)
            elif name == "labels":
                labels = resolve_labels(workspace, value)
            elif name == "attributes":
                values[name] = clean_attributes(workspace, value)
            else:
                errors[str(name)[:60]] = _("There is no such field.")
        except ValidationError as error:
            errors |= error.message_dict if hasattr(error, "error_dict") else {name: error.messages}
    region = values.get("country") or None
    wanted = _clean_addresses(addresses or (), region, errors)
    if errors:
        raise ValidationError(errors)
    return values, labels, wanted


def _clean_addresses(
    addresses: Pairs, region: str | None, errors: dict[str, Any]
) -> list[tuple[str, str]]:
    if len(addresses) > MOST_ADDRESSES:
        errors["addresses"] = _("At most %(count)d addresses.") % {"count": MOST_ADDRESSES}
        return []
    wanted = []
    for position, (kind, value) in enumerate(addresses):
        kind, value = ALIASES.get(str(kind), str(kind)), str(value)
        try:
            wanted.append((kind, normalize(kind, clean_text(value, 320), region=region)))
        except ValidationError as error:
            errors[f"addresses[{position}]"] = error.messages
        except InvalidAddress as error:
            errors[f"addresses[{position}]"] = str(error)
    return list(dict.fromkeys(wanted))


def _replace_addresses(contact: Contact, wanted: list[tuple[str, str]]) -> None:
    have = {(row.kind, row.value): row for row in contact.addresses.all()}
    for key, row in have.items():
        if key not in wanted:
            remove_address(address=row)
    _add_addresses(contact, [key for key in wanted if key not in have])


def remove_address(*, address: Address) -> None:
    """Delete an address; one that conversations hang on stays, with an error that says so."""
    try:
        with transaction.atomic():
            address.delete()
    except ProtectedError as error:
        raise ValidationError(
            {
                "addresses": _("%(value)s has conversations and cannot be removed.")
                % {"value": address.value}
            }
        ) from error


def _add_addresses(contact: Contact, wanted: list[tuple[str, str]]) -> None:
    """Insert; the unique constraint, not a look beforehand, says whether somebody has one."""
    if not wanted:
        return
    Address.objects.bulk_create(
        [
            Address(workspace_id=contact.workspace_id, contact=contact, kind=kind, value=value)
            for kind, value in wanted
        ],
        ignore_conflicts=True,
    )
    theirs = (
        Address.objects.in_workspace(contact.workspace_id)
        .filter(value__in=[value for _kind, value in wanted])
        .exclude(contact=contact)
        .select_related("contact")
    )
    for row in theirs:
        if (row.kind, row.value) in wanted:
            raise ValidationError(
                {
                    "addresses": _("%(value)s already belongs to %(name)s.")
                    % {"value": row.value, "name": row.contact}
                }
            )
