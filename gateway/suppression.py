"""The suppression list: whom never to send marketing to, by medium and address."""

from collections.abc import Collection, Iterable
from typing import Protocol

from django.utils import timezone

from gateway.models import Suppression

# What a phone shows in one and the same app: who says STOP there does not know by which of them
# the message came.
TEXTS = ("sms", "rcs")


def said_of(medium: str) -> tuple[str, ...]:
    """The media that a person means who says STOP or START on this one."""
    return TEXTS if medium in TEXTS else (medium,)


def suppress(
    *, workspace_id: int, medium: str, address: str, reason: str, source: str, evidence: str = ""
) -> None:
    """Add an address; an older entry stays as it is. ``reason`` is a Suppression.Reason."""
    Suppression.objects.bulk_create(
        [
            Suppression(
                workspace_id=workspace_id,
                medium=medium,
                address=address,
                reason=reason,
                source=source,
                evidence=evidence[:320],
                created_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )


def lift(*, workspace_id: int, medium: str, address: str) -> None:
    """Remove an address that had opted out; the history is kept by contacts.

    One that is on the list for another reason stays.
    """
    Suppression.objects.filter(
        workspace_id=workspace_id,
        medium=medium,
        address=address,
        reason=Suppression.Reason.OPTED_OUT,
    ).delete()


def suppressed(workspace_id: int, medium: str, addresses: Collection[str]) -> dict[str, str]:
    """The suppressed ones among the addresses, with the reason."""
    rows = Suppression.objects.filter(
        workspace_id=workspace_id, medium=medium, address__in=addresses
    )
    return dict(rows.values_list("address", "reason"))


class OptedOutRow(Protocol):
    """Whose delivery the provider refused; model instances and the outbox's own rows have it."""

    workspace_id: int
    medium: str
    address: str
    error_code: str


def suppress_opted_out(rows: Iterable[OptedOutRow]) -> None:
    """The provider says these addresses opted out: believe it from now on."""
    now = timezone.now()
    # In one order, so that two workers never wait for each other in a circle.
    ordered = sorted(rows, key=lambda row: (row.workspace_id, row.medium, row.address))
    Suppression.objects.bulk_create(
        [
            Suppression(
                workspace_id=row.workspace_id,
                medium=row.medium,
                address=row.address,
                reason=Suppression.Reason.OPTED_OUT,
                source="provider",
                evidence=row.error_code,
                created_at=now,
            )
            for row in ordered
        ],
        ignore_conflicts=True,
    )
