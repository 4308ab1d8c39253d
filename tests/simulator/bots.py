"""A simulator with bots of two messengers, adapters that talk to them, and the bots' door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.content.model import Content
from gateway.content.reading import write
from gateway.contract import Adapter
from gateway.events import Event, OutboundMessage
from gateway.transport import drive, new_session
from simulator.identities import identity
from simulator.lines import Line, Lines
from simulator.server import build
from tests.simulator.conftest import Door, line

NUMBER = "+14155550114"
UID = "0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"


@dataclass
class ChatStand:
    """The simulator, the product's session, its door, and an adapter aimed at the simulator."""

    base: str
    http: aiohttp.ClientSession
    door: Door
    adapter: Adapter

    @property
    def person(self) -> str:
        """The customer's id."""
        return identity(self.adapter.provider, NUMBER)

    def outbound(self, content: Content | str) -> OutboundMessage:
        """A message to the customer."""
        found = Content(text=content) if isinstance(content, str) else content
        return OutboundMessage(UID, self.person, found.text, "", write(found), found.media)

    async def send(self, content: Content | str) -> str:
        """The external id of a message that is accepted."""
        sent = await self.call(self.adapter.send(self.outbound(content)))
        return str(sent.external_id)

    async def call(self, steps: Any) -> Any:
        """Drive an adapter's steps over the network."""
        return await drive(self.http, steps, [])

    async def post(self, path: str, **body: Any) -> Any:
        """The JSON answered to a JSON body by a control call."""
        async with self.http.post(self.base + path, json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def inbound(self, **said: Any) -> Any:
        """The customer does something."""
        address = self.adapter.channel_address(self.adapter.config)
        about = {"provider": self.adapter.provider, "channel_address": address, "from": NUMBER}
        return await self.post("/inbound", **about, **said)

    async def faults(self, **knobs: float) -> None:
        """Let the provider misbehave."""
        await self.post("/faults", provider=self.adapter.provider, **knobs)

    async def sent(self) -> list[dict[str, Any]]:
        """What the provider accepted."""
        async with self.http.get(f"{self.base}/sent?provider={self.adapter.provider}") as response:
            found: list[dict[str, Any]] = (await response.json())["messages"]
        return found

    def events(self) -> list[Event]:
        """What our adapter makes of every webhook, each with a valid signature."""
        for request in self.door.received:
            self.adapter.verify(request)
        return [event for one in self.door.received for event in self.adapter.parse(one)]


@asynccontextmanager
async def chats(
    settings: Any, kind: type[Adapter], config: dict[str, str], **fields: Any
) -> AsyncIterator[ChatStand]:
    """A simulator with one bot."""
    settings.DEBUG = True
    door, sink = Door(), web.Application()
    sink.router.add_route("*", "/{path:.*}", door.take)
    async with TestServer(sink) as product:
        door.base = str(product.make_url("")).rstrip("/")
        lines = [bot(door.base, kind, config, **fields)]
        async with TestServer(build(Lines(lambda: lines))) as server:
            base = str(server.make_url("")).rstrip("/")
            settings.SIMULATOR_URL = base
            async with new_session() as session:
                adapter = kind(config, base_url=f"{base}/{kind.provider}")
                yield ChatStand(base, session, door, adapter)


def bot(base: str, kind: type[Adapter], config: dict[str, str], **fields: Any) -> Line:
    """A bot whose webhooks go to ``base``."""
    about = {"provider": kind.provider, "address": kind.channel_address(config), "account": ""}
    return line(base, **about, **fields)
