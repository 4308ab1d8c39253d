"""The database, from the event loop: everything in one thread of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")


class Journal:
    """One thread and its connection."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, "mail-journal")

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do something with the database."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.thread, partial(_fresh, work, *args, **kwargs))

    def close(self) -> None:
        """Let the thread end, and its connection with it."""
        self.thread.submit(connections.close_all)
        self.thread.shutdown()


def _fresh(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    close_old_connections()
    return work(*args, **kwargs)
