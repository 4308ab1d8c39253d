"""A provider on loopback whose answers a test decides; real HTTP, no patching."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Self
from urllib.parse import parse_qs

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sink:
    """Speaks Twilio's Messages API. ``answers`` are used up first, then every send is accepted."""

    def __init__(self) -> None:
        self.received: list[dict[str, str]] = []
        self.answers: list[Answer] = []
        self.listed: list[dict[str, Any]] = []
        # What the provider's clock says when it lists; the machine's unless told otherwise.
        self.date: datetime | None = None
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.port = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """What SIMULATOR_URL shall be."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.thread.start()
        self.ready.wait(10)
        return self

    def __exit__(self, *details: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def routes(self) -> list[web.RouteDef]:
        """What it answers to."""
        path = "/twilio/2010-04-01/Accounts/{account}/Messages.json"
        return [web.post(path, self._send), web.get(path, self._list)]

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        app = web.Application()
        app.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self.loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self.loop.run_until_complete(site.start())
        self.port = runner.addresses[0][1]
        self.ready.set()
        self.loop.run_forever()
        self.loop.run_until_complete(runner.cleanup())
        hanging = asyncio.all_tasks(self.loop)
        for task in hanging:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*hanging, return_exceptions=True))
        self.loop.close()

    async def _send(self, request: web.Request) -> web.StreamResponse:
        fields = {k: v[0] for k, v in parse_qs(await request.text()).items()}
        self.received.append(fields)
        if self.answers:
            return await self.answers.pop(0)(request)
        return accepted(f"SM{len(self.received):032d}")

    async def _list(self, request: web.Request) -> web.StreamResponse:
        headers = {"Date": format_datetime(self.date, usegmt=True)} if self.date else {}
        listed = {"messages": self.listed, "next_page_uri": None}
        return web.json_response(listed, headers=headers)


def accepted(sid: str) -> web.Response:
    """Twilio took the message."""
    return web.json_response({"sid": sid, "status": "queued"}, status=201)


def answer(status: int, code: int = 0, **headers: str) -> Answer:
    """An answer with a Twilio error."""

    async def give(request: web.Request) -> web.StreamResponse:
        body = {"code": code, "message": f"Error {code}", "status": status}
        return web.json_response(body, status=status, headers=headers)

    return give


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Cut the connection after the request was read."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
