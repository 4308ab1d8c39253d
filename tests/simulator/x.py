"""A simulated account on X: its pushes as our adapter reads them, calls as it signs them."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels_social.x import X
from gateway.contract import Request
from gateway.events import Event
from simulator.channel_lines import public_side
from simulator.lines import X_PUBLIC, Line, Lines
from simulator.server import build
from tests.payloads.x.exhibit import CONFIG, OWN
from tests.simulator.conftest import Door, Stand, line

NAMES = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")


class XDoor(Door):
    """Takes pushes, and answers challenges as the product does."""

    async def take(self, request: web.Request) -> web.Response:
        """As Door; a challenge is answered by the adapter and not kept."""
        answer = await super().take(request)
        asked = X(CONFIG).handshake(self.received[-1])
        if asked is None:
            return answer
        self.received.pop()
        return web.Response(text=asked.body, content_type=asked.content_type)

    def pushed(self) -> list[Event]:
        """What our adapter makes of every push, each with a valid signature."""
        adapter = X(CONFIG)
        for request in self.received:
            adapter.verify(request)
        return [event for request in self.received for event in adapter.parse(request)]


class XStand(Stand):
    """The simulator with an account on X."""

    door: XDoor

    @property
    def adapter(self) -> X:
        """As the product has it."""
        return X(CONFIG, base_url=f"{self.base}/x")

    async def call(self, request: Request) -> tuple[int, Any]:
        """Make a request of the adapter's: status and JSON."""
        options: dict[str, Any] = {"json": request.json} if request.json is not None else {}
        async with self.http.request(
            request.method, request.url, headers=request.headers, **options
        ) as response:
            return response.status, await response.json()

    async def ask(self, path: str, json: Any = None) -> tuple[int, Any]:
        """A signed call: status and JSON."""
        method: Any = "GET" if json is None else "POST"
        return await self.call(self.adapter._ask(method, path, json=json))


def x_lines(base: str) -> Sequence[Line]:
    """The account's direct messages and posts; pushed to ``base``, or asked for without it."""
    found = line(
        base,
        name="Acme Shops",
        provider="x",
        address="@acme",
        account=OWN,
        token=CONFIG["consumer_secret"],
        tokens=frozenset(),
        keys=tuple(CONFIG[name] for name in NAMES),
        **({} if base else {"webhook_url": ""}),
    )
    public = public_side(found)
    assert public is not None
    assert public.network == X_PUBLIC
    return [found, public]


@pytest.fixture
async def x(settings: Any, pushed: bool) -> AsyncIterator[XStand]:
    """The simulator; ``pushed``: with webhooks."""
    settings.DEBUG = True
    door, sink = XDoor(), web.Application()
    sink.router.add_route("*", "/{path:.*}", door.take)
    async with TestServer(sink) as product:
        door.base = str(product.make_url("")).rstrip("/")
        lines = list(x_lines(door.base if pushed else ""))
        async with (
            TestServer(build(Lines(lambda: lines))) as server,
            aiohttp.ClientSession() as http,
        ):
            yield XStand(str(server.make_url("")).rstrip("/"), http, door)
