"""A simulator with an RCS agent, the adapter that talks to it, and the door its webhooks go to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels_sms.google_rcs import GoogleRcs
from gateway.events import Event, OutboundMessage, StatusUpdate, Withdrawal
from gateway.transport import drive, new_session
from simulator.channel_lines import account_of
from simulator.lines import Agent, Line, Lines
from simulator.server import build
from tests.payloads.google_rcs.exhibit import AGENT, CLIENT_TOKEN, config, key_file
from tests.simulator.conftest import Door, line

CUSTOMER = "+14155550114"


@dataclass
class RcsStand:
    """The simulator, the product's session, its door, and an adapter aimed at the simulator."""

    base: str
    http: aiohttp.ClientSession
    door: Door
    adapter: GoogleRcs

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

    async def phone(self, number: str = CUSTOMER, **abilities: Any) -> None:
        """Say what a phone can do; it has RCS unless that is said."""
        await self.post("/phones", {"number": number, "rcs": True} | abilities)

    async def faults(self, **knobs: float) -> None:
        """Let the provider misbehave."""
        await self.post("/faults", {"provider": "google_rcs", **knobs})

    async def sent(self) -> list[dict[str, Any]]:
        """What the provider accepted."""
        found: list[dict[str, Any]] = (await self.get("/sent?provider=google_rcs"))["messages"]
        return found

    async def send(self, message: OutboundMessage) -> str:
        """The external id of a message that is accepted."""
        sent = await self.call(self.adapter.send(message))
        assert sent.external_id == message.uid
        return str(sent.external_id)

    def events(self) -> list[Event]:
        """What our adapter makes of every webhook, each with a valid signature."""
        for request in self.door.received:
            self.adapter.verify(request)
        return [event for one in self.door.received for event in self.adapter.parse(one)]

    def words(self) -> list[str]:
        """The provider's words of reports and withdrawals, in the order in which they came."""
        found = [one for one in self.events() if isinstance(one, StatusUpdate | Withdrawal)]
        return [one.provider_word for one in found]


def rcs_line(base: str, **fields: Any) -> Line:
    """An agent whose webhooks go to ``base``."""
    agent = Agent("Corner Shop", "", "#1A73E8", *account_of(key_file()))
    values = {
        "channel": "7d2f7c1e-1111-4222-8333-444455556666",
        "name": "Shop RCS",
        "provider": "google_rcs",
        "address": AGENT,
        "account": AGENT,
        "token": CLIENT_TOKEN,
        "tokens": frozenset(),
        "webhook_url": f"{base}/webhooks/7d2f7c1e-1111-4222-8333-444455556666/",
        "agent": agent,
    }
    return line(base, **(values | fields))


@pytest.fixture
async def rcs(settings: Any) -> AsyncIterator[RcsStand]:
    """A simulator with one agent and a number of the same business."""
    settings.DEBUG = True
    door, sink = Door(), web.Application()
    sink.router.add_route("*", "/{path:.*}", door.take)
    async with TestServer(sink) as product:
        door.base = str(product.make_url("")).rstrip("/")
        lines = [line(door.base), rcs_line(door.base)]
        async with TestServer(build(Lines(lambda: lines))) as server:
            base = str(server.make_url("")).rstrip("/")
            settings.SIMULATOR_URL = base
            async with new_session() as session:
                adapter = GoogleRcs(config(), base_url=f"{base}/google_rcs")
                yield RcsStand(base, session, door, adapter)
