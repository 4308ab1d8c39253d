"""Does what is due for channels. What a provider answers to a question goes the way of webhooks.

A claim moves ``due_at`` behind the longest attempt, so a worker that dies is followed by another;
one that comes back too late finds the row claimed anew and changes nothing.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.utils import timezone

from gateway.channel_urls import webhook_url
from gateway.contract import Adapter, Checked, Polled, PollSteps
from gateway.duties.model import ChannelDuty, Duty
from gateway.errors import SendError
from gateway.events import Sought
from gateway.exchange import Exchange
from gateway.http import POLLED
from gateway.inbound import shard_of, wake_drain
from gateway.models import ChannelLog, InboundRequest
from gateway.registry import adapter_for
from gateway.transport import drive, new_session

logger = structlog.get_logger(__name__)

AT_ONCE = 8
# Longer than a few requests with their time-outs.
LEASE = timedelta(minutes=3)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 900.0
# What did not work after so many attempts, a person has to look at; polling never gives up.
MOST_ATTEMPTS = 12

CLAIM = """
UPDATE gateway_channelduty SET due_at = %s WHERE id IN (
    SELECT d.id FROM gateway_channelduty d JOIN gateway_channel c ON c.id = d.channel_id
    WHERE d.due_at <= %s AND c.enabled
    ORDER BY d.due_at LIMIT %s FOR UPDATE OF d SKIP LOCKED)
RETURNING id
"""


@dataclass(slots=True)
class Attempt:
    """A duty that is being done, and what came of it."""

    row: ChannelDuty
    adapter: Adapter | None = None
    result: Polled | Checked | None = None
    error: str = ""
    retry_after: float | None = None
    exchanges: list[Exchange] = field(default_factory=list)


def do_due() -> int:
    """Do some of what is due; how many duties."""
    rows = _claim()
    attempts = [_prepared(row) for row in rows]
    asyncio.run(_try_all([one for one in attempts if one.adapter is not None]))
    for one in attempts:
        _settle(one)
    return len(rows)


def _claim() -> list[ChannelDuty]:
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [now + LEASE, now, AT_ONCE])
        ids = [pk for (pk,) in cursor.fetchall()]
    found = ChannelDuty.objects.filter(pk__in=ids).select_related("channel").order_by("id")
    return list(found) if ids else []


def _prepared(row: ChannelDuty) -> Attempt:
    try:
        return Attempt(row, adapter_for(row.channel))
    except Exception as error:  # of this channel; the others' duties are done
        logger.exception("channel cannot be used", channel=str(row.channel_id))
        return Attempt(row, error=f"{type(error).__name__}: {error}")


async def _try_all(attempts: Sequence[Attempt]) -> None:
    async with new_session() as session:

        async def one(attempt: Attempt, adapter: Adapter) -> None:
            row = attempt.row
            try:
                if row.duty != Duty.REGISTER:
                    asking = _asking(row, adapter)
                    attempt.result = await drive(session, asking, attempt.exchanges)
                else:
                    steps = adapter.register(webhook_url(row.channel))
                    attempt.result = await drive(session, steps, attempt.exchanges)
            except SendError as error:
                attempt.error = error.text + (f" ({error.code})" if error.code else "")
                attempt.retry_after = error.retry_after
            except Exception as error:  # an adapter that is wrong must not stop the others
                logger.exception("duty broken", channel=str(row.channel_id), duty=row.duty)
                attempt.error = f"{type(error).__name__}: {error}"

        await asyncio.gather(*(one(each, each.adapter) for each in attempts if each.adapter))


def _asking(row: ChannelDuty, adapter: Adapter) -> PollSteps:
    if row.duty == Duty.POLL:
        return adapter.poll(row.cursor)
    sought = [Sought(name, datetime.fromisoformat(since)) for name, since in row.sought.items()]
    return adapter.search(sought, row.cursor)


@transaction.atomic
def _settle(attempt: Attempt) -> None:
    row = attempt.row
    held = ChannelDuty.objects.select_for_update().filter(pk=row.pk, due_at=row.due_at)
    if not held.exists():
        return  # changed or taken by another meanwhile
    now = timezone.now()
    if attempt.result is None:
        _failed(attempt, now)
    else:
        _done(attempt, now)
    row.save()
    if row.duty == Duty.REGISTER or attempt.error:
        _log(attempt)


def _done(attempt: Attempt, now: datetime) -> None:
    row, result = attempt.row, attempt.result
    row.failures, row.error, row.done_at, row.due_at = 0, "", now, None
    if isinstance(result, Polled) and attempt.adapter is not None:
        _store(row, result, now)
        row.cursor = result.cursor
        every = _every(row, attempt.adapter)
        pause = 0.0 if result.more else every
        row.due_at = now + timedelta(seconds=pause) if every > 0 else None


def _every(row: ChannelDuty, adapter: Adapter) -> float:
    """How often it is asked, in seconds; 0: not any more."""
    able = adapter.capabilities
    return able.poll_every_s if row.duty == Duty.POLL else able.search_every_s


def _store(row: ChannelDuty, polled: Polled, now: datetime) -> None:
    """The answers as requests of the inbound log, with the cursor in one transaction."""
    InboundRequest.objects.bulk_create(
        InboundRequest(
            workspace_id=row.workspace_id,
            channel_id=row.channel_id,
            shard=shard_of(row.channel_id, str(row.channel_id)),
            method=POLLED,
            url=webhook_url(row.channel),
            headers={"content-type": "application/json"},
            body=body,
            received_at=now,
        )
        for body in polled.bodies
    )
    if polled.bodies:
        wake_drain()


def _failed(attempt: Attempt, now: datetime) -> None:
    row = attempt.row
    row.failures += 1
    row.error = attempt.error[:2000]
    if row.duty == Duty.REGISTER and row.failures >= MOST_ATTEMPTS:
        row.due_at = None
        return
    pause = min(FIRST_PAUSE_S * 2 ** min(row.failures - 1, 20), LONGEST_PAUSE_S)
    pause = max(pause * random.uniform(0.8, 1.2), attempt.retry_after or 0.0)
    row.due_at = now + timedelta(seconds=pause)


def _log(attempt: Attempt) -> None:
    last = attempt.exchanges[-1] if attempt.exchanges else None
    if last is None:
        return
    ChannelLog.objects.bulk_create(
        [
            last.log_row(
                workspace_id=attempt.row.workspace_id,
                channel_id=attempt.row.channel_id,
                kind=attempt.row.duty,
                error=attempt.error,
            )
        ]
    )
