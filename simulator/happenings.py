"""What customers do beside writing: follow, react, take back, read, close a window …"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from simulator.bodies import Body
from simulator.lines import Line
from simulator.world import Phone

Happened = tuple[str | None, int | None]
"""The id of what happened, where it has one, and its webhook's HTTP status (None: no answer)."""


class Eventful(Protocol):
    """A network on which customers do more than write. ``events`` as ``POST /inbound`` calls it."""

    @property
    def events(self) -> Sequence[str]:
        """What they can do."""

    async def happen(self, line: Line, phone: Phone, kind: str, body: Body) -> Happened:
        """One of ``events``; what it needs beside is read from the body."""


class Reporter(ABC):
    """An Eventful network whose events need no more than the message they are about."""

    events: Sequence[str]

    @abstractmethod
    async def tell(self, line: Line, phone: Phone, kind: str, about: str = "") -> int | None:
        """The customer does it: the webhook's HTTP status."""

    async def happen(self, line: Line, phone: Phone, kind: str, body: Body) -> Happened:
        """As Eventful says."""
        about = body.text("message_id", default="", limit=64)
        body.finish(strict=False)
        return about or None, await self.tell(line, phone, kind, about)
