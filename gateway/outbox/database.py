"""A thread that speaks to the database for an event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, TypeVar

from django.db import close_old_connections, connections

# A connection is looked at whether it still works after so much idleness, and after any trouble.
CHECK_SECONDS = 1.0
T = TypeVar("T")


class DatabaseThread:
    """One thread, so one connection and one transaction at a time."""

    def __init__(self, name: str) -> None:
        self.pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self.used = 0.0

    async def do(self, work: Callable[..., T], *args: Any) -> T:
        """Run ``work`` in the thread; raises what it raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, self._connected, work, args)

    def _connected(self, work: Callable[..., T], args: tuple[Any, ...]) -> T:
        if monotonic() - self.used >= CHECK_SECONDS:
            close_old_connections()
        try:
            result = work(*args)
        except Exception:
            self.used = 0.0
            raise
        self.used = monotonic()
        return result

    def close(self) -> None:
        """Give the connection back and end the thread."""
        self.pool.submit(connections.close_all).result()
        self.pool.shutdown()
