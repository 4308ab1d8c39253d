"""Bearer tokens: asked for once, shared by a session's requests, and renewed before they end."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from weakref import WeakKeyDictionary

import aiohttp

from gateway.contract import Grant, Request, Response, Token
from gateway.errors import Ambiguous, Unreachable, Withdrawn

# A token is not used in the last moments of its life: it would end on its way.
MARGIN_SECONDS = 60.0
# Shorter than any send may take, so that those who wait learn why.
ASK_SECONDS = 15.0
Ask = Callable[[Request], Awaitable[Response]]


class Tokens:
    """The tokens of one event loop. However many requests want one, it is asked for once."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Token, float]] = {}
        self.asking: dict[str, asyncio.Task[Token]] = {}

    async def get(self, grant: Grant, ask: Ask) -> str:
        """A token that works for a while; SendError when there is none to be had.

        Whoever waits here has sent nothing, so no error leaves a message unclear.
        """
        token, until = self.kept.get(grant.key, (None, 0.0))
        if token is not None and monotonic() < until:
            return token.value
        try:
            return (await asyncio.shield(self._task(grant, ask))).value
        except asyncio.CancelledError as error:
            raise Withdrawn("The worker stopped before the request left.") from error

    def forget(self, grant: Grant, value: str) -> None:
        """The provider takes this one no more."""
        token, _until = self.kept.get(grant.key, (None, 0.0))
        if token is not None and token.value == value:
            del self.kept[grant.key]

    def _task(self, grant: Grant, ask: Ask) -> "asyncio.Task[Token]":
        task = self.asking.get(grant.key)
        if task is None:
            task = asyncio.ensure_future(self._renew(grant, ask))
            self.asking[grant.key] = task
            task.add_done_callback(lambda done: self._asked(grant.key, done))
        return task

    def _asked(self, key: str, task: "asyncio.Task[Token]") -> None:
        del self.asking[key]
        if not task.cancelled():
            task.exception()  # those who wait for it are told; if nobody does, it is not lost

    async def _renew(self, grant: Grant, ask: Ask) -> Token:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                response = await ask(grant.ask())
        except (Ambiguous, Withdrawn) as error:
            raise Unreachable("No token: no answer.") from error
        token = grant.read(response)
        self.kept[grant.key] = (token, monotonic() + max(token.seconds - MARGIN_SECONDS, 1.0))
        return token


_tokens: WeakKeyDictionary[aiohttp.ClientSession, Tokens] = WeakKeyDictionary()


def tokens_of(session: aiohttp.ClientSession) -> Tokens:
    """The tokens that belong to a session, and end with it."""
    return _tokens.setdefault(session, Tokens())


def adopt(session: aiohttp.ClientSession, tokens: Tokens) -> None:
    """Let a new session use tokens that outlive it."""
    _tokens[session] = tokens
