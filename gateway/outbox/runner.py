"""Sends what is due, over all channels at once, from one event loop.

The loop runs in a thread of its own and lives as long as the process. ``run`` lets it claim for a
while; sends that are still in flight when that is over go on, and are settled, without it: nobody
waits for a provider that hangs, neither other channels nor the next task of this process. Claims
and outcomes are each written by one more thread, so that neither waits for the other.
"""

import asyncio
import sys
import threading
from dataclasses import dataclass
from time import monotonic

import structlog
import uvloop
from django.db import InterfaceError, OperationalError

from gateway import stopping
from gateway.outbox.ask import claim_questions
from gateway.outbox.claim import claim
from gateway.outbox.database import DatabaseThread
from gateway.outbox.flights import Flights
from gateway.outbox.places import Load
from gateway.outbox.prepare import Lines, Prepared, prepare_questions, prepare_sends
from gateway.outbox.settle import Outcome, settle

logger = structlog.get_logger(__name__)

# How often to look for new work while sends are in flight.
TICK_SECONDS = 0.05
# With messages in hand there is no hurry to claim more, even if there were tokens for them.
ENOUGH_SECONDS = 0.02
# So much of what was in hand has landed: there is room for a claim that is worth its statements.
ROOM_SHARE = 0.4
# Outcomes are gathered this long, or until there are so many, and then written together. For bulk,
# whose ticks nobody waits for, it is worth gathering longer.
GATHER_SECONDS, GATHER_BULK_SECONDS, GATHER_MANY = 0.02, 0.13, 450
# A longer wait for tokens than this is left to the sweep.
PATIENCE_SECONDS = 2.0
# How often unclear deliveries are looked for.
ASK_SECONDS = 1.0
# Waits between tries to write what became of sends; after the last, until the next run.
SETTLE_AGAIN_SECONDS = (0.1, 0.5)
SETTLE_LATER_SECONDS = 2.0
# The database's threads have short work between their statements; by Python's default they would
# wait 5 ms before each for the loop's thread, which has work without end. Below 2 ms the switching
# itself costs more than it gives.
SWITCH_SECONDS = 0.002
# A stopping process waits so long for sends to land, and then for what they were to be written.
GRACE_SECONDS, LAST_SECONDS = 4.0, 4.0


@dataclass(frozen=True, slots=True)
class Given:
    """What one look at the database gave."""

    prepared: Prepared
    wait_seconds: float | None
    full: bool


