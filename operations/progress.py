"""A progress bar in one line of a terminal; nothing at all where there is none."""

from time import monotonic
from typing import TextIO

from django.core.management.base import OutputWrapper

WIDTH = 24


class Progress:
    """Drawn again at each step, over itself. A file or a pipe gets no line."""

    def __init__(self, stream: TextIO | OutputWrapper, total: int) -> None:
        self.stream = stream
        self.total = total
        self.done = 0
        self.began = monotonic()
        self.shown = stream.isatty()

    def step(self, count: int) -> None:
        """So many more are done."""
        self.done += count
        if self.shown:
            self._write(f"\r{self.line(monotonic() - self.began)}\x1b[K")
            self.stream.flush()

    def line(self, seconds: float) -> str:
        """Bar, numbers, speed and time left after so many seconds."""
        part = min(1.0, self.done / self.total) if self.total else 1.0
        bar = ("█" * round(part * WIDTH)).ljust(WIDTH, "░")
        speed = self.done / seconds if seconds > 0 else 0.0
        left = (self.total - self.done) / speed if speed else 0.0
        return (
            f"{bar} {self.done:,} of {self.total:,} · {speed:,.0f}/s · {max(0.0, left):,.0f} s left"
        )

    def end(self) -> None:
        """Leave the line as it is and go on below it."""
        if self.shown and self.done:
            self._write("\n")

    def _write(self, text: str) -> None:
        if isinstance(self.stream, OutputWrapper):
            self.stream.write(text, style_func=str, ending="")
        else:
            self.stream.write(text)
