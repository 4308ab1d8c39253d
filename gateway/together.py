"""Serves what comes side by side in one go: while a group is being served, the next one gathers.

A lone item waits for nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """A line in front of ``serve``, which is given a list of items. For one event loop."""

    def __init__(self, serve: Callable[[Sequence[T]], Awaitable[None]]) -> None:
        self.serve = serve
        self.line: list[tuple[T, asyncio.Future[None]]] = []
        self.serving: asyncio.Task[None] | None = None

    async def join(self, item: T) -> None:
        """Return once ``item`` has been served; raises what ``serve`` raised for its group."""
        served: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.line.append((item, served))
        if self.serving is None:
            self.serving = asyncio.create_task(self._serve_line())
        await served

    async def _serve_line(self) -> None:
        try:
            while self.line:
                group, self.line = self.line, []
                error = await self._served([item for item, _ in group])
                for _, served in group:
                    _tell(served, error)
        finally:
            self.serving = None

    async def _served(self, items: list[T]) -> Exception | None:
        try:
            await self.serve(items)
        except Exception as error:
            return error
        return None


def _tell(served: "asyncio.Future[None]", error: Exception | None) -> None:
    if served.done():  # cancelled: whoever asked has gone
        return
    if error is None:
        served.set_result(None)
    else:
        served.set_exception(error)
