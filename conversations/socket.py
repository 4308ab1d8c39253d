"""The agents' WebSocket at /ws/: one a tab, ids out, presence in, closed when access ends.

Close codes: 4401 no session (any more), 4403 no place in a workspace or its inbox. A handshake from
another origin is refused outright.
"""

import asyncio
import time
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson
import structlog
from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from channels.security.websocket import OriginValidator
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.urls import path

from accounts.members import SESSION_KEY, active_members
from accounts.models import Member, User
from accounts.roles import Ability, may
from conversations.hooks import notify
from conversations.realtime import Batch, member_group, workspace_group
from conversations.signs import tell_typing
from conversations.socket_lines import READY, Outbox, switchboard
from conversations.socket_watch import NO_ACCESS, NO_SESSION, Watched, watch
from conversations.templatetags.ui import hue, initials

logger = structlog.get_logger(__name__)

MOST_BYTES = 4096
SIGNAL_PACE = 1.0
HEARTBEAT_PACE = 10.0
SIGNALS = frozenset({"typing", "viewing"})


class InboxSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """A member's tab: joins its workspace's line, says who looks and types, leaves."""

    # How many sockets of each member this process holds: only the last one to close is a departure.
    open_sockets: ClassVar[dict[int, int]] = {}

    async def connect(self) -> None:
        """Let the session's member in; tell others why not, in a way a browser can read."""
        self.member: Member | None = None
        self.sender: asyncio.Task[None] | None = None
        self.outbox = Outbox()
        self.last: dict[str, float] = {}
        await self.accept()
        user: Any = self.scope["user"]  # a User or an AnonymousUser
        if not user.is_authenticated:
            await self.close(NO_SESSION)
            return
        member = await find_member(user, self.scope["session"])
        if member is None or not may(member.role, Ability.INBOX):
            await self.close(NO_ACCESS)
            return
        await self._enter(member, user)

    async def _enter(self, member: Member, user: User) -> None:
        self.member = member
        self.face = {
            "member": member.pk,
            "name": member.name,
            "initials": initials(member.name),
            "hue": hue(member.pk),
        }
        await self.channel_layer.group_add(member_group(member.pk), self.channel_name)
        await switchboard().join(member.workspace_id, self.outbox)
        # From here on no event is missed. The handshake ended before; what a browser fetched in
        # between could miss what happened in between, so it catches up when it is told this.
        self.outbox.put(READY)
        self.watched = Watched(
            member_id=member.pk,
            session_key=self.scope["session"].session_key or "",
            session_hash=user.get_session_auth_hash(),
            end=self._end,
        )
        watch().add(self.watched)
        self.sender = asyncio.create_task(self._send_waiting())
        self.open_sockets[member.pk] = self.open_sockets.get(member.pk, 0) + 1
        await self._tell_presence(True)

    async def disconnect(self, code: int) -> None:
        """Leave the groups; the member is gone with the last socket."""
        if self.member is None:
            return
        member, self.member = self.member, None
        watch().remove(self.watched)
        if self.sender is not None:
            self.sender.cancel()
        await switchboard().leave(member.workspace_id, self.outbox)
        await self.channel_layer.group_discard(member_group(member.pk), self.channel_name)
        left = self.open_sockets.pop(member.pk, 1) - 1
        if left > 0:
            self.open_sockets[member.pk] = left
        else:
            await tell_presence(member.pk, False)

    async def _end(self, code: int) -> None:
        await self.close(code)

    # --- From the browser -----------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A heartbeat, or a signal to colleagues; anything else is ignored."""
        if self.member is None or text_data is None or len(text_data) > MOST_BYTES:
            return
        try:
            message = orjson.loads(text_data)
        except orjson.JSONDecodeError:
            return
        if not isinstance(message, dict):
            return
        kind = message.get("type")
        if kind == "heartbeat":
            if self._paced("heartbeat", HEARTBEAT_PACE):
                await self._tell_presence(True)
        elif kind in SIGNALS:
            await self._signal(kind, message.get("conversation"), message.get("reply") is True)

    async def _signal(self, kind: str, conversation: Any, reply: bool) -> None:
        """Tell the workspace's own sockets, and who is being answered; never stored."""
        if type(conversation) is not int or self.member is None:
            return
        if not self._paced(kind, SIGNAL_PACE):
            return
        batch = Batch([{"kind": kind, "conversation": conversation, **self.face}])
        group = workspace_group(self.member.workspace_id)
        try:
            await self.channel_layer.group_send(group, batch.message())
        except Exception as error:  # who types is not worth a socket
            logger.warning("signal lost", reason=type(error).__name__)
        if kind == "typing" and reply:
            await tell_customer(self.member.workspace_id, conversation)

    def _paced(self, name: str, seconds: float) -> bool:
        now = time.monotonic()
        if now - self.last.get(name, -seconds) < seconds:
            return False
        self.last[name] = now
        return True

    async def _tell_presence(self, connected: bool) -> None:
        if self.member is not None:
            await tell_presence(self.member.pk, connected)

    # --- To the browser -------------------------------------------------------------------------

    async def access_revoked(self, message: dict[str, Any]) -> None:
        """A membership or the password changed: look at once instead of at the next round."""
        await watch().check([self.watched])

    async def _send_waiting(self) -> None:
        while True:
            frame = await self.outbox.take()
            await self.send(text_data=frame.decode())


@database_sync_to_async  # type: ignore[untyped-decorator]
def find_member(user: User, session: SessionBase) -> Member | None:
    """The membership the session acts as: the same choice as for pages."""
    members = list(active_members().filter(user_id=user.pk).order_by("id")[:50])
    chosen = session.get(SESSION_KEY)
    by_workspace = {member.workspace_id: member for member in members}
    return by_workspace.get(chosen or 0) or (members[0] if members else None)


async def tell_presence(member_id: int, connected: bool) -> None:
    """Tell routing; a database that is away must not close the sockets."""
    try:
        await _notify_presence(member_id, connected)
    except Exception as error:
        logger.warning("presence lost", member=member_id, reason=type(error).__name__)


async def tell_customer(workspace_id: int, conversation_id: int) -> None:
    """Show the customer that somebody writes; a database that is away closes no socket."""
    try:
        await _tell_customer(workspace_id, conversation_id)
    except Exception as error:
        logger.warning("signal lost", reason=type(error).__name__)


@database_sync_to_async  # type: ignore[untyped-decorator]
def _tell_customer(workspace_id: int, conversation_id: int) -> None:
    tell_typing(workspace_id=workspace_id, conversation_id=conversation_id)


@database_sync_to_async  # type: ignore[untyped-decorator]
def _notify_presence(member_id: int, connected: bool) -> None:
    notify("presence", member_id=member_id, connected=connected)


def allowed_origins() -> list[str]:
    """The pages' own origin: scheme, host and port, and no other page of the same host."""
    parts = urlsplit(settings.PUBLIC_URL)
    return [f"{parts.scheme}://{parts.netloc}"]


websocket_application = OriginValidator(
    AuthMiddlewareStack(URLRouter([path("ws/", InboxSocket.as_asgi())])), allowed_origins()
)
