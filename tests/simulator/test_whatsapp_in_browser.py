"""WhatsApp on the phone page in Chromium: cards, lists, buttons, files, places, small screens."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright, expect

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
from tests.simulator.conftest import until
from tests.simulator.test_phones_in_browser import ARGUMENTS, CHROMIUM, Screen, on
from tests.simulator.whatsapp import CUSTOMER, WhatsAppStand, whatsapp

__all__ = ["whatsapp"]  # a fixture
pytestmark = pytest.mark.browser


@pytest.fixture
async def screen(whatsapp: WhatsAppStand) -> AsyncIterator[Screen]:
    await whatsapp.write("Hello")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        screen = Screen(chromium, whatsapp.base)
        yield screen
        await chromium.close()
    assert screen.complaints == []


def picture(stand: WhatsAppStand) -> Media:
    return Media(f"{stand.base}/static/simulator/phone.svg", "image/png", "shoe.png")


def carousel(stand: WhatsAppStand) -> Content:
    return Content(
        cards=tuple(
            Card(title, "Light and dry.", picture(stand), (Reply("Buy it", title.lower()),))
            for title in ("Trail", "City", "Sandal")
        )
    )


MENU = Content(
    "Which room do you like?",
    menu=Menu("Rooms", (Row("Sea view", "sea", "With a balcony"), Row("Garden", "garden"))),
)


def answers(stand: WhatsAppStand) -> list[InboundMessage]:
    """What the customer has said since the first word."""
    return [event for event in stand.events() if isinstance(event, InboundMessage)][1:]


async def test_what_can_be_tapped_is_answered(whatsapp: WhatsAppStand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await whatsapp.send(Content("Well?", suggestions=(Reply("Yes, please", "y"), Reply("No", "n"))))
    await on(page, CUSTOMER, "chip-yes-please").click()
    await until(lambda: len(answers(whatsapp)) == 1)
    await whatsapp.send(MENU)
    await on(page, CUSTOMER, "chip-sea-view").click()
    await until(lambda: len(answers(whatsapp)) == 2)
    await whatsapp.send(carousel(whatsapp))
    await on(page, CUSTOMER, "card-1").get_by_test_id("chip-buy-it").click()
    await until(lambda: len(answers(whatsapp)) == 3)
    assert [(one.text, one.payload) for one in answers(whatsapp)] == [
        ("Yes, please", "y"),
        ("Sea view", "sea"),
        ("Buy it", "city"),
    ]
    assert all(one.reply_to for one in answers(whatsapp))
    await until(lambda: whatsapp.words().count("read") == 3)


async def test_the_place_and_a_link(whatsapp: WhatsAppStand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await whatsapp.send(Content("Where?", suggestions=(AskLocation("Here"),)))
    await on(page, CUSTOMER, "card-0").get_by_role("button").click()
    await until(lambda: len(answers(whatsapp)) == 1)
    assert answers(whatsapp)[0].location == Location(40.416775, -3.70379)
    await whatsapp.send(Content("Shop", suggestions=(OpenUrl("Open", f"{whatsapp.base}/"),)))
    async with page.expect_popup():
        await on(page, CUSTOMER, "chip-open").click()
    await expect(on(page, CUSTOMER, "bubble-out")).to_have_count(2)
    assert len(answers(whatsapp)) == 1


async def test_text_and_a_file_are_written(whatsapp: WhatsAppStand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await on(page, CUSTOMER, "phone-input").fill("The box")
    file = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"Hello"}
    await on(page, CUSTOMER, "phone-attach-input").set_input_files(file)
    await until(lambda: len(answers(whatsapp)) == 1)
    [said] = answers(whatsapp)
    assert (said.text, said.attachments[0].content_type) == ("The box", "text/plain")
    await expect(on(page, CUSTOMER, "bubble-out").last).to_have_attribute("data-status", "received")


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (390, "light"), (1440, "dark")])
async def test_fits_every_screen(
    whatsapp: WhatsAppStand, screen: Screen, width: int, scheme: Any
) -> None:
    contents = (
        carousel(whatsapp),
        Content("A picture", (picture(whatsapp),)),
        MENU,
        Content("Shall we deliver it?", suggestions=(Reply("Yes"), Reply("No"))),
    )
    for content in contents:
        await whatsapp.send(content)
    await until(lambda: whatsapp.words().count("delivered") == len(contents))
    page = await screen.open(
        CUSTOMER,
        viewport={"width": width, "height": 760},
        color_scheme=scheme,
        locale="es" if scheme == "dark" else "en",
    )
    await expect(on(page, CUSTOMER, "chip-yes")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if folder := os.environ.get("SCREENSHOTS"):
        await asyncio.sleep(0.4)
        await page.screenshot(path=Path(folder) / f"whatsapp-{width}-{scheme}.png")
        await page.locator(".thread").evaluate("one => one.scrollTop = 0")
        await page.screenshot(path=Path(folder) / f"whatsapp-{width}-{scheme}-top.png")
