"""Consent: what people said about marketing, kept as history and acted on in the gateway."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.audit import record
from accounts.models import Member
from contacts.models import Address, ConsentRecord, ConsentStatus
from contacts.resolve import resolve_addresses
from gateway.events import Keyword, OptOut, Received
from gateway.models import Suppression
from gateway.suppression import lift, said_of, suppress

STATUS_OF_KEYWORD = {
    Keyword.STOP: ConsentStatus.WITHDRAWN,
    Keyword.START: ConsentStatus.GRANTED,
}


@transaction.atomic
def opt_out(
    *,
    address: Address,
    medium: str,
    source: str,
    evidence: str = "",
    member: Member | None = None,
) -> ConsentRecord:
    """No more marketing to this address on this medium, from now on, queued messages included."""
    suppress(
        workspace_id=address.workspace_id,
        medium=medium,
        address=address.value,
        reason=Suppression.Reason.OPTED_OUT,
        source=source,
        evidence=evidence,
    )
    return _keep(address, medium, ConsentStatus.WITHDRAWN, source, evidence, member)


@transaction.atomic
def opt_in(
    *,
    address: Address,
    medium: str,
    source: str,
    evidence: str = "",
    member: Member | None = None,
) -> ConsentRecord:
    """The person wants marketing again; an address that bounces stays suppressed all the same."""
    lift(workspace_id=address.workspace_id, medium=medium, address=address.value)
    return _keep(address, medium, ConsentStatus.GRANTED, source, evidence, member)


def receive_opt_outs(batch: Sequence[Received]) -> None:
    """Record the keywords customers sent; the gateway has acted on them in this transaction."""
    said = [(item, item.event) for item in batch if isinstance(item.event, OptOut)]
    said = [(item, event) for item, event in said if event.keyword in STATUS_OF_KEYWORD]
    by_kind: dict[tuple[int, str], dict[str, str]] = {}
    for item, event in said:
        by_kind.setdefault((item.workspace_id, item.address_kind), {})[event.sender] = ""
    address_ids = {
        (workspace_id, kind, value): found.address_id
        for (workspace_id, kind), people in by_kind.items()
        for value, found in resolve_addresses(
            workspace_id=workspace_id, kind=kind, people=people
        ).items()
    }
    rows = [
        ConsentRecord(
            workspace_id=item.workspace_id,
            address_id=address_ids[item.workspace_id, item.address_kind, event.sender],
            medium=medium,
            status=STATUS_OF_KEYWORD[event.keyword],
            source=event.source,
            evidence=event.words[:320],
            occurred_at=item.received_at,
        )
        for item, event in said
        for medium in said_of(item.medium)
    ]
    if rows:
        ConsentRecord.objects.bulk_create(_unknown(rows))


def _unknown(rows: list[ConsentRecord]) -> Iterable[ConsentRecord]:
    """Without what is on record already: a replayed request says nothing new."""
    known: set[tuple[int, str, str, datetime]] = set(
        ConsentRecord.objects.filter(
            address_id__in={row.address_id for row in rows},
            occurred_at__in={row.occurred_at for row in rows},
        ).values_list("address_id", "medium", "status", "occurred_at")
    )
    return [
        row
        for row in rows
        if (row.address_id, row.medium, row.status, row.occurred_at) not in known
    ]


def _keep(
    address: Address,
    medium: str,
    status: ConsentStatus,
    source: str,
    evidence: str,
    member: Member | None,
) -> ConsentRecord:
    kept = ConsentRecord.objects.create(
        workspace_id=address.workspace_id,
        address=address,
        medium=medium,
        status=status,
        source=source,
        evidence=evidence[:320],
        member=member,
        occurred_at=timezone.now(),
    )
    record(
        workspace=address.workspace_id,
        member=member,
        action=f"consent.{status}",
        target=address,
        medium=medium,
        source=source,
    )
    return kept
