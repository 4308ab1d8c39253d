"""Sends what is due, over all channels at once, from one event loop.

The loop claims, starts sends, and settles finished ones in batches, and goes on claiming while slow
sends are in flight: a provider that hangs holds up nobody else. Database work runs in one thread,
so that it has one connection and one transaction at a time.
"""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import aiohttp
import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.urls import reverse

from gateway import transport
from gateway.contract import Adapter
from gateway.errors import Ambiguous, BadCredentials, SendError
from gateway.events import OutboundMessage
from gateway.models import Channel, Delivery
from gateway.outbox.ask import claim_questions
from gateway.outbox.claim import Claim, claim
from gateway.outbox.settle import Outcome, settle
from gateway.registry import adapter_for

logger = structlog.get_logger(__name__)

# How often to look for new work while sends are in flight.
TICK_SECONDS = 0.05
# How long to hold back new claims so that a run can end with nothing in flight.
DRAIN_SECONDS = 0.5
# How long an ending run waits for sends: longer than the transport's own time-out.
LAST_SECONDS = 35.0
# Ids of ours that a provider's list may show beside the one asked for: a generous look back.
KNOWN_MARGIN = timedelta(hours=1)
# A longer wait for tokens than this is left to the sweep.
PATIENCE_SECONDS = 2.0
# Waits between tries to write what became of sends.
SETTLE_AGAIN_SECONDS = (0.1, 0.5)


class Runner:
    """Drives the outbox in this process; made once per process, run by each wake-up."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.database = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox-db")
        self.session: aiohttp.ClientSession | None = None
        self.flights: set[asyncio.Task[Outcome]] = set()
        self.finished: list[Outcome] = []
        self.in_flight: Counter[UUID] = Counter()

    def run(self, seconds: float) -> bool:
        """Work until nothing is due or the time is over; whether something may still be due."""
        return self.loop.run_until_complete(self._run(monotonic() + seconds))

    async def _run(self, until: float) -> bool:
        """Nothing is handed back half-done: what has left is awaited and settled before the end.

        While a provider hangs, the end is put off and others are served meanwhile.
        """
        more, patience = True, DRAIN_SECONDS
        try:
            while more:
                while more and monotonic() < until:
                    more = await self._round()
                if await self._all_landed(patience):
                    break
                # Longer each time, so that a slow provider's steady flow comes to an end too.
                more, until, patience = True, monotonic() + DRAIN_SECONDS * 4, patience * 2
        except Exception:
            # The claim failed (database away): what is in flight must still be written down.
            await self._all_landed(LAST_SECONDS)
            raise
        return more

    async def _all_landed(self, seconds: float) -> bool:
        """Settle what finishes within ``seconds``; whether nothing is in flight any more."""
        until = monotonic() + seconds
        while (self.flights or self.finished) and monotonic() < until:
            await self._land(TICK_SECONDS)
        return not self.flights and not self.finished

    async def _round(self) -> bool:
        given, questions = await self._in_database(_claim_all, dict(self.in_flight))
        for row, message, adapter in given.ready:
            self._start(row, message, adapter, ask=False)
        for row, message, adapter in questions:
            self._start(row, message, adapter, ask=True)
        self.finished += given.broken
        wait = given.wait_seconds
        if self.flights or self.finished:
            await self._land(TICK_SECONDS if wait is None else min(wait, TICK_SECONDS))
            return True
        if wait is None or wait > PATIENCE_SECONDS:
            return False
        await asyncio.sleep(wait)
        return True

    def _start(
        self, row: Delivery, message: OutboundMessage, adapter: Adapter, *, ask: bool
    ) -> None:
        self.in_flight[row.channel_id] += 1
        work = self._ask(row, message, adapter) if ask else self._send(row, message, adapter)
        task = self.loop.create_task(work)
        self.flights.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[Outcome]) -> None:
        self.flights.discard(task)
        outcome = task.result()
        self.in_flight[outcome.row.channel_id] -= 1
        self.finished.append(outcome)

    async def _land(self, seconds: float) -> None:
        """Wait a moment for sends to finish, then settle those that have."""
        if self.flights and not self.finished:
            await asyncio.wait(self.flights, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if self.finished:
            # One more turn of the loop lets those that finish together be settled together.
            await asyncio.sleep(0)
            batch, self.finished = self.finished, []
            await self._settle(batch)

    async def _settle(self, batch: list[Outcome]) -> None:
        """Write outcomes; while the database is away they are kept, for only we know them."""
        for pause in (*SETTLE_AGAIN_SECONDS, None):
            try:
                await self._in_database(settle, batch)
                return
            except (OperationalError, InterfaceError):
                if pause is None:
                    self.finished = batch + self.finished
                    raise
                await asyncio.sleep(pause)
            except Exception:
                if len(batch) == 1:
                    # Its lease ends, and the provider is asked: the others are not held up.
                    logger.exception("outcome not written", delivery=batch[0].row.pk)
                    return
                break
        for one in batch:
            await self._settle([one])

    async def _send(self, row: Delivery, message: OutboundMessage, adapter: Adapter) -> Outcome:
        outcome = Outcome(row, can_find=adapter.capabilities.can_find)
        try:
            sent = await transport.drive(self._session(), adapter.send(message), outcome.exchanges)
            outcome.external_id = sent.external_id
        except SendError as error:
            outcome.error = error
        except Exception as error:  # a bug in an adapter: the provider may have it, so: unclear
            logger.exception("send failed", delivery=row.pk)
            outcome.error = Ambiguous(f"{type(error).__name__} while sending")
        return outcome

    async def _ask(self, row: Delivery, message: OutboundMessage, adapter: Adapter) -> Outcome:
        outcome = Outcome(row, can_find=True, asked=True)
        try:
            steps = adapter.find(message, row.attempted_at or row.created_at)
            found = await transport.drive(self._session(), steps, outcome.exchanges)
            outcome.external_id = found.external_id
            outcome.absent = found.external_id is None
        except SendError as error:
            outcome.error = error
        except Exception as error:
            logger.exception("question failed", delivery=row.pk)
            outcome.error = Ambiguous(f"{type(error).__name__} while asking")
        return outcome

    def _session(self) -> aiohttp.ClientSession:
        if self.session is None:
            self.session = transport.new_session()
        return self.session

    async def _in_database(self, work: Any, *args: Any) -> Any:
        return await self.loop.run_in_executor(self.database, _with_connection, work, args)

    def close(self) -> None:
        """Give back connections and the loop."""
        if self.session is not None:
            self.loop.run_until_complete(self.session.close())
        self.database.submit(connections.close_all).result()
        self.database.shutdown()
        self.loop.close()


def _with_connection(work: Any, args: tuple[Any, ...]) -> Any:
    close_old_connections()
    return work(*args)


Ready = tuple[Delivery, OutboundMessage, Adapter]


class Prepared:
    """A claim with each row's message and adapter; ``broken`` could not even be prepared."""

    def __init__(self, given: Claim) -> None:
        self.wait_seconds = given.wait_seconds
        self.ready: list[Ready] = []
        self.broken: list[Outcome] = []


