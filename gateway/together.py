"""Serves calls that come side by side in one go: one of the callers works for all of them.

Under Python's global lock, threads that work at the same time only get in each other's way. Here
they wait, and whoever comes while one works for a group is in the next. A lone call waits for
nobody.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class _Place(Generic[T]):
    """A caller's place in the line. ``turn`` is released when it is served, or is to serve."""

    __slots__ = ("item", "served", "turn")

    def __init__(self, item: T) -> None:
        self.item = item
        self.served = False
        self.turn = threading.Lock()
        self.turn.acquire()


class Together(Generic[T]):
    """A line of callers, served in groups in two steps that are given a list of items.

    ``think`` is what needs the processor: one group at a time. ``act`` is what waits for others (a
    database): meanwhile the next group thinks. Neither may raise; an item must be able to tell by
    itself that it was not served.
    """

    def __init__(
        self, think: Callable[[Sequence[T]], None], act: Callable[[Sequence[T]], None]
    ) -> None:
        self.think = think
        self.act = act
        self.line: list[_Place[T]] = []
        self.thinking = False
        self.guard = threading.Lock()

    def join(self, item: T) -> None:
        """Return once ``item`` has been served, by this thread or by another."""
        place = _Place(item)
        with self.guard:
            self.line.append(place)
            leads, self.thinking = not self.thinking, True
        if not leads:
            place.turn.acquire()
        if not place.served:
            self._serve_line(place)

    def _serve_line(self, own: _Place[T]) -> None:
        with self.guard:
            group, self.line = self.line, []
        items = [place.item for place in group]
        try:
            try:
                self.think(items)
            finally:
                self._pass_on()
            self.act(items)
        finally:
            for place in group:
                place.served = True
                if place is not own:
                    place.turn.release()

    def _pass_on(self) -> None:
        """Let the first of those who came meanwhile think for all of them."""
        with self.guard:
            following = self.line[0] if self.line else None
            self.thinking = following is not None
        if following is not None:
            following.turn.release()
