"""Looks every few seconds whether the people behind open sockets may still be there.

One batch for all sockets of the process: two statements, however many there are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import structlog
from channels.db import database_sync_to_async
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.members import active_members
from accounts.roles import Ability, may

logger = structlog.get_logger(__name__)

EVERY = 5.0
NO_SESSION = 4401
NO_ACCESS = 4403


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A socket as it was let in. ``session_hash`` changes with the password; ``end`` closes it."""

    member_id: int
    session_key: str
    session_hash: str
    end: Callable[[int], Awaitable[None]]


class Watch:
    """The open sockets of one event loop."""

    def __init__(self) -> None:
        self.sockets: set[Watched] = set()
        self.task: asyncio.Task[None] | None = None

    def add(self, socket: Watched) -> None:
        """Begin to watch it."""
        self.sockets.add(socket)
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._rounds())

    def remove(self, socket: Watched) -> None:
        """It is closed."""
        self.sockets.discard(socket)

    async def check(self, sockets: Collection[Watched]) -> None:
        """Close those whose access has ended."""
        ended = await _ended(tuple(sockets))
        for socket, code in ended:
            self.remove(socket)
            await socket.end(code)

    async def _rounds(self) -> None:
        while self.sockets:
            await asyncio.sleep(EVERY)
            try:
                await self.check(self.sockets)
            except Exception as error:  # the next round looks again
                logger.warning("socket check failed", reason=type(error).__name__)


_watches: "WeakKeyDictionary[asyncio.AbstractEventLoop, Watch]" = WeakKeyDictionary()


def watch() -> Watch:
    """The watch of the running loop."""
    return _watches.setdefault(asyncio.get_running_loop(), Watch())


@database_sync_to_async  # type: ignore[untyped-decorator]
def _ended(sockets: Collection[Watched]) -> list[tuple[Watched, int]]:
    members = active_members().in_bulk({socket.member_id for socket in sockets})
    keys = {socket.session_key for socket in sockets}
    sessions = set(
        Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now()).values_list(
            "session_key", flat=True
        )
    )
    result = []
    for socket in sockets:
        member = members.get(socket.member_id)
        if member is None or not may(member.role, Ability.INBOX):
            result.append((socket, NO_ACCESS))
        elif socket.session_key not in sessions or not constant_time_compare(
            socket.session_hash, member.user.get_session_auth_hash()
        ):
            result.append((socket, NO_SESSION))
    return result
