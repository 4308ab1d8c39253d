"""RCS on the phone page in Chromium: cards, chips, places, typing, reading, and SMS beside it."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import async_playwright, expect

from gateway.content.model import (
    AskLocation,
    Calendar,
    Card,
    Content,
    Dial,
    Location,
    Media,
    OpenUrl,
    Reply,
)
from gateway.events import InboundMessage, Typing
from tests.simulator.conftest import ACCOUNT, NUMBER, TOKEN, until
from tests.simulator.rcs import CUSTOMER, RcsStand, rcs
from tests.simulator.test_phones_in_browser import ARGUMENTS, CHROMIUM, Screen, on
from tests.simulator.test_rcs import message

__all__ = ["rcs"]
pytestmark = pytest.mark.browser


@pytest.fixture
async def screen(rcs: RcsStand) -> AsyncIterator[Screen]:
    await rcs.phone()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        screen = Screen(chromium, rcs.base)
        yield screen
        await chromium.close()
    assert screen.complaints == []


def picture(rcs: RcsStand) -> Media:
    return Media(f"{rcs.base}/static/simulator/phone.svg", "image/png", "shoe.svg")


def shop(rcs: RcsStand) -> Content:
    buttons = (Reply("Buy it", "buy:1"), OpenUrl("See more", f"{rcs.base}/?lang=en"))
    return Content(
        cards=(
            Card("Trail shoe", "Light, dry and quick.", picture(rcs), buttons),
            Card("City shoe", "For every day.", picture(rcs), (Reply("Buy that", "buy:2"),)),
            Card("Sandal", "For the sea.", picture(rcs)),
        )
    )


def chips() -> Content:
    at = datetime(2026, 11, 1, 9, tzinfo=UTC)
    return Content(
        text="Shall we deliver it on Friday?",
        suggestions=(
            Reply("Yes, please", "friday:yes"),
            Reply("Another day", "friday:no"),
            Dial("Call us", "+14155550100"),
            AskLocation("Send my location"),
            Calendar("Add to calendar", "Delivery", at, at),
        ),
    )


async def said(rcs: RcsStand, count: int) -> list[InboundMessage]:
    def found() -> list[InboundMessage]:
        return [event for event in rcs.events() if isinstance(event, InboundMessage)]

    await until(lambda: len(found()) >= count)
    return found()


async def test_a_carousel_is_seen_read_and_answered(rcs: RcsStand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await rcs.send(message(shop(rcs)))
    await expect(on(page, CUSTOMER, "card-0")).to_contain_text("Trail shoe")
    await expect(on(page, CUSTOMER, "card-2")).to_contain_text("For the sea.")
    await until(lambda: rcs.words() == ["DELIVERED", "READ"])
    await on(page, CUSTOMER, "chip-buy-it").click()
    await expect(on(page, CUSTOMER, "bubble-out")).to_contain_text("Buy it")
    [answer] = await said(rcs, 1)
    assert (answer.text, answer.payload) == ("Buy it", "buy:1")


async def test_chips_do_what_they_say(rcs: RcsStand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await rcs.send(message(chips()))
    call = on(page, CUSTOMER, "chip-call-us")
    assert await call.get_attribute("href") == "tel:+14155550100"
    await on(page, CUSTOMER, "chip-add-to-calendar").click()
    [noted] = await said(rcs, 1)
    assert (noted.text, noted.payload) == ("Add to calendar", "Add to calendar")
    await expect(on(page, CUSTOMER, "bubble-out")).to_have_count(0)
    await on(page, CUSTOMER, "chip-send-my-location").click()
    place = (await said(rcs, 2))[1]
    assert place.location == Location(40.416775, -3.70379)
    await expect(on(page, CUSTOMER, "bubble-out")).to_contain_text("40.41")
    await expect(on(page, CUSTOMER, "chip-yes-please")).to_have_count(0)


async def test_typing_is_told_both_ways(rcs: RcsStand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await rcs.send(message("Hello"))
    await expect(on(page, CUSTOMER, "bubble-in")).to_contain_text("Hello")
    await on(page, CUSTOMER, "phone-input").press_sequentially("Hi")
    await until(lambda: Typing(CUSTOMER) in rcs.events())


async def test_sms_and_rcs_stand_in_one_thread(rcs: RcsStand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await rcs.send(message("By RCS"))
    await expect(on(page, CUSTOMER, "bubble-in")).to_contain_text("By RCS")
    form = {"To": CUSTOMER, "From": NUMBER, "Body": "By SMS"}
    url = f"{rcs.base}/twilio/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    headers = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}
    async with rcs.http.post(url, data=form, headers=headers) as response:
        assert response.status == 201
    bubbles = on(page, CUSTOMER, "bubble-in")
    await expect(bubbles).to_have_count(2)
    await expect(bubbles.nth(0)).to_have_attribute("data-by", "rcs")
    await expect(bubbles.nth(1)).to_have_attribute("data-by", "sms")
    await expect(bubbles.nth(1)).to_contain_text("SMS")


async def test_a_phone_without_rcs_gets_none(rcs: RcsStand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await rcs.send(message("First"))
    await expect(on(page, CUSTOMER, "bubble-in")).to_have_count(1)
    await page.locator(".ability").click()
    await expect(on(page, CUSTOMER, "phone-rcs")).not_to_be_checked()
    await on(page, CUSTOMER, "phone-input").fill("Hi")
    await expect(on(page, CUSTOMER, "phone-send")).to_be_disabled()
    phones = (await rcs.get("/phones"))["phones"]
    assert [phone["rcs"] for phone in phones if phone["number"] == CUSTOMER] == [False]


@pytest.mark.parametrize("width", [320, 390, 1024])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_fits_every_screen(rcs: RcsStand, screen: Screen, width: int, scheme: Any) -> None:
    for content in (shop(rcs), Content(media=(picture(rcs),)), chips()):
        await rcs.send(message(content))
    await until(lambda: rcs.words().count("DELIVERED") == 3)
    page = await screen.open(
        CUSTOMER,
        viewport={"width": width, "height": 760},
        color_scheme=scheme,
        locale="es" if scheme == "dark" else "en",
    )
    await expect(on(page, CUSTOMER, "chip-yes-please")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if folder := os.environ.get("SCREENSHOTS"):
        await asyncio.sleep(0.4)
        await page.screenshot(path=Path(folder) / f"rcs-{width}-{scheme}.png")
        await page.locator(".thread").evaluate("one => one.scrollTop = 0")
        await page.screenshot(path=Path(folder) / f"rcs-{width}-{scheme}-top.png")
