"""Sends (and questions): those that wait for a place, are under way, or landed but not written."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

import aiohttp
import structlog

from gateway import transport
from gateway.errors import Ambiguous, SendError, Withdrawn
from gateway.models import Priority
from gateway.outbox.boarding import Boarding
from gateway.outbox.places import (
    HAND_SECONDS,
    LATEST_SECONDS,
    SLOW_SECONDS,
    Load,
    places_per_channel,
)
from gateway.outbox.prepare import Prepared, Ready
from gateway.outbox.settle import Outcome

logger = structlog.get_logger(__name__)

# So many outcomes are written in one transaction at most.
BATCH = 500
# When a send has taken too long, and how often that is looked for: one timer for all of them, for
# one each would cost more than anything else that is done for a message here.
FLIGHT_SECONDS, LOOK_SECONDS = 30.0, 1.0


@dataclass(slots=True)
class Flight:
    """A send under way, and when it left, by ``time.monotonic``."""

    ready: Ready
    left_at: float


class Flights:
    """Everything between a claim and its outcome being written; used in the loop's thread only.

    ``news`` is set when something has landed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.session: aiohttp.ClientSession | None = None
        # In the order in which they left.
        self.flying: dict[asyncio.Task[Outcome], Flight] = {}
        self.watching = False
        self.in_flight: Counter[UUID] = Counter()
        self.boarding = Boarding()
        self.slow: dict[UUID, float] = {}
        self.looking = False
        self.finished: list[Outcome] = []
        # Waiting, in flight, landed, or being written.
        self.open = 0
        self.news = asyncio.Event()
        self.over = asyncio.Event()
        self.roomy = asyncio.Event()
        self.enough = 0
        # Nothing more is due, as far as is known: what has landed need not wait for company.
        self.last = False
        self.alone = asyncio.Event()
        self.withdrawn = False

    @property
    def busy(self) -> bool:
        """Whether anything waits, is in flight, or has landed and is not written yet."""
        return self.open > 0

    def load(self) -> Load:
        """What is held of each channel, for the next claim."""
        now = monotonic()
        self.slow = {channel_id: until for channel_id, until in self.slow.items() if until > now}
        flying = {channel_id: count for channel_id, count in self.in_flight.items() if count}
        return Load(flying, self.boarding.counts(), self.slow.keys())

    def start(self, prepared: Prepared, claimed_at: float) -> None:
        """Let these leave as there are places; what could not be prepared has landed already.

        ``claimed_at`` is when their claim began, by ``time.monotonic``.
        """
        self.open += len(prepared.ready) + len(prepared.broken)
        late = self.withdrawn or monotonic() - claimed_at > LATEST_SECONDS
        for ready in prepared.ready:
            if ready.asked_at is not None:  # questions are few, and not counted against messages
                self._leave(ready)
            elif late:
                self._finish(_not_begun(ready))
            else:
                self.boarding.add(ready)
        for channel_id in self.boarding.channels():
            self._board(channel_id)
        self._look_in_hand_later()
        for outcome in prepared.broken:
            self._finish(outcome)
        if self.busy:
            self.over.clear()

    def _board(self, channel_id: UUID) -> None:
        """Let those of a channel leave for whom there is a place."""
        places = places_per_channel(len(self.flying))
        while ready := self.boarding.next(channel_id, self.in_flight[channel_id], places):
            self._leave(ready)
            places = places_per_channel(len(self.flying))

    def _look_in_hand_later(self) -> None:
        if self.boarding.waiting and not self.looking:
            self.looking = True
            self.loop.call_later(HAND_SECONDS / 5, self._look_in_hand)

    def _look_in_hand(self) -> None:
        self.looking = False
        self._give_back_tired()
        self._look_in_hand_later()

    def _give_back_tired(self) -> None:
        """Who has waited too long goes back into the queue, and no more such are claimed."""
        for ready in self.boarding.tired(HAND_SECONDS):
            self.slow[ready.row.channel_id] = monotonic() + SLOW_SECONDS
            self._finish(_not_begun(ready))

    def _leave(self, ready: Ready) -> None:
        self.in_flight[ready.row.channel_id] += 1
        task = self.loop.create_task(self._fly(ready))
        self.flying[task] = Flight(ready, monotonic())
        task.add_done_callback(self._landed)
        if not self.watching:
            self.watching = True
            self.loop.call_later(LOOK_SECONDS, self._end_late)

    def _end_late(self) -> None:
        """End those that have been under way for too long: from now on they are unclear."""
        latest = monotonic() - FLIGHT_SECONDS
        for task, flight in self.flying.items():
            if flight.left_at > latest:
                break
            task.cancel(transport.LATE)
        self.watching = bool(self.flying)
        if self.watching:
            self.loop.call_later(LOOK_SECONDS, self._end_late)

    def _landed(self, task: asyncio.Task[Outcome]) -> None:
        ready = self.flying.pop(task).ready
        self.in_flight[ready.row.channel_id] -= 1
        if task.cancelled():
            self._finish(_not_begun(ready))
        else:
            self._finish(task.result())
        if not self.withdrawn:
            self._give_back_tired()
            self._board(ready.row.channel_id)
        in_hand = len(self.flying) + self.boarding.waiting
        if in_hand <= self.enough:
            self.roomy.set()
        if self.last and not in_hand:
            self.alone.set()

    def _finish(self, outcome: Outcome) -> None:
        self.finished.append(outcome)
        self.news.set()

    def only_bulk_landed(self) -> bool:
        """Whether all that is to be written is bulk."""
        return all(one.row.priority >= Priority.BULK for one in self.finished)

    def take_finished(self) -> list[Outcome]:
        """What has landed, to be written; ``written`` or ``put_back`` must follow."""
        batch, self.finished = self.finished[:BATCH], self.finished[BATCH:]
        if self.finished:
            self.news.set()
        return batch

    def put_back(self, batch: list[Outcome]) -> None:
        """They could not be written now."""
        self.finished = batch + self.finished

    def written(self, batch: list[Outcome]) -> None:
        """They are in the database."""
        self.open -= len(batch)
        if not self.busy:
            self.over.set()

    # --- Waiting

    async def room(self, share: float, seconds: float) -> None:
        """Wait until this share of what is in hand has landed, ``seconds`` at most."""
        self.enough = int((len(self.flying) + self.boarding.waiting) * (1 - share))
        self.roomy.clear()
        await _within(seconds, self.roomy)
        self.enough = 0

    async def company(self, seconds: float) -> None:
        """Let more land, ``seconds`` at most; not when nothing is left that could."""
        self.alone.clear()
        if not self.last or self.flying or self.boarding.waiting:
            await _within(seconds, self.alone)

    async def landed(self, seconds: float) -> None:
        """Wait until nothing is in flight and all is written, ``seconds`` at most."""
        if self.busy:
            await _within(seconds, self.over)

    # --- One of them

    async def _fly(self, ready: Ready) -> Outcome:
        abilities = ready.adapter.capabilities
        # What answers by a token is no repeat to the provider when it comes without.
        idempotent = abilities.idempotent_send and not ready.message.reply_token
        idempotent |= ready.message.about.reacts
        outcome = Outcome(ready.row, can_find=abilities.can_find, idempotent=idempotent)
        try:
            await (self._send if ready.asked_at is None else self._ask)(ready, outcome)
        except SendError as error:
            outcome.error = error
        except Exception as error:  # a bug in an adapter: the provider may have it, so: unclear
            logger.exception("send failed", delivery=ready.row.pk, asked=outcome.asked)
            outcome.error = Ambiguous(f"{type(error).__name__} while sending")
        return outcome

    async def _send(self, ready: Ready, outcome: Outcome) -> None:
        adapter, message = ready.adapter, ready.message
        steps = adapter.react(message) if message.about.reacts else adapter.send(message)
        sent = await transport.drive(self._open(), steps, outcome.exchanges)
        outcome.external_id = sent.external_id

    async def _ask(self, ready: Ready, outcome: Outcome) -> None:
        outcome.asked = outcome.can_find = True
        steps = ready.adapter.find(ready.message, ready.attempted_at, ready.asked_at)
        found = await transport.drive(self._open(), steps, outcome.exchanges)
        outcome.external_id = found.external_id
        outcome.absent = found.external_id is None

    def _open(self) -> aiohttp.ClientSession:
        if self.session is None:
            self.session = transport.new_session(transport.UNTIMED)
        return self.session

    # --- The end

    def withdraw(self) -> None:
        """Stop all that has not landed; what has not been written to the provider never was."""
        self.withdrawn = True
        for ready in self.boarding.empty():
            self._finish(_not_begun(ready))
        for task in self.flying:
            task.cancel()

    async def close(self) -> None:
        """Give the connections back."""
        if self.session is not None:
            session, self.session = self.session, None
            await session.close()


def _not_begun(ready: Ready) -> Outcome:
    asked = ready.asked_at is not None
    return Outcome(ready.row, error=Withdrawn("Not begun."), asked=asked)


async def _within(seconds: float, event: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
