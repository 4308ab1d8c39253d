"""LINE and WeChat on the phone page, in Chromium: writing, cards, taps, typing, small screens."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import async_playwright, expect

from channels_social.line import Line as LineAdapter
from channels_social.wechat import WeChat
from gateway.content.adapting import adapt
from gateway.content.model import Card, Content, Media, OpenUrl, Reply
from gateway.content.reading import write
from gateway.contract import Adapter, Signal
from gateway.events import InboundMessage, OutboundMessage
from gateway.transport import drive, new_session
from simulator.identities import identity
from simulator.lines import Lines
from simulator.server import build
from tests.payloads.line.exhibit import CONFIG as LINE
from tests.payloads.wechat.exhibit import CONFIG as WECHAT
from tests.simulator.conftest import CUSTOMER, Door, line, until
from tests.simulator.test_phones_in_browser import ARGUMENTS, CHROMIUM, Screen, on

pytestmark = pytest.mark.browser


@dataclass
class Chat:
    """One app: the product's adapter, the simulator, and where webhooks go."""

    adapter: Adapter
    base: str
    door: Door
    session: Any

    @property
    def person(self) -> str:
        return identity(self.adapter.provider, CUSTOMER)

    async def send(self, content: Content) -> None:
        """Send content as the channel shows it."""
        for part in adapt(content, self.adapter.shows(self.person)).parts:
            uid = str(uuid.uuid4())
            message = OutboundMessage(
                uid, self.person, part.text, f"{self.base}/", write(part), part.media
            )
            await drive(self.session, self.adapter.send(message), [])

    async def said(self, count: int) -> list[InboundMessage]:
        """What came in so far, each signed; at least so many."""
        await until(lambda: len(self.door.received) >= count)
        for request in self.door.received:
            self.adapter.verify(request)
        found = [event for one in self.door.received for event in self.adapter.parse(one)]
        return [event for event in found if isinstance(event, InboundMessage)]


@pytest.fixture(params=["line", "wechat"])
async def chat(request: pytest.FixtureRequest, settings: Any) -> AsyncIterator[Chat]:
    """A simulator with one account."""
    settings.DEBUG = True
    door, sink = Door(), web.Application()
    sink.router.add_route("*", "/{path:.*}", door.take)
    async with TestServer(sink) as product:
        door.base = str(product.make_url("")).rstrip("/")
        cls, config = (LineAdapter, LINE) if request.param == "line" else (WeChat, WECHAT)
        account = {
            "name": "Shop",
            "provider": request.param,
            "address": cls.channel_address(config),
            "account": config.get("app_id", ""),
            "token": config.get("channel_secret") or config["token"],
            "tokens": frozenset({config.get("access_token") or config["app_secret"]}),
            "key": config.get("aes_key", ""),
        }
        lines = [line(door.base, **account)]
        async with TestServer(build(Lines(lambda: lines))) as server:
            base = str(server.make_url("")).rstrip("/")
            settings.SIMULATOR_URL = base
            async with new_session() as session:
                yield Chat(cls(config, base_url=f"{base}/{request.param}"), base, door, session)


@pytest.fixture
async def screen(chat: Chat) -> AsyncIterator[Screen]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        screen = Screen(chromium, chat.base)
        yield screen
        await chromium.close()
    assert screen.complaints == []


async def test_writes_taps_and_is_shown_cards(chat: Chat, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await on(page, CUSTOMER, "phone-input").fill("Hi! 你好 <b>1 < 2</b>")
    await on(page, CUSTOMER, "phone-send").click()
    await expect(on(page, CUSTOMER, "bubble-out")).to_have_attribute("data-status", "received")
    [first] = await chat.said(1)
    assert (first.sender, first.text) == (chat.person, "Hi! 你好 <b>1 < 2</b>")

    picture = Media(f"{chat.base}/static/simulator/phone.svg", "image/png", "shoe.png")
    card = Card("Trail shoe", "Light, dry.", picture, (OpenUrl("More", f"{chat.base}/?lang=en"),))
    await chat.send(Content(cards=(card,)))
    await expect(on(page, CUSTOMER, "card-0")).to_contain_text("Trail shoe")
    await chat.send(Content("Well?", suggestions=(Reply("Yes, please", "buy:1"),)))
    await drive(
        chat.session, chat.adapter.signal(Signal.TYPING, chat.person, uid=str(uuid.uuid4())), []
    )
    await expect(on(page, CUSTOMER, "typing")).to_be_visible()
    await on(page, CUSTOMER, "chip-yes-please").click()
    tapped = (await chat.said(2))[-1]
    assert (tapped.text, tapped.payload) == ("Yes, please", "buy:1")
    await expect(on(page, CUSTOMER, "bubble-out")).to_have_count(2)


@pytest.mark.parametrize("width", [390, 1440])
async def test_fits_every_screen(chat: Chat, screen: Screen, width: int) -> None:
    scheme: Any = "dark" if width == 390 else "light"
    page = await screen.open(
        CUSTOMER,
        viewport={"width": width, "height": 760},
        color_scheme=scheme,
        locale="es" if width == 390 else "en",
    )
    await on(page, CUSTOMER, "phone-input").fill("x" * 300)
    await on(page, CUSTOMER, "phone-send").click()
    await chat.said(1)
    await chat.send(Content("Well? " * 30, suggestions=(Reply("Yes, please", "buy:1"),)))
    await expect(on(page, CUSTOMER, "chip-yes-please")).to_be_in_viewport()
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
