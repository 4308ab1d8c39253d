"""What errors mean for a channel: it rests, its breaker opens, or it is paused."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.db.models import Q

from gateway.errors import BadCredentials, SendError, Throttled, Unreachable
from gateway.models import Bucket, Channel
from gateway.outbox.clock import database_now

if TYPE_CHECKING:
    from gateway.outbox.settle import Outcome

logger = structlog.get_logger(__name__)

# So many unreachable answers in a row open the breaker; each so many more double the rest.
BREAKER_AFTER = 10
BREAKER_LIMIT = 60.0
REST_LIMIT = 3600.0


def rest_channels(outcomes: Sequence["Outcome"]) -> None:
    """Throttled channels rest, unreachable ones trip their breaker, refused ones are paused.

    Buckets are locked in the order of their ids, as a claim locks them, so that two workers never
    wait for each other in a circle.
    """
    errors: dict[UUID, list[SendError]] = {}
    worked: set[UUID] = set()
    for one in outcomes:
        if one.error is None:
            worked.add(one.row.channel_id)
        else:
            errors.setdefault(one.row.channel_id, []).append(one.error)
    refused = {pk: found for pk in sorted(errors) if (found := _refusal(errors[pk]))}
    touched = Q(pk__in=errors.keys() - refused.keys()) | Q(pk__in=worked, failures__gt=0)
    buckets = list(Bucket.objects.filter(touched).order_by("pk").select_for_update())
    if not errors and not buckets:
        return
    now = database_now()
    for bucket in buckets:
        _settle_bucket(bucket, errors.get(bucket.pk, []), bucket.pk in worked, now)
    Bucket.objects.bulk_update(buckets, ["tokens", "refilled_at", "failures"])
    for channel_id, error in refused.items():
        _pause(channel_id, error, now)


def _refusal(errors: Sequence[SendError]) -> BadCredentials | None:
    return next((error for error in errors if isinstance(error, BadCredentials)), None)


def _settle_bucket(
    bucket: Bucket, errors: Sequence[SendError], some_worked: bool, now: datetime
) -> None:
    unreachable = sum(isinstance(error, Unreachable) for error in errors)
    bucket.failures = 0 if some_worked else bucket.failures + unreachable
    rests = [
        error.retry_after for error in errors if isinstance(error, Throttled) and error.retry_after
    ]
    if bucket.failures >= BREAKER_AFTER:
        rests.append(min(2.0 ** min(bucket.failures // BREAKER_AFTER, 10), BREAKER_LIMIT))
    if rests:
        until = now + timedelta(seconds=min(max(rests), REST_LIMIT))
        bucket.tokens = 0
        bucket.refilled_at = max(bucket.refilled_at, until)


def _pause(channel_id: UUID, error: BadCredentials, now: datetime) -> None:
    reason = f"{error.code}: {error.text}" if error.code else error.text
    paused = Channel.objects.filter(pk=channel_id, paused_at=None)
    if paused.update(paused_at=now, paused_reason=reason[:320]):
        logger.error("channel paused", channel=str(channel_id), code=error.code)
