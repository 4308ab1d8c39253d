"""Unclear attempts: leases that ran out, and asking the provider whether it has the message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from gateway.content.reading import ABOUT
from gateway.models import Delivery
from gateway.outbox.changes import announce
from gateway.outbox.clock import database_now
from gateway.outbox.row import Row
from gateway.registry import capabilities_of
from gateway.states import State

BATCH = 50
ASK_LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Questions:
    """Unclear deliveries whose provider is to be asked; ``at`` is the database's time."""

    rows: Sequence[Row]
    at: datetime


@transaction.atomic
def claim_questions() -> Questions:
    """Unclear deliveries whose provider is to be asked now; a lease keeps others from asking."""
    now = database_now()
    due = Delivery.objects.filter(
        state=State.UNKNOWN,
        ask_at__lte=now,
        channel__enabled=True,
        channel__paused_at=None,
    ).order_by("ask_at")
    rows = list(due.select_for_update(skip_locked=True, of=("self",))[:BATCH])
    if rows:
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(ask_at=now + ASK_LEASE)
    return Questions([Row.of_delivery(row) for row in rows], now)


@transaction.atomic
def end_leases(limit: int = 500) -> int:
    """Deliveries whose worker has died: again where that is safe, else unclear; returns how many.

    Safe is only a provider that takes our uid as an idempotency key. Elsewhere the provider is
    asked if it can be, and a person decides if it can't.
    """
    now = database_now()
    expired = Delivery.objects.filter(state=State.SENDING, lease_until__lt=now)
    rows = list(
        expired.select_related("channel")
        .order_by("id")
        .select_for_update(skip_locked=True, of=("self",))[:limit]
    )
    channels = {row.channel for row in rows}
    able = {channel.pk: capabilities_of(channel) for channel in channels}
    for row in rows:
        abilities = able[row.channel_id]
        row.lease_until = None
        # Perhaps it answered by a token, and another attempt would be no repeat to the provider.
        # A reaction that is given twice is one.
        reacts = bool(row.content.get(ABOUT, {}).get("reacts"))
        if reacts or (abilities.idempotent_send and not abilities.reply_token_s):
            row.state, row.due_at = State.QUEUED, now
            continue
        row.state, row.error_class = State.UNKNOWN, "Ambiguous"
        row.error_text = "The worker stopped while sending."
        row.ask_at = now if abilities.can_find else None
    Delivery.objects.bulk_update(
        rows, ["state", "lease_until", "due_at", "error_class", "error_text", "ask_at"]
    )
    announce(rows)
    return len(rows)
