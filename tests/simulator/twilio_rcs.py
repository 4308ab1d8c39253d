"""A simulator with an RCS sender of Twilio's, adapters that talk to it, and their door."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels_sms.twilio_rcs import TwilioRcs
from gateway.events import Event, OutboundMessage, StatusUpdate, Withdrawal
from gateway.transport import drive, new_session
from simulator.channel_lines import sms_behind
from simulator.lines import Agent, Line, Lines
from simulator.server import build
from tests.payloads.twilio_rcs.exhibit import SENDER, SERVICE, config
from tests.simulator.conftest import Door, line

CUSTOMER = "+14155550114"


@dataclass
class TwilioStand:
    """The simulator, the product's session, its door, and adapters aimed at the simulator.

    ``adapter`` has the sender, ``service`` the Messaging Service, which sends SMS itself.
    """

    base: str
    http: Any
    door: Door
    adapter: TwilioRcs
    service: TwilioRcs

    async def call(self, steps: Any) -> Any:
        """Drive an adapter's steps over the network."""
        return await drive(self.http, steps, [])

    async def post(self, path: str, body: Any) -> Any:
        """The JSON answered to a control call."""
        async with self.http.post(self.base + path, json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def phone(self, number: str = CUSTOMER, **abilities: Any) -> None:
        """Say what a phone can do; it has RCS unless that is said."""
        await self.post("/phones", {"number": number, "rcs": True} | abilities)

    async def sent(self) -> list[dict[str, Any]]:
        """What the provider accepted."""
        async with self.http.get(f"{self.base}/sent?provider=twilio") as response:
            found: list[dict[str, Any]] = (await response.json())["messages"]
        return found

    async def send(self, message: OutboundMessage, of: TwilioRcs | None = None) -> str:
        """The external id of a message that is accepted."""
        done = await self.call((of or self.adapter).send(message))
        return str(done.external_id)

    def events(self) -> list[Event]:
        """What our adapter makes of every webhook, each with a valid signature."""
        for request in self.door.received:
            self.adapter.verify(request)
        return [event for one in self.door.received for event in self.adapter.parse(one)]

    def words(self) -> list[str]:
        """The provider's words of reports and withdrawals, in the order in which they came."""
        found = [one for one in self.events() if isinstance(one, StatusUpdate | Withdrawal)]
        return [one.provider_word for one in found]

    @property
    def status_url(self) -> str:
        """A callback URL like the product's."""
        return f"{self.door.base}/webhooks/x/?delivery="


def rcs_line(base: str, **fields: Any) -> Line:
    """An RCS sender whose webhooks go to ``base``."""
    values = {
        "channel": "8e2f7c1e-1111-4222-8333-444455556666",
        "name": "Shop RCS",
        "address": f"rcs:{SENDER}",
        "webhook_url": f"{base}/webhooks/8e2f7c1e-1111-4222-8333-444455556666/",
        "agent": Agent("Corner Shop", "", "", "", "", ""),
    }
    return line(base, **(values | fields))


def lines_of(base: str) -> list[Line]:
    """The sender by itself, and another one in a Messaging Service with a number."""
    other = {"address": "rcs:in_service", "service": SERVICE, "channel": "c9", "name": "Service"}
    in_service = rcs_line(base, **other)
    behind = sms_behind(in_service)
    assert behind is not None
    return [line(base), rcs_line(base), in_service, behind]


@pytest.fixture
async def twilio(settings: Any) -> AsyncIterator[TwilioStand]:
    """A simulator with two RCS senders and a number of one business."""
    settings.DEBUG = True
    door, sink = Door(), web.Application()
    sink.router.add_route("*", "/{path:.*}", door.take)
    async with TestServer(sink) as product:
        door.base = str(product.make_url("")).rstrip("/")
        lines = lines_of(door.base)
        async with TestServer(build(Lines(lambda: lines))) as server:
            base = str(server.make_url("")).rstrip("/")
            settings.SIMULATOR_URL = base
            async with new_session() as session:
                service = config(messaging_service_sid=SERVICE, sms_fallback="twilio")
                url = f"{base}/twilio"
                yield TwilioStand(
                    base,
                    session,
                    door,
                    TwilioRcs(config(), base_url=url),
                    TwilioRcs(service, base_url=url),
                )
