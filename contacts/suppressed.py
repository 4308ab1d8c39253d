"""The suppression list for people: who is on it and why; added and taken off by hand."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member, Workspace
from contacts.consent import opt_in, opt_out
from contacts.fields import clean_text
from contacts.models import Address
from gateway.addresses import InvalidAddress, normalize
from gateway.models import Suppression
from gateway.registry import adapters
from gateway.suppression import suppress

LONGEST_EVIDENCE = 320


def find_suppressed(
    workspace: Workspace, *, search: str = "", medium: str = "", reason: str = ""
) -> QuerySet[Suppression]:
    """The list, the newest first; ``search`` is part of an address."""
    rows: QuerySet[Suppression] = Suppression.objects.in_workspace(workspace)
    search = search.replace("\x00", "").strip()[:320]
    if search:
        rows = rows.filter(address__icontains=search)
    if medium:
        rows = rows.filter(medium=medium)
    if reason:
        rows = rows.filter(reason=reason)
    return rows.order_by("-id")


def kind_of(medium: str) -> str:
    """What addresses on a medium are; ValidationError where there is no such medium."""
    for adapter in adapters().values():
        if adapter.medium == medium:
            return adapter.address_kind
    raise ValidationError({"medium": _("Choose one of the list.")})


@transaction.atomic
def add_suppressed(
    *,
    workspace: Workspace,
    member: Member | None,
    medium: Any,
    address: Any,
    reason: Any,
    evidence: Any = "",
    source: str = "agent",
) -> Suppression:
    """Send no more marketing there; who is on the list already stays as they are.

    An opt-out of somebody we know is kept as their word as well. ValidationError by field.
    """
    kind, words = kind_of(str(medium)), clean_text(evidence, LONGEST_EVIDENCE)
    if reason not in Suppression.Reason.values:
        raise ValidationError({"reason": _("Choose one of the list.")})
    try:
        value = normalize(kind, clean_text(address, 320))
    except (InvalidAddress, ValidationError) as error:
        said = error.messages if isinstance(error, ValidationError) else [str(error)]
        raise ValidationError({"address": said}) from error
    rows = Suppression.objects.in_workspace(workspace).filter(medium=medium, address=value)
    if (there := rows.first()) is not None:
        return there
    theirs = _address(workspace.pk, kind, value)
    if reason == Suppression.Reason.OPTED_OUT and theirs is not None:
        opt_out(address=theirs, medium=medium, source=source, evidence=words, member=member)
        return rows.get()
    suppress(
        workspace_id=workspace.pk,
        medium=medium,
        address=value,
        reason=reason,
        source=source,
        evidence=words,
    )
    row = rows.get()
    _note(row, member, "suppression.added")
    return row


@transaction.atomic
def remove_suppressed(*, row: Suppression, member: Member | None, source: str = "agent") -> None:
    """Marketing may go there again. Of somebody who had opted out it is kept as their word."""
    theirs = _address(row.workspace_id, kind_of(row.medium), row.address)
    if row.reason == Suppression.Reason.OPTED_OUT and theirs is not None:
        opt_in(address=theirs, medium=row.medium, source=source, member=member)
        return
    _note(row, member, "suppression.removed")
    row.delete()


def _address(workspace_id: int, kind: str, value: str) -> Address | None:
    return Address.objects.filter(workspace_id=workspace_id, kind=kind, value=value).first()


def _note(row: Suppression, member: Member | None, action: str) -> None:
    record(
        workspace=row.workspace_id,
        member=member,
        action=action,
        target=row,
        medium=row.medium,
        reason=row.reason,
    )
