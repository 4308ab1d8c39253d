"""Asks providers whom a channel reaches, and remembers the answers with their age."""

import time
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from django.core.cache import cache
from django.utils import timezone

from gateway.contract import Adapter, Reach, Reached
from gateway.errors import Throttled
from gateway.exchange import Exchange
from gateway.models import Channel, ChannelLog, Reachability
from gateway.reach.noting import Noted, remember
from gateway.registry import adapter_for
from gateway.transport import run_steps

# A phone may lose RCS at any time, and get it at any time; the first costs a failed attempt.
FRESH = {
    Reach.YES: timedelta(hours=12),
    Reach.NO: timedelta(hours=1),
    Reach.NOT_LAUNCHED: timedelta(minutes=10),
}
WAIT_SECONDS = 30


def can_ask(channel: Channel) -> bool:
    """Whether the provider can be asked at all."""
    return adapter_for(channel).capabilities.reach_batch > 0


def known(channel_ids: Collection[UUID], addresses: Collection[str]) -> list[Reachability]:
    """What was answered about these, however long ago."""
    rows = Reachability.objects.filter(channel__in=channel_ids, address__in=addresses)
    return list(rows.select_related("channel"))


def is_fresh(row: Reachability) -> bool:
    """Whether the answer is young enough to rely on."""
    return timezone.now() - row.checked_at < FRESH[Reach(row.reach)]


def reach_of(channel: Channel, addresses: Iterable[str], *, anew: bool = False) -> dict[str, Reach]:
    """Whether the channel reaches each of these; asks for those without a fresh answer.

    ``anew`` asks for all. Makes HTTP requests: never inside a transaction. Raises the SendError
    that kept the provider from answering; what it had answered until then is kept.
    """
    wanted = list(dict.fromkeys(addresses))
    found = {} if anew else fresh(channel, wanted)
    adapter = adapter_for(channel)
    missing = [address for address in wanted if address not in found]
    size = adapter.capabilities.reach_batch or 1
    for place in range(0, len(missing), size):
        _pace(channel, adapter)
        answers = _ask(channel, adapter, missing[place : place + size])
        note(channel, answers)
        found |= {address: answer.reach for address, answer in answers.items()}
    return found


def fresh(channel: Channel, addresses: Collection[str]) -> dict[str, Reach]:
    """The answers that can be relied on; asks nobody but the database."""
    return {
        row.address: Reach(row.reach) for row in known([channel.pk], addresses) if is_fresh(row)
    }


def _ask(channel: Channel, adapter: Adapter, addresses: Collection[str]) -> Mapping[str, Reached]:
    exchanges: list[Exchange] = []
    try:
        return run_steps(adapter.reach(list(addresses)), exchanges)
    finally:
        ChannelLog.objects.bulk_create(
            exchange.log_row(workspace_id=channel.workspace_id, channel_id=channel.pk, kind="reach")
            for exchange in exchanges
        )


def note(channel: Channel, answers: Mapping[str, Reached]) -> None:
    """Remember answers; one statement."""
    remember(
        Noted(channel.workspace_id, channel.pk, address, answer.reach, answer.features)
        for address, answer in answers.items()
    )


def _pace(channel: Channel, adapter: Adapter) -> None:
    """Wait until one more question is allowed; all processes count together."""
    limit = max(1, adapter.capabilities.reach_per_minute // 60)
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        now = time.time()
        key = f"reach:{channel.pk}:{int(now)}"
        cache.add(key, 0, timeout=5)
        if cache.incr(key) <= limit:
            return
        time.sleep(1 - now % 1 + 0.01)
    raise Throttled("Too many questions about whom this channel reaches.")
