"""Every e-mail channel: follows what the database says within seconds."""

import asyncio
from collections.abc import Mapping
from time import monotonic
from uuid import UUID

import structlog

from channels_email import signature
from channels_email.account import IMAP, MX, Account
from channels_email.bridge import taking
from channels_email.bridge.journal import Journal
from channels_email.bridge.keeper import Keeper
from channels_email.bridge.owner import Owner
from gateway.models import Channel
from gateway.secrets import Undecryptable, unseal

logger = structlog.get_logger(__name__)

KIND = "email"
FRESH_SECONDS = 2.0
PRUNE_SECONDS = 3600.0


def read_channels() -> dict[UUID, Owner]:
    """Every enabled e-mail channel; one that cannot be read is left out, and logged."""
    found: dict[UUID, Owner] = {}
    for row in Channel.objects.filter(kind=KIND, enabled=True).order_by("created_at"):
        try:
            config = unseal(row.config)
            key = signature.keys(config)[0]
            found[row.pk] = Owner(row.pk, row.workspace_id, Account.of(config), key)
        except (Undecryptable, LookupError, ValueError) as error:
            logger.warning("channel left out", channel=str(row.pk), reason=type(error).__name__)
    return found


class Board:
    """The keepers, by channel, and whom the local MX takes mail for."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.keepers: dict[UUID, Keeper] = {}
        self.served: Mapping[str, tuple[Owner, ...]] = {}
        self.ending: set[asyncio.Task[None]] = set()
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
        """Read the channels as they are now."""
        try:
            self._follow(await self.journal.run(read_channels))
        except Exception:  # the database may be away for a moment; what is known still holds
            logger.exception("channels not read")

    async def close(self) -> None:
        """Hang up everywhere."""
        keepers, self.keepers, self.served = self.keepers, {}, {}
        await asyncio.gather(*(keeper.stop() for keeper in keepers.values()), *self.ending)
        self.journal.close()

    def _follow(self, wanted: Mapping[UUID, Owner]) -> None:
        boxes = {pk: one for pk, one in wanted.items() if one.account.receiving == IMAP}
        for channel_id, keeper in list(self.keepers.items()):
            if boxes.get(channel_id) != keeper.owner:
                del self.keepers[channel_id]
                self._end(keeper)
        for channel_id, owner in boxes.items():
            if channel_id not in self.keepers:
                keeper = self.keepers[channel_id] = Keeper(owner, self.journal)
                keeper.start()
        served: dict[str, tuple[Owner, ...]] = {}
        for owner in wanted.values():
            if owner.account.receiving == MX:
                address = owner.account.address
                served[address] = (*served.get(address, ()), owner)
        self.served = served

    def _end(self, keeper: Keeper) -> None:
        task = asyncio.create_task(keeper.stop())
        self.ending.add(task)
        task.add_done_callback(self.ending.discard)

    async def _prune(self) -> None:
        try:
            await self.journal.run(taking.prune)
        except Exception:  # it is tried again in an hour
            logger.exception("old mails not pruned")
