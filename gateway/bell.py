"""Wakes workers up from the event loop, without ever waiting for Redis there."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

# Seconds between two wake-ups: under load, one for each group would cost more than storing it.
PAUSE = 0.005


class Bell:
    """Calls ``wake`` in a thread of its own, soon after each ``ring``; rings meanwhile are one."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake = wake
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="bell")
        self.rung = False
        self.ringing: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Wake the workers soon; returns at once."""
        self.rung = True
        if self.ringing is None:
            self.ringing = asyncio.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self.rung:
                self.rung = False
                await asyncio.get_running_loop().run_in_executor(self.thread, self.wake)
                await asyncio.sleep(PAUSE)
        finally:
            self.ringing = None
