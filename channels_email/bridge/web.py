"""The bridge's HTTP side, for the product's own processes alone: send, check."""

import asyncio
import hmac
import json
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from aiohttp import BodyPartReader, web
from django.conf import settings

from channels_email import signature
from channels_email.account import SMTP, Account
from channels_email.answers import REFUSED, STATUSES, dead
from channels_email.bridge import checking, mx
from channels_email.bridge.board import Board
from channels_email.bridge.composing import File, as_bytes, compose, recipients
from channels_email.bridge.mx import store
from channels_email.bridge.owner import Owner
from channels_email.bridge.posting import post
from channels_email.bridge.reach import simulated, smtp_server
from channels_email.bridge.smtp import Pool, hand_over
from gateway.errors import SendError
from gateway.secrets import Undecryptable, unseal

logger = structlog.get_logger(__name__)

BODY_LIMIT = 80_000_000
SENDERS = 32
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Web:
    """The requests of the outbox and of the settings page."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.pool = Pool()
        self.threads = ThreadPoolExecutor(SENDERS, "mail-sender")

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        return [
            web.post("/channels/{channel}/mails", self.submit),
            web.post("/check", self.check),
            web.get("/healthz", self.health),
        ]

    async def submit(self, request: web.Request) -> web.Response:
        """Send a mail; answers when the server or the provider has taken it."""
        owner, said, files = await _read(request)
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self.threads, self._send, owner.account, said, files)
        except SendError as error:
            if dead(error):
                await self._tell(owner, str(said["recipient"]), error)
            raise
        return _answer({"id": found})

    async def check(self, request: web.Request) -> web.Response:
        """Try the log-ins of a configuration that only the product can have sealed."""
        owner, _said, _files = await _read(request)
        return _answer({"summary": await checking.check(owner.account)})

    async def health(self, request: web.Request) -> web.Response:
        """How many mailboxes are to be read, and how many of those are."""
        ready = sum(keeper.ready for keeper in self.board.keepers.values())
        return _answer({"mailboxes": len(self.board.keepers), "ready": ready})

    def close(self) -> None:
        """Let what is being sent end."""
        self.threads.shutdown()
        self.pool.close()

    def _send(self, account: Account, said: Mapping[str, Any], files: Sequence[File]) -> str:
        mail = compose(said, files)
        if account.sending != SMTP and not simulated():
            return post(account, mail, said)
        raw = as_bytes(mail)
        server = smtp_server(account)
        with self.pool.connection(server) as connection:
            refused = hand_over(connection, account.address, recipients(said), raw)
        if refused:
            logger.warning("mail refused for some", uid=said["uid"], count=len(refused))
        return str(said["message_id"])

    async def _tell(self, owner: Owner, address: str, error: SendError) -> None:
        """A mailbox that does not exist goes on the suppression list, by way of the door."""
        told = {"type": "bad_address", "address": address, "evidence": error.text}
        try:
            await self.board.journal.run(store, [owner.told(told)])
        except Exception:  # the mail is refused all the same; the next one will be too
            logger.exception("bad address not noted", channel=str(owner.channel_id))


async def _read(request: web.Request) -> tuple[Owner, Mapping[str, Any], list[File]]:
    """Whose request this is, what it says, and its files."""
    said: Mapping[str, Any] = {}
    files: list[File] = []
    if not request.content_type.startswith("multipart/"):
        raise web.HTTPBadRequest(text="This must be a multipart form.")
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise web.HTTPBadRequest(text="Forms within forms are not taken.")
        content = bytes(await part.read(decode=False))
        if part.name == "mail":
            said = _object(content)
        else:
            kind = part.headers.get("Content-Type", "application/octet-stream").partition(";")[0]
            files.append(File(part.filename or "file", kind, content))
    return _owner(request, said), said, files


def _owner(request: web.Request, said: Mapping[str, Any]) -> Owner:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        channel_id = UUID(request.match_info.get("channel", str(UUID(int=0))))
        config = unseal(str(said["config"]).encode())
        keys = signature.keys(config)
        if kind != "Bearer" or not any(
            hmac.compare_digest(signature.token(key), token) for key in keys
        ):
            raise web.HTTPUnauthorized(text="The token is not this channel's.")
        return Owner(channel_id, 0, Account.of(config), keys[0])
    except (KeyError, ValueError, Undecryptable) as error:
        raise web.HTTPBadRequest(text="The config cannot be read.") from error


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(content)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise web.HTTPBadRequest(text="The part “mail” must be a JSON object.")
    return said


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


async def serve(host: str, port: int) -> None:
    """Run until SIGTERM or SIGINT; what is under way then has some seconds to end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    board = Board()
    own = Web(board)
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[explain])
    app.add_routes(own.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    exchange = await _exchange(board)
    following = asyncio.create_task(board.follow())
    try:
        await stop.wait()
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        if exchange is not None:
            exchange.close()
        await runner.cleanup()
        await asyncio.to_thread(own.close)
        await board.close()


async def _exchange(board: Board) -> asyncio.Server | None:
    """The local MX; None where it is off."""
    if not settings.MAIL_MX_PORT:
        return None
    host, name = settings.MAIL_MX_HOST, settings.MAIL_MX_NAME
    return await mx.start(board, host, settings.MAIL_MX_PORT, name)
