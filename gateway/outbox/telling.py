"""Tells the receivers above the gateway which deliveries have a new state."""

from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

from gateway.events import DeliveryChange
from gateway.receivers import hand_over
from gateway.states import State


class Changed(Protocol):
    """What is told about a delivery; model instances and the outbox's own rows have it."""

    pk: int
    workspace_id: int
    channel_id: UUID
    batch_id: int | None
    medium: str
    address: str
    error_class: str
    error_code: str
    error_text: str
    state: Any  # one of gateway.states

    @property
    def uid(self) -> UUID | str:
        """The delivery's own id."""

    @property
    def message_uid(self) -> UUID | str:
        """Its message's."""


def change_of(row: Changed) -> DeliveryChange:
    """What receivers are told about a row."""
    return DeliveryChange(
        delivery_id=row.pk,
        uid=str(row.uid),
        message_uid=str(row.message_uid),
        workspace_id=row.workspace_id,
        channel_id=row.channel_id,
        batch_id=row.batch_id,
        medium=row.medium,
        address=row.address,
        state=State(row.state),
        error_class=row.error_class,
        error_code=row.error_code,
        error_text=row.error_text,
    )


def tell(rows: Iterable[Changed]) -> None:
    """Hand the rows' new states to the receivers, in the caller's transaction."""
    hand_over("deliveries", [change_of(row) for row in rows])
