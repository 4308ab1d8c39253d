"""Puts deliveries into the outbox and changes ones that have not left."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from gateway.models import Batch, BatchState, Channel, Delivery, Priority
from gateway.outbox.changes import announce
from gateway.registry import adapter_for
from gateway.states import State, may_follow
from gateway.wake import wake

DELIVER = "gateway.tasks.deliver"


class NotAllowed(Exception):
    """The delivery is in a state from which this is not possible."""


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One bulk message. ``uid`` becomes the delivery's own and makes a repeat impossible."""

    uid: uuid.UUID
    address: str
    text: str


def wake_outbox() -> None:
    """Let a worker look at the outbox once this transaction has committed."""
    wake(DELIVER)


@transaction.atomic
def queue_delivery(
    *,
    channel: Channel,
    address: str,
    text: str,
    message_uid: uuid.UUID,
    priority: int = Priority.REPLY,
    marketing: bool = False,
    expires_at: datetime | None = None,
) -> Delivery:
    """Queue one message in the caller's transaction; it may leave once that has committed."""
    adapter = adapter_for(channel)
    now = timezone.now()
    delivery = Delivery.objects.create(
        workspace_id=channel.workspace_id,
        channel=channel,
        message_uid=message_uid,
        medium=adapter.medium,
        address=address,
        content={"text": text},
        cost=adapter.segments(text),
        priority=priority,
        marketing=marketing,
        due_at=now,
        expires_at=expires_at,
        created_at=now,
    )
    wake_outbox()
    return delivery


@transaction.atomic
def queue_bulk(
    *, channel: Channel, batch: Batch, items: Sequence[BulkItem]
) -> dict[uuid.UUID, int]:
    """Queue a batch's messages in one statement; returns each item's delivery id.

    An item whose uid is already in the outbox is left alone, and its row's id is returned.
    """
    adapter = adapter_for(channel)
    now = timezone.now()
    Delivery.objects.bulk_create(
        [
            Delivery(
                uid=item.uid,
                workspace_id=channel.workspace_id,
                channel=channel,
                batch=batch,
                message_uid=item.uid,
                medium=adapter.medium,
                address=item.address,
                content={"text": item.text},
                cost=adapter.segments(item.text),
                priority=Priority.BULK,
                marketing=True,
                due_at=now,
                created_at=now,
            )
            for item in items
        ],
        ignore_conflicts=True,
        batch_size=None,
    )
    wake_outbox()
    rows = Delivery.objects.filter(uid__in=[item.uid for item in items])
    return dict(rows.values_list("uid", "id"))


@transaction.atomic
def retry_delivery(*, delivery: Delivery) -> None:
    """Send a failed or unclear delivery again: the same row, the same uid. A person decided it.

    Raises NotAllowed when it is in another state by now.
    """
    row = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if row.state not in {State.FAILED, State.UNKNOWN}:
        raise NotAllowed(f"A delivery that is {row.state} cannot be sent again.")
    row.state, row.due_at, row.attempts, row.asks = State.QUEUED, timezone.now(), 0, 0
    row.error_class = row.error_code = row.error_text = ""
    row.failed_at = row.expires_at = row.external_id = None
    row.save()
    announce([row])
    wake_outbox()


@transaction.atomic
def cancel_delivery(*, delivery: Delivery) -> None:
    """Stop a delivery that has not left; NotAllowed when it has."""
    row = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if row.state != State.QUEUED or not may_follow(State.QUEUED, State.CANCELLED):
        raise NotAllowed(f"A delivery that is {row.state} cannot be cancelled.")
    row.state = State.CANCELLED
    row.save(update_fields=["state"])
    announce([row])


@transaction.atomic
def set_batch_state(*, batch: Batch, state: BatchState) -> None:
    """Pause, resume or cancel a batch; cancelling stops every row of it that has not left."""
    Batch.objects.filter(pk=batch.pk).update(state=state)
    batch.state = state
    if state == BatchState.CANCELLED:
        Delivery.objects.filter(batch=batch, state=State.QUEUED).update(state=State.CANCELLED)
    wake_outbox()


@transaction.atomic
def cancel_left_over(limit: int = 500) -> int:
    """Stop what came back to the queue after its batch was cancelled; for the sweep. How many.

    A send that was on its way at that moment may be throttled, refused or denied only later.
    """
    left = Delivery.objects.filter(state=State.QUEUED, batch__state=BatchState.CANCELLED)
    rows = list(left.order_by("id").select_for_update(skip_locked=True, of=("self",))[:limit])
    for row in rows:
        row.state = State.CANCELLED
    if rows:
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.CANCELLED)
        announce(rows)
    return len(rows)