class Runner:
    """Drives the outbox in this process; made once per process, run by each wake-up."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self.claims, self.outcomes = DatabaseThread("claims"), DatabaseThread("outcomes")
        self.thread = threading.Thread(target=self._live, name="outbox-loop", daemon=True)
        self.lines = Lines()
        self.flights = Flights(self.loop)
        self.trouble: Exception | None = None
        self.stopped = False
        self.ending: asyncio.Task[None] | None = None
        self.asked = 0.0

    def run(self, seconds: float) -> bool:
        """Send what is due until nothing is, or the time is over; whether something may be due.

        Raises what kept the database from being read or written.
        """
        if not self.thread.is_alive():
            self.thread.start()
        return asyncio.run_coroutine_threadsafe(self._run(seconds), self.loop).result()

    def close(self) -> None:
        """Let sends land for a moment, hand back or write down the rest, and end the loop."""
        if self.loop.is_closed():
            return
        self.stopped = True
        if self.thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self.loop).result()
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join()
        for thread in (self.claims, self.outcomes):
            thread.close()
        self.loop.close()

    @property
    def stops(self) -> bool:
        """Whether nothing new may be begun."""
        return self.stopped or stopping.asked()

    # --- In the loop's thread

    def _live(self) -> None:
        asyncio.set_event_loop(self.loop)
        sys.setswitchinterval(SWITCH_SECONDS)
        settling = self.loop.create_task(self._settle_forever())
        watching = self.loop.create_task(self._watch())
        self.loop.run_forever()
        for task in (settling, watching):
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(settling, watching, return_exceptions=True))

    async def _run(self, seconds: float) -> bool:
        until = monotonic() + seconds
        self.trouble = None
        self.flights.news.set()
        while monotonic() < until and not self.stops:
            if not await self._round():
                return False
            self._raise_trouble()
        if self.stops:
            await self._end()
        self._raise_trouble()
        return True

    async def _round(self) -> bool:
        """Claim once and wait until a next look is worth while; whether there is reason for one."""
        began = monotonic()
        given = await self.claims.do(self._look, self.flights.load())
        self.flights.start(given.prepared, began)
        self.flights.last = given.wait_seconds is None and not given.full
        if not self.flights.busy:
            if given.wait_seconds is None or given.wait_seconds > PATIENCE_SECONDS:
                return False
            await asyncio.sleep(given.wait_seconds)
            return True
        wait = TICK_SECONDS if given.wait_seconds is None else given.wait_seconds
        wait = min(wait, TICK_SECONDS)
        if given.full or self.flights.boarding.waiting:
            await self.flights.room(ROOM_SHARE, max(wait, ENOUGH_SECONDS))
        elif given.wait_seconds is None:
            await self.flights.landed(wait)
        else:
            await asyncio.sleep(wait)
        return True

    def _look(self, load: Load) -> Given:
        """Claim and prepare; in the database's thread."""
        given = claim(load)
        prepared = prepare_sends(given, self.lines)
        if monotonic() - self.asked >= ASK_SECONDS:
            self.asked = monotonic()
            questions = prepare_questions(claim_questions(), self.lines)
            prepared.ready += questions.ready
            prepared.broken += questions.broken
        return Given(prepared, given.wait_seconds, given.full)

    async def _settle_forever(self) -> None:
        """Write outcomes as they come, many at a time, whether or not a run is on."""
        while True:
            await self.flights.news.wait()
            await self._gather()
            self.flights.news.clear()
            batch = self.flights.take_finished()
            if batch and not await self._settle(batch):
                # Until then, or until something lands or a run begins.
                self.loop.call_later(SETTLE_LATER_SECONDS, self.flights.news.set)

    async def _gather(self) -> None:
        if len(self.flights.finished) < GATHER_MANY:
            await asyncio.sleep(GATHER_SECONDS)
        if len(self.flights.finished) < GATHER_MANY and self.flights.only_bulk_landed():
            await self.flights.company(GATHER_BULK_SECONDS)

    async def _settle(self, batch: list[Outcome]) -> bool:
        """Write outcomes; while the database is away they are kept, for only we know them."""
        for pause in (*SETTLE_AGAIN_SECONDS, None):
            try:
                await self.outcomes.do(settle, batch)
                break
            except (OperationalError, InterfaceError) as error:
                if pause is None:
                    self.flights.put_back(batch)
                    self.trouble = error
                    return False
                await asyncio.sleep(pause)
            except Exception as error:
                return await self._settle_each(batch, error)
        self.flights.written(batch)
        return True

    async def _settle_each(self, batch: list[Outcome], error: Exception) -> bool:
        """One of them cannot be written; the others are not held up."""
        if len(batch) == 1:
            # Its lease ends, and the provider is asked.
            logger.error("outcome not written", delivery=batch[0].row.pk, exc_info=error)
            self.flights.written(batch)
            return True
        return all([await self._settle([one]) for one in batch])

    def _raise_trouble(self) -> None:
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble

    # --- The end

    async def _watch(self) -> None:
        """Notice that the worker stops, also between two runs."""
        while not self.stops:  # noqa: ASYNC110 - another process says so, through shared memory
            await asyncio.sleep(TICK_SECONDS)
        await self._end()

    async def _end(self) -> None:
        """Let the sends come to an end, once, whoever asks for it."""
        if self.ending is None:
            self.ending = self.loop.create_task(self._land_all())
        await asyncio.shield(self.ending)

    async def _land_all(self) -> None:
        """Give sends a moment; then withdraw those still in flight, and have all written."""
        await self.flights.landed(GRACE_SECONDS)
        self.flights.withdraw()
        self.flights.news.set()
        await self.flights.landed(LAST_SECONDS)
        await self.flights.close()
