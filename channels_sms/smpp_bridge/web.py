"""The bridge's HTTP side, for the product's own processes alone: send, find, check."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from aiohttp import web

from channels_sms.smpp_account import Account
from channels_sms.smpp_bridge import journal
from channels_sms.smpp_bridge.board import Board
from channels_sms.smpp_bridge.line import Line, open_session
from channels_sms.smpp_bridge.owner import Owner
from channels_sms.smpp_bridge.pdus import Deliver
from channels_sms.smpp_bridge.sending import Outgoing, send
from channels_sms.smpp_bridge.session import Session
from gateway.errors import Ambiguous, BadCredentials, SendError, Throttled, Unreachable
from gateway.secrets import Undecryptable, unseal

logger = structlog.get_logger(__name__)

BODY_LIMIT = 100_000
STATUSES: dict[type[SendError], int] = {
    Throttled: 429, Unreachable: 503, Ambiguous: 502, BadCredentials: 401,
}  # fmt: skip
REFUSED = 422

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Web:
    """The requests of the outbox and of the settings page."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        return [
            web.post("/channels/{channel}/messages", self.submit),
            web.get("/channels/{channel}/messages/{uid}", self.find),
            web.post("/check", self.check),
            web.get("/healthz", self.health),
        ]

    async def submit(self, request: web.Request) -> web.Response:
        """Send a message; answers when the SMSC has taken all of it."""
        line = await self._line(request)
        body = await _json(request)
        try:
            message = Outgoing(
                UUID(body["uid"]),
                str(body["to"]),
                str(body["text"]),
                _validity(body),
                str(body.get("from", "")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text="uid, to and text are needed.") from error
        return _answer({"id": await send(line, message)})

    async def find(self, request: web.Request) -> web.Response:
        """What the journal says of an attempt since a moment; 503 while it is under way."""
        line = await self._line(request)
        try:
            uid = UUID(request.match_info["uid"])
            since = datetime.fromisoformat(request.query["since"])
        except (KeyError, ValueError) as error:
            raise web.HTTPBadRequest(text="A uid and a time (since) are needed.") from error
        if uid in line.sending:
            raise Unreachable("It is being sent.")
        known = await self.board.journal.run(journal.look_up, line.owner.channel_id, uid, since)
        return _answer({"known": known.known, "id": known.external_id or None})

    async def check(self, request: web.Request) -> web.Response:
        """Try credentials that only the product can have sealed."""
        body = await _json(request)
        try:
            account = Account.of(unseal(str(body["config"]).encode()))
        except (KeyError, ValueError, Undecryptable) as error:
            raise web.HTTPBadRequest(text="The config cannot be read.") from error
        # Many SMSCs allow one bind only, and that one is proof enough.
        if not self.board.bound_as(account):
            await _try(account)
        return _answer({"summary": f"{account.system_id}, bound to {account.host}:{account.port}"})

    async def health(self, request: web.Request) -> web.Response:
        """How many channels have a line, and how many of those are bound."""
        bound = sum(line.bound.is_set() for line in self.board.lines.values())
        return _answer({"channels": len(self.board.lines), "bound": bound})

    async def _line(self, request: web.Request) -> Line:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            channel_id = UUID(request.match_info["channel"])
        except ValueError:
            raise web.HTTPBadRequest(text="This is no channel's id.") from None
        line = await self.board.line(channel_id, token) if kind == "Bearer" else None
        if line is None:
            # Also while the bridge has not yet read new credentials: it may come again.
            raise Unreachable("The bridge does not know this channel with these credentials.")
        return line


def _validity(body: Mapping[str, Any]) -> int | None:
    """Seconds; ValueError for what are none."""
    said = body.get("validity_s")
    return None if said is None else max(1, int(said))


async def _try(account: Account) -> None:
    async def ignore(session: Session, deliver: Deliver) -> None:
        """Not answered, so the SMSC delivers it again to the channel's own bind."""

    session = await open_session(Owner(uuid4(), 0, account, b""), ignore)
    await session.unbind()


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A SendError becomes a status and its words."""
    try:
        return await handler(request)
    except SendError as error:
        response = _answer(
            {"error": error.name, "code": error.code, "text": error.text},
            STATUSES.get(type(error), REFUSED),
        )
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
        return response


def _answer(said: Mapping[str, Any], status: int = 200) -> web.Response:
    return web.json_response(said, status=status)


async def _json(request: web.Request) -> Mapping[str, Any]:
    try:
        said = json.loads(await request.read())
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise web.HTTPBadRequest(text="This must be a JSON object.")
    return said


async def serve(host: str, port: int) -> None:
    """Run until SIGTERM or SIGINT; what is under way then has some seconds to end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    board = Board()
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[explain])
    app.add_routes(Web(board).routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    following = asyncio.create_task(board.follow())
    try:
        await stop.wait()
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await board.close()
        await runner.cleanup()
