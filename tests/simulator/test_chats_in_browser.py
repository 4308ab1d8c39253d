"""Telegram and Viber on the phone page in Chromium: buttons, lists, cards, places, files."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright, expect

from channels_social.telegram import Telegram
from channels_social.viber import Viber
from gateway.content.model import (
    AskLocation,
    Card,
    Content,
    Location,
    Media,
    Menu,
    OpenUrl,
    Reply,
    Row,
)
from gateway.events import InboundMessage
from tests.payloads.telegram import exhibit as telegram
from tests.payloads.viber import exhibit as viber
from tests.simulator.bots import NUMBER, ChatStand, chats
from tests.simulator.conftest import until
from tests.simulator.test_phones_in_browser import ARGUMENTS, CHROMIUM, Screen, on

pytestmark = pytest.mark.browser


@asynccontextmanager
async def shown(stand: ChatStand) -> AsyncIterator[Any]:
    """The customer's phone on a page."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        screen = Screen(chromium, stand.base)
        page = await screen.open(NUMBER)
        yield page
        if os.environ.get("SHOTS"):
            folder = Path(os.environ["SHOTS"])
            await page.screenshot(path=str(folder / f"{stand.adapter.kind}.png"))
        await chromium.close()
    assert screen.complaints == []


async def messages(stand: ChatStand, count: int) -> list[InboundMessage]:
    """What the business got, once it is so many messages."""

    def found() -> list[InboundMessage]:
        return [event for event in stand.events() if isinstance(event, InboundMessage)]

    await until(lambda: len(found()) >= count)
    return found()


def picture(stand: ChatStand) -> Media:
    return Media(f"{stand.base}/static/simulator/phone.svg", "image/png", "shoe.png")


async def test_telegram(settings: Any) -> None:
    tokens = {"token": telegram.SECRET, "tokens": frozenset({telegram.TOKEN})}
    async with (
        chats(settings, Telegram, telegram.config(), **tokens) as stand,
        shown(stand) as page,
    ):
        await stand.send(Content("Look", media=(picture(stand),)))
        rows = (Row("Sea", "room:sea", "With a balcony"), Row("Garden", "g" * 70))
        await stand.send(Content("Which room?", menu=Menu("Rooms", rows)))
        await expect(on(page, NUMBER, "bubble-in").last).to_contain_text("With a balcony")
        await on(page, NUMBER, "chip-sea").click()
        await expect(on(page, NUMBER, "bubble-out")).to_contain_text("Sea")
        [sea] = await messages(stand, 1)
        assert (sea.text, sea.payload) == ("Sea", "room:sea")
        await stand.send(
            Content("Where are you?", suggestions=(AskLocation("Send it"), Reply("Not now", "no")))
        )
        await on(page, NUMBER, "chip-send-it").click()
        place = (await messages(stand, 2))[1]
        assert place.location == Location(40.416775, -3.70379)
        await on(page, NUMBER, "phone-input").fill("I am at the square.")
        await on(page, NUMBER, "phone-send").click()
        assert (await messages(stand, 3))[2].text == "I am at the square."


async def test_viber(settings: Any) -> None:
    about = {"token": viber.TOKEN, "tokens": frozenset({viber.TOKEN})}
    async with chats(settings, Viber, viber.config(), **about) as stand, shown(stand) as page:
        opens = OpenUrl("See more", f"{stand.base}/?lang=en")
        cards = (
            Card("Trail shoe", "Light & dry.", picture(stand), (Reply("Buy it"), opens)),
            Card("City shoe", "For every day.", picture(stand), (Reply("Buy it"),)),
        )
        await stand.send(Content(cards=cards))
        await expect(on(page, NUMBER, "card-0")).to_contain_text("Light & dry.")
        await expect(on(page, NUMBER, "card-1")).to_contain_text("City shoe")
        second = on(page, NUMBER, "card-1").get_by_test_id("chip-buy-it")
        await second.click()
        [bought] = await messages(stand, 1)
        assert (bought.text, bought.payload) == ("Buy it – City shoe", None)
        await stand.send(Content("Deliver it?", suggestions=(Reply("Yes"), AskLocation("Here"))))
        await on(page, NUMBER, "chip-here").click()
        assert (await messages(stand, 2))[1].location is not None
        await on(page, NUMBER, "phone-attach-input").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n"}
        )
        [file] = (await messages(stand, 3))[2].attachments
        assert file.content_type == "image/jpeg"
