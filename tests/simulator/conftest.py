"""A simulator and a product's webhook door, both real servers on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels_sms.twilio_sms import TwilioSms
from gateway.contract import WebhookRequest
from gateway.events import Event
from simulator.lines import Line, Lines
from simulator.server import build

ACCOUNT = "AC" + "0" * 32
TOKEN = "0123456789abcdef0123456789abcdef"
SECONDARY = "fedcba9876543210fedcba9876543210"
NUMBER = "+14155550100"
SERVICE = "MG" + "2" * 32
CUSTOMER = "+14155550114"
PATIENCE_S = 5.0


@dataclass
class Door:
    """Where webhooks go: keeps them, and answers with the next of ``answers`` (200 without)."""

    base: str = ""
    received: list[WebhookRequest] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Keep a webhook as the adapter would see it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        body, url = await request.read(), f"{self.base}{request.raw_path}"
        kept = WebhookRequest(request.method, url, headers, body, datetime.now(UTC))
        self.received.append(kept)
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    def form(self, index: int = -1) -> dict[str, str]:
        """The fields of a webhook."""
        return dict(self.received[index].form())

    def statuses(self) -> list[str]:
        """The status words reported so far, in the order in which they came."""
        forms = [dict(request.form()) for request in self.received]
        return [form["MessageStatus"] for form in forms if "MessageStatus" in form]

    def events(self) -> list[Event]:
        """What our adapter makes of every webhook, each with a valid signature."""
        adapter = TwilioSms({"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": NUMBER})
        for request in self.received:
            adapter.verify(request)
        return [event for request in self.received for event in adapter.parse(request)]


@dataclass
class Stand:
    """The simulator, a client of it, and the door."""

    base: str
    http: aiohttp.ClientSession
    door: Door

    async def get(self, path: str, **options: Any) -> Any:
        """The JSON of a page that answers 200."""
        async with self.http.get(self.base + path, **options) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def post(self, path: str, body: Any, status: int = 200) -> Any:
        """The JSON answered to a JSON body."""
        async with self.http.post(self.base + path, json=body) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def twilio(
        self,
        path: str,
        form: dict[str, str] | None = None,
        *,
        params: dict[str, str] | None = None,
        account: str = ACCOUNT,
        token: str = TOKEN,
    ) -> tuple[int, Any, dict[str, str]]:
        """A call of Twilio's API: status, JSON and headers."""
        headers = {"Authorization": aiohttp.encode_basic_auth(account, token)} if token else {}
        url = f"{self.base}/twilio/2010-04-01/Accounts/{account}{path}"
        call = self.http.post(url, data=form, headers=headers) if form is not None else None
        async with call or self.http.get(url, params=params, headers=headers) as response:
            return response.status, await response.json(), dict(response.headers)

    async def send(self, text: str = "Hello", **fields: str) -> dict[str, Any]:
        """Send a message that is accepted."""
        form = {"To": CUSTOMER, "From": NUMBER, "Body": text} | fields
        form = {name: value for name, value in form.items() if value}
        status, answer, _headers = await self.twilio("/Messages.json", form)
        assert status == 201, answer
        found: dict[str, Any] = answer
        return found

    @property
    def status_url(self) -> str:
        """A callback URL like the product's."""
        return f"{self.door.base}/webhooks/x/?delivery=0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"


async def until(true: Callable[[], Any]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.01)


def line(base: str, **fields: Any) -> Line:
    """A business number whose webhooks go to ``base``."""
    values = {
        "channel": "9b2f7c1e-1111-4222-8333-444455556666",
        "name": "Support",
        "provider": "twilio",
        "address": NUMBER,
        "service": "",
        "account": ACCOUNT,
        "token": TOKEN,
        "tokens": frozenset({TOKEN, SECONDARY}),
        "webhook_url": f"{base}/webhooks/9b2f7c1e-1111-4222-8333-444455556666/",
    }
    return Line(**(values | fields))


@pytest.fixture
async def stand(settings: Any) -> AsyncIterator[Stand]:
    """A simulator with a number and a Messaging Service of one account."""
    settings.DEBUG = True
    door = Door()
    sink = web.Application()
    sink.router.add_route("*", "/{path:.*}", door.take)
    async with TestServer(sink) as product:
        door.base = str(product.make_url("")).rstrip("/")
        service = {"channel": "c2", "name": "Marketing", "address": "+15551980309"}
        lines = [line(door.base), line(door.base, service=SERVICE, **service)]
        async with (
            TestServer(build(Lines(lambda: lines))) as server,
            aiohttp.ClientSession() as http,
        ):
            yield Stand(str(server.make_url("")).rstrip("/"), http, door)
