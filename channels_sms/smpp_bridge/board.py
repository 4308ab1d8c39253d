"""Every SMPP channel's line: follows what the database says within seconds."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

import structlog

from channels_sms import smpp_signature
from channels_sms.smpp_account import Account
from channels_sms.smpp_bridge import journal
from channels_sms.smpp_bridge.journal import Journal
from channels_sms.smpp_bridge.line import Line
from channels_sms.smpp_bridge.owner import Owner
from gateway.models import Channel
from gateway.secrets import Undecryptable, unseal

logger = structlog.get_logger(__name__)

KIND = "smpp"
FRESH_SECONDS = 2.0
AT_MOST_EVERY_SECONDS = 0.2
PRUNE_SECONDS = 3600.0
STOP_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A channel that shall have a line, and the tokens its requests may carry."""

    owner: Owner
    tokens: frozenset[str]


def read_channels() -> dict[UUID, Wanted]:
    """Every enabled SMPP channel; one that cannot be read is left out, and logged."""
    wanted: dict[UUID, Wanted] = {}
    for row in Channel.objects.filter(kind=KIND, enabled=True).order_by("created_at"):
        try:
            config = unseal(row.config)
            keys = smpp_signature.keys(config)
            owner = Owner(row.pk, row.workspace_id, Account.of(config), keys[0])
        except (Undecryptable, LookupError, ValueError) as error:
            logger.warning("channel left out", channel=str(row.pk), reason=type(error).__name__)
            continue
        wanted[row.pk] = Wanted(owner, frozenset(map(smpp_signature.token, keys)))
    return wanted


class Board:
    """The lines, by channel."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.lines: dict[UUID, Line] = {}
        self.wanted: Mapping[UUID, Wanted] = {}
        self.ending: set[asyncio.Task[None]] = set()
        self.reading = asyncio.Lock()
        self.read_at = float("-inf")
        self.pruned_at = float("-inf")

    async def follow(self) -> None:
        """Read the channels again and again, until cancelled."""
        while True:
            await self.refresh()
            if monotonic() - self.pruned_at > PRUNE_SECONDS:
                self.pruned_at = monotonic()
                await self._prune()
            await asyncio.sleep(FRESH_SECONDS)

    async def refresh(self) -> None:
        """Read the channels as they are now; calls side by side share one reading."""
        asked_at = monotonic()
        async with self.reading:
            if self.read_at >= asked_at:
                return
            await asyncio.sleep(self.read_at + AT_MOST_EVERY_SECONDS - monotonic())
            self.read_at = monotonic()
            try:
                self._follow(await self.journal.run(read_channels))
            except Exception:  # the database may be away for a moment; what is known still holds
                logger.exception("channels not read")

    async def line(self, channel_id: UUID, token: str) -> Line | None:
        """The channel's line, if the token is right; a channel that changed just now is read."""
        if not self._allows(channel_id, token):
            await self.refresh()
        return self.lines.get(channel_id) if self._allows(channel_id, token) else None

    def bound_as(self, account: Account) -> bool:
        """Whether some line is bound with the same credentials."""
        same = (account.host, account.port, account.system_id, account.password)
        return any(
            line.bound.is_set()
            and (known.host, known.port, known.system_id, known.password) == same
            for line in self.lines.values()
            for known in [line.owner.account]
        )

    async def close(self) -> None:
        """Unbind everywhere; what is under way may end before."""
        lines, self.lines, self.wanted = self.lines, {}, {}
        await asyncio.gather(*(line.stop(STOP_SECONDS) for line in lines.values()), *self.ending)
        self.journal.close()

    def _allows(self, channel_id: UUID, token: str) -> bool:
        found = self.wanted.get(channel_id)
        return found is not None and token in found.tokens

    def _follow(self, wanted: Mapping[UUID, Wanted]) -> None:
        for channel_id, line in list(self.lines.items()):
            found = wanted.get(channel_id)
            if found is None or found.owner != line.owner:
                del self.lines[channel_id]
                self._end(line)
        for channel_id, found in wanted.items():
            if channel_id not in self.lines:
                line = self.lines[channel_id] = Line(found.owner, self.journal)
                line.start()
        self.wanted = wanted

    def _end(self, line: Line) -> None:
        task = asyncio.create_task(line.stop(STOP_SECONDS))
        self.ending.add(task)
        task.add_done_callback(self.ending.discard)

    async def _prune(self) -> None:
        try:
            await self.journal.run(journal.prune)
        except Exception:  # it is tried again in an hour
            logger.exception("old parts not pruned")
