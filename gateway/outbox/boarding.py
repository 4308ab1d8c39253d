"""Claimed messages in hand that wait for a place in flight, replies before bulk."""

from collections import deque
from collections.abc import Iterator
from time import monotonic
from uuid import UUID

from gateway.models import Priority
from gateway.outbox.places import kept_for_replies
from gateway.outbox.prepare import Ready

Waiting = tuple[float, Ready]
"""Since when (``time.monotonic``), and who."""


class Boarding:
    """A line for each channel; in each, what came first leaves first."""

    def __init__(self) -> None:
        self.replies: dict[UUID, deque[Waiting]] = {}
        self.bulk: dict[UUID, deque[Waiting]] = {}
        self.waiting = 0

    def add(self, ready: Ready) -> None:
        """Line up."""
        lines = self.bulk if ready.row.priority >= Priority.BULK else self.replies
        lines.setdefault(ready.row.channel_id, deque()).append((monotonic(), ready))
        self.waiting += 1

    def counts(self) -> dict[UUID, int]:
        """How many wait, by channel."""
        return {
            channel_id: len(self.replies.get(channel_id, ())) + len(self.bulk.get(channel_id, ()))
            for channel_id in self.channels()
        }

    def channels(self) -> set[UUID]:
        """The channels that have somebody waiting."""
        return self.replies.keys() | self.bulk.keys()

    def next(self, channel_id: UUID, in_flight: int, places: int) -> Ready | None:
        """Who leaves next on a channel with so many in flight and so many places, if anybody."""
        if in_flight < places and channel_id in self.replies:
            return self._first(self.replies, channel_id)
        if in_flight < places - kept_for_replies(places) and channel_id in self.bulk:
            return self._first(self.bulk, channel_id)
        return None

    def tired(self, seconds: float) -> list[Ready]:
        """Those who have waited so long; they wait no more."""
        since, tired = monotonic() - seconds, []
        for lines in (self.replies, self.bulk):
            for channel_id in list(lines):
                while channel_id in lines and lines[channel_id][0][0] <= since:
                    tired.append(self._first(lines, channel_id))
        return tired

    def empty(self) -> Iterator[Ready]:
        """Everybody who waits; nobody does afterwards."""
        for lines in (self.replies, self.bulk):
            for channel_id in list(lines):
                yield from (ready for _, ready in lines.pop(channel_id))
        self.waiting = 0

    def _first(self, lines: dict[UUID, deque[Waiting]], channel_id: UUID) -> Ready:
        line = lines[channel_id]
        _, ready = line.popleft()
        if not line:
            del lines[channel_id]
        self.waiting -= 1
        return ready
