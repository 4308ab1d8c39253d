"""Notices when the channel layer lost something, so that tabs fetch what they were not told.

Redis forgets what it could not deliver: while it restarts or is away, events are gone, and nothing
tells a browser so. A numbered message to ourselves twice a second goes the same way as the events;
when one is missing, events may be missing too.
"""

import asyncio
from collections.abc import Callable
from itertools import count

import structlog
from channels.layers import get_channel_layer

logger = structlog.get_logger(__name__)

EVERY = 0.5
SEND_SECONDS = 2.0


class Pulse:
    """The pulse of one event loop; ``missed`` is called when the layer works again after a gap."""

    def __init__(self, missed: Callable[[], None]) -> None:
        self.missed = missed
        self.expected = 0
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin, unless it is beating."""
        if self.tasks and not any(task.done() for task in self.tasks):
            return
        self.stop()
        self.layer = get_channel_layer()
        channel = await self.layer.new_channel()
        self.expected = 0
        self.tasks = [
            asyncio.create_task(self._send(channel)),
            asyncio.create_task(self._receive(channel)),
        ]

    def stop(self) -> None:
        """Nobody listens any more."""
        for task in self.tasks:
            task.cancel()
        self.tasks = []

    async def _send(self, channel: str) -> None:
        for number in count():
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self.layer.send(channel, {"type": "pulse", "number": number})
            except Exception as error:  # its number will be missing
                logger.warning("pulse lost", reason=type(error).__name__)
            await asyncio.sleep(EVERY)

    async def _receive(self, channel: str) -> None:
        while True:
            number = (await self.layer.receive(channel))["number"]
            if number != self.expected:
                logger.warning("events may be lost", pulses=number - self.expected)
                self.missed()
            self.expected = number + 1
