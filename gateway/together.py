"""Serves calls that come side by side in one go: one of the callers works for all of them.

Under Python's global lock, threads that work at the same time only get in each other's way. Here
they wait, and whoever comes while a group is being served is in the next. A lone call waits for
nobody.
"""

import threading
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Generic, TypeVar

T = TypeVar("T")


class _Place(Generic[T]):
    """A caller's place in the line. ``turn`` is released when it is served, or is to serve.

    Once served, each wakes the one ``behind`` it: woken all at once, they would only fight for the
    lock.
    """

    __slots__ = ("behind", "item", "served", "turn")

    def __init__(self, item: T) -> None:
        self.item = item
        self.served = False
        self.behind: _Place[T] | None = None
        self.turn = threading.Lock()
        self.turn.acquire()


class Together(Generic[T]):
    """A line in front of ``serve``, which is given a list of items and must not raise."""

    def __init__(self, serve: Callable[[Sequence[T]], None]) -> None:
        self.serve = serve
        self.line: list[_Place[T]] = []
        self.serving = False
        self.guard = threading.Lock()

    def join(self, item: T) -> None:
        """Return once ``item`` has been served, by this thread or by another."""
        place = _Place(item)
        with self.guard:
            self.line.append(place)
            leads, self.serving = not self.serving, True
        if not leads:
            place.turn.acquire()
        try:
            if not place.served:
                self._serve_line()
        finally:
            if place.behind is not None:
                place.behind.turn.release()

    def _serve_line(self) -> None:
        with self.guard:
            group, self.line = self.line, []
        try:
            self.serve([place.item for place in group])
        finally:
            with self.guard:
                following = self.line[0] if self.line else None
                self.serving = following is not None
            for place, behind in zip_longest(group, group[1:]):
                place.behind, place.served = behind, True
            if following is not None:
                following.turn.release()