def _claim_all(in_flight: dict[UUID, int]) -> tuple[Prepared, list[Ready]]:
    given = claim(in_flight)
    questions = claim_questions()
    adapters = _adapters({row.channel_id for row in [*given.rows, *questions]})
    prepared = Prepared(given)
    for row in given.rows:
        adapter = adapters[row.channel_id]
        if isinstance(adapter, SendError):
            prepared.broken.append(Outcome(row, error=adapter))
        else:
            prepared.ready.append((row, as_message(row), adapter))
    known = _known_ids(questions)
    asked: list[Ready] = []
    for row in questions:
        adapter = adapters[row.channel_id]
        if isinstance(adapter, SendError):
            prepared.broken.append(Outcome(row, error=adapter, asked=True))
        else:
            message = as_message(row, known.get((row.channel_id, row.address), []))
            asked.append((row, message, adapter))
    return prepared, asked


def _adapters(channel_ids: set[UUID]) -> dict[UUID, Adapter | SendError]:
    """The channels' adapters; a channel that is broken is to be paused, not to stop the others."""
    adapters: dict[UUID, Adapter | SendError] = {}
    for pk, channel in Channel.objects.in_bulk(channel_ids).items():
        try:
            adapters[pk] = adapter_for(channel)
        except Exception as error:
            logger.exception("channel cannot be used", channel=str(pk))
            adapters[pk] = BadCredentials(f"{type(error).__name__}: {error}")
    return adapters


def _known_ids(rows: list[Delivery]) -> dict[tuple[UUID, str], list[str]]:
    """Which of the provider's ids to the same addresses belong to other deliveries of ours."""
    if not rows:
        return {}
    known = Delivery.objects.filter(
        channel_id__in={row.channel_id for row in rows},
        address__in={row.address for row in rows},
        external_id__isnull=False,
        attempted_at__gte=min(row.attempted_at or row.created_at for row in rows) - KNOWN_MARGIN,
    ).values_list("channel_id", "address", "external_id")
    result: dict[tuple[UUID, str], list[str]] = {}
    for channel_id, address, external_id in known:
        result.setdefault((channel_id, address), []).append(str(external_id))
    return result


def as_message(row: Delivery, known_external_ids: list[str] | None = None) -> OutboundMessage:
    """The row as its adapter needs it."""
    content = dict(row.content)
    if known_external_ids is not None:
        content["known_external_ids"] = known_external_ids
    return OutboundMessage(
        uid=row.uid,
        address=row.address,
        text=str(row.content.get("text", "")),
        status_url=status_url(row),
        content=content,
    )


def status_url(row: Delivery) -> str:
    """Where the provider shall report on this delivery; it carries our own id."""
    path = reverse("webhook", args=[row.channel_id])
    return f"{settings.PUBLIC_URL}{path}?delivery={row.uid}"
