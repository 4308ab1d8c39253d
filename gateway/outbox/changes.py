"""Tells the receivers above the gateway which deliveries have a new state."""

from collections.abc import Iterable

from gateway.events import DeliveryChange
from gateway.models import Delivery
from gateway.receivers import hand_over
from gateway.states import State


def change_of(row: Delivery) -> DeliveryChange:
    """What receivers are told about a row."""
    return DeliveryChange(
        delivery_id=row.pk,
        uid=row.uid,
        message_uid=row.message_uid,
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


def announce(rows: Iterable[Delivery]) -> None:
    """Hand the rows' new states to the receivers, in the caller's transaction."""
    hand_over("deliveries", [change_of(row) for row in rows])
