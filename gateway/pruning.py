"""Drops log rows that are old enough, in batches that hold nobody up and may be stopped."""

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from gateway.models import ChannelLog, DeliveryStatus, InboundRequest, InboundState

# A statement's rows: small enough to be done in a moment, and undone in one when it is killed.
BATCH = 5_000
# A run's batches per table; what is left waits for the next hour.
MOST_BATCHES = 400
# Failed requests stay until they are replayed: they are messages that nobody has seen. Unless they
# were erased: then there is nothing left to see.
UNDERSTOOD = (InboundState.DONE, InboundState.UNKNOWN)


def prune_before(before: datetime, *, size: int = BATCH, most: int = MOST_BATCHES) -> int:
    """Delete what is older; returns how many rows."""
    logs = ChannelLog.objects.filter(created_at__lt=before).order_by("created_at")
    over = Q(state__in=UNDERSTOOD) | Q(erased_at__isnull=False)
    requests = InboundRequest.objects.filter(over, received_at__lt=before).order_by("received_at")
    return (
        _delete(logs, size, most)
        + _delete(requests, size, most)
        + _delete_reports(before, size, most)
    )


def _delete(rows: QuerySet[Any], size: int, most: int) -> int:
    """Batch by batch in the order of the index that ``rows`` is sorted by."""
    total = 0
    for _ in range(most):
        count = _raw_delete(rows.model._default_manager.filter(pk__in=rows.values("pk")[:size]))
        total += count
        if count < size:
            break
    return total


def _delete_reports(before: datetime, size: int, most: int) -> int:
    """Status reports have no index by age: ids grow with time, so the lowest ones are looked at."""
    total = 0
    for _ in range(most):
        lowest = DeliveryStatus.objects.order_by("pk").values("pk")[:size]
        count = _raw_delete(DeliveryStatus.objects.filter(pk__in=lowest, received_at__lt=before))
        total += count
        if count < size:
            break
    return total


def _raw_delete(rows: QuerySet[Any]) -> int:
    # Nothing points at these tables, so Django need not fetch the rows first.
    return int(rows._raw_delete(rows.db))
