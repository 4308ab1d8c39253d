"""The business's numbers, kept fresh: whom customers can write to, and what their tokens are."""

import asyncio
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from django.db import connections

logger = structlog.get_logger(__name__)

FRESH_S = 2.0
AT_MOST_EVERY_S = 0.2
# What Twilio's tokens look like. Right for an account no channel has yet, so that credentials can
# be checked before they are saved.
TOKEN = re.compile(r"[0-9a-f]{32}")
X_PUBLIC = "x_public"


@dataclass(frozen=True, slots=True)
class Agent:
    """An RCS agent: its brand, and the service account that may use it.

    ``key_id`` names the key whose public half is ``public_key`` (PEM); empty without one.
    """

    name: str
    logo: str
    color: str
    email: str
    key_id: str
    public_key: str


@dataclass(frozen=True, slots=True)
class Line:
    """One channel as the provider sees it. ``token`` signs webhooks and ``key`` encrypts
    them, ``tokens`` may log in.

    ``address`` is the number on the customer's phone; a Messaging Service gets an invented one.
    ``way`` is its network, where the provider has one beside its own. ``keys`` are X's, of the app
    and of the account, each with its secret.
    """

    channel: str
    name: str
    provider: str
    address: str
    service: str
    account: str
    token: str
    tokens: frozenset[str]
    webhook_url: str
    workspace: int = 0
    agent: Agent | None = None
    way: str = ""
    keys: tuple[str, ...] = ()
    key: str = ""

    @property
    def network(self) -> str:
        """The network that its messages take, by name."""
        if self.way:
            return self.way
        return "twilio_rcs" if self.agent and self.provider == "twilio" else self.provider

    @property
    def sender(self) -> str:
        """What opt-outs hold for: the service, or the number."""
        return self.service or self.address


class Heard(NamedTuple):
    """When somebody last wrote on a channel (Unix seconds), as the product knows it."""

    channel: str
    address: str
    at: float


def _account(line: Line) -> str:
    """What tokens are asked for, where that names one channel."""
    return line.account if line.provider == "wechat" else ""


class Lines:
    """The lines, read again when they are older than two seconds or something is not found."""

    def __init__(
        self, load: Callable[[], list[Line]], heard: Callable[[], list[Heard]] = list
    ) -> None:
        self.load = load
        self.heard = heard
        self.thread = ThreadPoolExecutor(1, "lines")
        self.all: list[Line] = []
        self.by_address: dict[tuple[str, str], Line] = {}
        self.tokens: dict[str, frozenset[str]] = {}
        self.x_lines: dict[str, Line] = {}
        self.read_at = 0.0
        self.reading: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Read the channels now; what is being read already may be older than the question."""
        running = self.reading
        if running is not None and not running.done():
            await asyncio.shield(running)
        if self.reading is None or self.reading.done():
            self.reading = asyncio.create_task(self._read_again())
        await asyncio.shield(self.reading)

    async def _read_again(self) -> None:
        pause = self.read_at + AT_MOST_EVERY_S - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        await self._read()

    def keep_fresh(self) -> None:
        """Read the channels in the background when what is known is old."""
        old = time.monotonic() - self.read_at > FRESH_S
        if old and (self.reading is None or self.reading.done()):
            self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            self._take(await loop.run_in_executor(self.thread, self.load))
        except Exception:  # the database may be away for a moment; what is known still holds
            logger.exception("channels not read")
        self.read_at = time.monotonic()

    def _take(self, lines: list[Line]) -> None:
        tokens: dict[str, frozenset[str]] = {}
        for line in lines:
            tokens[line.account] = tokens.get(line.account, frozenset()) | line.tokens
        # Every phone can write to those that come first.
        self.all, self.tokens = sorted(lines, key=lambda line: line.agent is not None), tokens
        # A Messaging Service with an RCS sender is that first, whatever channel it is named by.
        self.by_address = {
            (line.provider, name): line
            for line in self.all
            for name in (line.address, line.service, line.channel, _account(line))
            if name
        }
        own = [line for line in self.all if line.provider == "x" and not line.way]
        self.by_address |= {("x", line.account): line for line in own}
        self.x_lines.clear()
        self.x_lines.update({line.address: line for line in own})

    async def who_wrote(self) -> list[tuple[Line, Heard]]:
        """Who wrote before the simulator began, with the line they wrote to."""
        lines = {line.channel: line for line in self.all}
        try:
            found = await asyncio.get_running_loop().run_in_executor(self.thread, self.heard)
        except Exception:  # as in ``_read``
            logger.exception("reply windows not read")
            return []
        return [(lines[one.channel], one) for one in found if one.channel in lines]

    async def find(self, provider: str, name: str) -> Line | None:
        """The line with this number, Messaging Service or channel id."""
        line = self.by_address.get((provider, name))
        if line is None:
            await self.refresh()
            line = self.by_address.get((provider, name))
        return line

    async def allows(self, account: str, token: str) -> bool:
        """Whether these credentials are right."""
        self.keep_fresh()
        if self._allows(account, token) and self.read_at:
            return True
        await self.refresh()
        return self._allows(account, token)

    def _allows(self, account: str, token: str) -> bool:
        if token.startswith("wrong"):
            return False
        known = self.tokens.get(account)
        return token in known if known is not None else bool(TOKEN.fullmatch(token))

    def close(self) -> None:
        """Let the reading thread end, and its connection with it."""
        self.thread.submit(connections.close_all)
        self.thread.shutdown()
