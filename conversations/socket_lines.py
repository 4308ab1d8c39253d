"""Hands the events of a workspace to its sockets: received and encoded once a process.

A workspace with an open socket here has a line: one channel of the layer in the workspace's group.
However many sockets it has, a batch is decoded once, encoded once and logged once.
"""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

import orjson
import structlog
from channels.layers import get_channel_layer

from conversations.realtime import workspace_group
from conversations.socket_pulse import Pulse

logger = structlog.get_logger(__name__)

MOST_WAITING = 500
READY = b'{"kind":"ready"}'
RESYNC = b'{"kind":"resync"}'


class Outbox:
    """What one tab is still to be told. Waiting here, a slow tab delays nobody."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.count = 0
        self.something = asyncio.Event()

    def put(self, events: bytes, count: int = 1) -> None:
        """Add so many events, encoded and separated by commas.

        A tab that cannot follow will fetch everything once instead of thousands of events.
        """
        if self.count + count > MOST_WAITING:
            greeted = READY not in self.parts
            events, count = (RESYNC, 1) if greeted else (READY, 1)
            self.parts, self.count = [], 0
        self.parts.append(events)
        self.count += count
        self.something.set()

    async def take(self) -> bytes:
        """Everything that waits as one frame: an event, or ``{"kind":"events","events":[…]}``."""
        await self.something.wait()
        self.something.clear()
        parts, count = self.parts, self.count
        self.parts, self.count = [], 0
        together = b",".join(parts)
        return together if count == 1 else b'{"kind":"events","events":[' + together + b"]}"


class Line:
    """One workspace's events in this process."""

    def __init__(self, workspace_id: int) -> None:
        self.workspace_id = workspace_id
        self.outboxes: set[Outbox] = set()
        self.layer = get_channel_layer()
        self.channel = ""
        self.task: asyncio.Task[None] | None = None
        self.moving = asyncio.Lock()

    async def join(self, outbox: Outbox) -> None:
        """Once this returns, no event is missed."""
        async with self.moving:
            if self.task is None:
                self.channel = await self.layer.new_channel()
                await self.layer.group_add(workspace_group(self.workspace_id), self.channel)
                self.task = asyncio.create_task(self._listen())
            self.outboxes.add(outbox)

    async def leave(self, outbox: Outbox) -> None:
        """The last one to leave hangs up."""
        async with self.moving:
            self.outboxes.discard(outbox)
            if self.outboxes or self.task is None:
                return
            task, self.task = self.task, None
            await self.layer.group_discard(workspace_group(self.workspace_id), self.channel)
            task.cancel()

    async def _listen(self) -> None:
        while True:
            message = await self.layer.receive(self.channel)
            try:
                self._pass_on(message)
            except Exception as error:  # the next ones still count
                logger.warning("events not understood", reason=type(error).__name__)

    def _pass_on(self, message: dict[str, Any]) -> None:
        events = message["events"]
        encoded = b",".join(map(orjson.dumps, events))
        for outbox in self.outboxes:
            outbox.put(encoded, len(events))
        if message["request_ids"]:
            logger.info(
                "events handed to sockets",
                count=len(events),
                sockets=len(self.outboxes),
                workspace=self.workspace_id,
                request_ids=message["request_ids"],
            )


class Switchboard:
    """All lines of one event loop, and the pulse that tells when they lost something."""

    def __init__(self) -> None:
        self.lines: dict[int, Line] = {}
        self.pulse = Pulse(self.resync)

    async def join(self, workspace_id: int, outbox: Outbox) -> None:
        """Once this returns, no event of the workspace is missed without a word."""
        self.pulse.start()
        await self.lines.setdefault(workspace_id, Line(workspace_id)).join(outbox)

    async def leave(self, workspace_id: int, outbox: Outbox) -> None:
        """The tab is gone."""
        await self.lines[workspace_id].leave(outbox)
        if not any(line.outboxes for line in self.lines.values()):
            self.pulse.stop()

    def resync(self) -> None:
        """Tell every tab to fetch everything."""
        for line in self.lines.values():
            for outbox in line.outboxes:
                outbox.put(RESYNC)


_switchboards: "WeakKeyDictionary[asyncio.AbstractEventLoop, Switchboard]" = WeakKeyDictionary()


def switchboard() -> Switchboard:
    """The running loop's."""
    return _switchboards.setdefault(asyncio.get_running_loop(), Switchboard())
