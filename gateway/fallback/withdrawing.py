"""Asks providers to withdraw messages whose time is over, many at once."""

import asyncio
from collections.abc import Sequence

import aiohttp
from django.db import connection

from gateway import transport
from gateway.errors import SendError
from gateway.exchange import Exchange
from gateway.fallback.due import Answered, Withdrawing, look, settle
from gateway.models import ChannelLog, Delivery
from gateway.outbox.prepare import as_message, status_url
from gateway.outbox.row import Row
from gateway.registry import adapter_for

AT_ONCE = 50
LOCK = 0x6F6D6662  # "omfb"
# Nobody waits longer for a withdrawal: it can be asked for again.
TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)


def withdraw_due(rounds: int = 20) -> int:
    """Decide what is due and ask for what is to be withdrawn; how many were asked for.

    One process at a time: a provider that hangs may keep one of them waiting, not all.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        try:
            return _withdraw(rounds)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _withdraw(rounds: int) -> int:
    asked = 0
    for _ in range(rounds):
        wanted, more = look()
        if wanted:
            _ask(wanted)
        asked += len(wanted)
        if not more:
            break
    return asked


def _ask(wanted: Sequence[Withdrawing]) -> None:
    record: list[ChannelLog] = []
    answers = asyncio.run(_ask_all(wanted, record))
    settle(answers)
    ChannelLog.objects.bulk_create(record)


async def _ask_all(wanted: Sequence[Withdrawing], record: list[ChannelLog]) -> list[Answered]:
    places = asyncio.Semaphore(AT_ONCE)
    async with transport.new_session(TIMEOUT) as session:
        return await asyncio.gather(
            *(_one(session, places, one.delivery, record) for one in wanted)
        )


async def _one(
    session: aiohttp.ClientSession,
    places: asyncio.Semaphore,
    delivery: Delivery,
    record: list[ChannelLog],
) -> Answered:
    exchanges: list[Exchange] = []
    async with places:
        answer = await _revoke(session, delivery, exchanges)
    record += [
        exchange.log_row(
            workspace_id=delivery.workspace_id,
            channel_id=delivery.channel_id,
            kind="revoke",
            delivery_id=delivery.pk,
            error=answer.problem,
        )
        for exchange in exchanges
    ]
    return answer


async def _revoke(
    session: aiohttp.ClientSession, delivery: Delivery, exchanges: list[Exchange]
) -> Answered:
    try:
        adapter = adapter_for(delivery.channel)
        message = as_message(Row.of_delivery(delivery), status_url(delivery.channel_id))
        steps = adapter.revoke(message, delivery.external_id or message.uid)
        revoked = await transport.drive(session, steps, exchanges)
    except SendError as error:
        return Answered(delivery.pk, problem=f"{error.name}: {error.text}")
    except Exception as error:  # an adapter that cannot be built or has a bug: asked again later
        return Answered(delivery.pk, problem=type(error).__name__)
    return Answered(delivery.pk, certain=revoked.certain)
