"""Notices when the channel layer lost something, so that tabs fetch what they were not told.

Redis forgets what it could not deliver: while it restarts or is away, events are gone, and nothing
tells a browser so. A numbered message to ourselves twice a second goes the same way as the events;
when one is missing, events may be missing too.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

import structlog
from channels.layers import get_channel_layer

logger = structlog.get_logger(__name__)

EVERY = 0.5
SEND_SECONDS = 2.0


class Pulse:
    """The pulse of one event loop; ``missed`` is called when the layer works again after a gap."""

    def __init__(self, missed: Callable[[], None]) -> None:
        self.missed = missed
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, unless it is beating."""
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._beat())

    def stop(self) -> None:
        """Nobody listens any more."""
        if self.task is not None:
            self.task.cancel()
            self.task = None

    async def _beat(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        receiving = asyncio.create_task(self._receive(layer, channel))
        try:
            for number in count():
                await self._send(layer, channel, number)
                await asyncio.sleep(EVERY)
        finally:
            receiving.cancel()

    async def _send(self, layer: Any, channel: str, number: int) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await layer.send(channel, {"type": "pulse", "number": number})
        except Exception as error:  # its number will be missing
            logger.warning("pulse lost", reason=type(error).__name__)

    async def _receive(self, layer: Any, channel: str) -> None:
        expected = 0
        while True:
            number = (await layer.receive(channel))["number"]
            if number != expected:
                logger.warning("events may be lost", pulses=number - expected)
                self.missed()
            expected = number + 1
