"""A simulator with a WhatsApp number, the adapter that talks to it, and its webhooks' door."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels_social.whatsapp import WhatsApp
from gateway.content.model import Content
from gateway.content.reading import write
from gateway.events import Event, OutboundMessage, StatusUpdate
from gateway.transport import drive, new_session
from simulator.lines import Line, Lines
from simulator.server import build
from tests.payloads.whatsapp.exhibit import (
    ACCESS_TOKEN,
    ACCOUNT_ID,
    APP_SECRET,
    NUMBER,
    NUMBER_ID,
    config,
)
from tests.simulator.conftest import Door, line

CUSTOMER = "+14155550114"


@dataclass
class WhatsAppStand:
    """The simulator, the product's session, its door, and an adapter aimed at the simulator."""

    base: str
    http: aiohttp.ClientSession
    door: Door
    adapter: WhatsApp

    async def call(self, steps: Any) -> Any:
        """Drive an adapter's steps over the network."""
        return await drive(self.http, steps, [])

    async def post(self, path: str, body: Any, status: int = 200) -> Any:
        """The JSON answered to a JSON body by a control call."""
        async with self.http.post(self.base + path, json=body) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def get(self, path: str) -> Any:
        """The JSON of a page that answers 200."""
        async with self.http.get(self.base + path) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def write(self, text: str = "", *, sender: str = CUSTOMER, **more: Any) -> str:
        """A customer writes, or does something; its id."""
        body = {"provider": "whatsapp", "channel_address": NUMBER, "from": sender, "text": text}
        found: str = (await self.post("/inbound", body | more))["sid"]
        return found

    async def send(self, content: Content | str, *, to: str = CUSTOMER, **more: Any) -> str:
        """The external id of a message that is accepted."""
        found = Content(text=content) if isinstance(content, str) else content
        words = (str(uuid4()), to, found.text, "https://x/", write(found), found.media)
        return str(
            (await self.call(self.adapter.send(OutboundMessage(*words, **more)))).external_id
        )

    async def sent(self) -> list[dict[str, Any]]:
        """What was accepted."""
        found: list[dict[str, Any]] = (await self.get("/sent?provider=whatsapp"))["messages"]
        return found

    def events(self) -> list[Event]:
        """What our adapter makes of every webhook, each with a valid signature."""
        for request in self.door.received:
            self.adapter.verify(request)
        return [event for one in self.door.received for event in self.adapter.parse(one)]

    def words(self) -> list[str]:
        """The words of the reports, with their codes, in the order in which they came."""
        found = [one for one in self.events() if isinstance(one, StatusUpdate)]
        return [f"{one.provider_word} {one.error_code}".strip() for one in found]


def whatsapp_line(base: str, **fields: Any) -> Line:
    """A number whose webhooks go to ``base``."""
    values = {
        "channel": "5c2f7c1e-1111-4222-8333-444455556666",
        "name": "Shop on WhatsApp",
        "provider": "whatsapp",
        "address": NUMBER,
        "service": NUMBER_ID,
        "account": ACCOUNT_ID,
        "token": APP_SECRET,
        "tokens": frozenset({ACCESS_TOKEN}),
        "webhook_url": f"{base}/webhooks/5c2f7c1e-1111-4222-8333-444455556666/",
    }
    return line(base, **(values | fields))


@pytest.fixture
async def whatsapp(settings: Any) -> AsyncIterator[WhatsAppStand]:
    """A simulator with one number."""
    settings.DEBUG = True
    door, sink = Door(), web.Application()
    sink.router.add_route("*", "/{path:.*}", door.take)
    async with TestServer(sink) as product:
        door.base = str(product.make_url("")).rstrip("/")
        lines = [whatsapp_line(door.base)]
        async with TestServer(build(Lines(lambda: lines))) as server:
            base = str(server.make_url("")).rstrip("/")
            settings.SIMULATOR_URL = base
            async with new_session() as session:
                adapter = WhatsApp(config(), base_url=f"{base}/whatsapp")
                yield WhatsAppStand(base, session, door, adapter)
