"""An IMAP server with the business's mailboxes, in memory: pymap with the channels' log-ins."""

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from pymap.backend.dict import Config, DictBackend, Identity, Login
from pymap.backend.dict import Session as MailSession
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxSet
from pymap.exceptions import AuthorizationFailure, InvalidAuth
from pymap.imap import IMAPService
from pymap.interfaces.login import IdentityInterface
from pymap.parsing.message import AppendMessage
from pysasl.creds.server import ServerCredentials
from pysasl.identity import ClearIdentity

from simulator.lines import Lines

INBOX = "INBOX"


class Guard(Login):
    """Lets in who has the password of a channel; any, for a mailbox that no channel has yet."""

    def __init__(self, config: Config, lines: Lines) -> None:
        super().__init__(config)
        self.lines = lines

    async def authenticate(self, credentials: ServerCredentials) -> Identity:
        """Called by pymap."""
        await self.lines.refresh()
        user = credentials.authcid
        known = self.lines.tokens.get(user)
        wrong = credentials.verify(ClearIdentity(user, "wrong"))
        if wrong or not (
            known is None or any(credentials.verify(ClearIdentity(user, one)) for one in known)
        ):
            raise InvalidAuth
        return Holder(user, self)

    async def authorize(self, authenticated: IdentityInterface, authzid: str) -> Identity:
        """Called by pymap; everybody is only who they are."""
        if authenticated.name != authzid:
            raise AuthorizationFailure
        return Holder(authzid, self)


class Holder(Identity):
    """Somebody with a mailbox."""

    def __init__(self, name: str, login: Login) -> None:
        super().__init__(name, login, None, frozenset())

    @asynccontextmanager
    async def new_session(self) -> AsyncIterator[MailSession]:
        """Called by pymap."""
        boxes, filters = folders(self.config, self.name)
        yield MailSession(self.name, self.config, boxes, filters)


def folders(config: Config, user: str) -> tuple[MailboxSet, FilterSet]:
    """A user's folders; made when they are new."""
    if user not in config.set_cache:
        config.set_cache[user] = (MailboxSet(), FilterSet())
    return config.set_cache[user]


class Mailboxes:
    """The server."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.stack = AsyncExitStack()
        self.config: Config | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen."""
        args = Namespace(
            host=host, port=port, debug=False, cert=None, key=None, tls=False, passlib_cfg=None,
            proxy_protocol=None, inherited_sockets=None, demo_data=False, demo_user="",
            demo_password="",
        )  # fmt: skip
        self.config = Config.from_args(args, invalid_user_sleep=0.0, reject_dnsbl=False)
        self.config.apply_context()
        backend = DictBackend(Guard(self.config, self.lines), self.config)
        await self.stack.enter_async_context(self._running(IMAPService(backend, self.config)))

    @asynccontextmanager
    async def _running(self, service: IMAPService) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await service.start(stack)
            yield

    async def deliver(self, user: str, raw: bytes) -> bool:
        """Put a mail into a user's inbox; False while nothing speaks IMAP."""
        if self.config is None:
            return False
        self.config.apply_context()
        boxes, _filters = folders(self.config, user)
        inbox = await boxes.get_mailbox(INBOX)
        await inbox.append(AppendMessage(raw, datetime.now(UTC), frozenset()))
        return True

    async def close(self) -> None:
        """Hang up; a server that waits for its clients must not hold up the end."""
        try:
            async with asyncio.timeout(1):
                await self.stack.aclose()
        except TimeoutError:
            pass  # connections that are open end with the process
