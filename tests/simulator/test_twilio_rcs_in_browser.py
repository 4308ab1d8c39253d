"""Twilio's RCS on the phone page in Chromium: a carousel and chips, tapped, and SMS beside it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import async_playwright, expect

from gateway.content.model import Card, Content, Media, OpenUrl, Reply
from gateway.events import InboundMessage
from tests.simulator.conftest import until
from tests.simulator.test_phones_in_browser import ARGUMENTS, CHROMIUM, Screen, on
from tests.simulator.test_twilio_rcs import message
from tests.simulator.twilio_rcs import CUSTOMER, TwilioStand, twilio

__all__ = ["twilio"]
pytestmark = pytest.mark.browser


@pytest.fixture
async def screen(twilio: TwilioStand) -> AsyncIterator[Screen]:
    await twilio.phone()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        screen = Screen(chromium, twilio.base)
        yield screen
        await chromium.close()
    assert screen.complaints == []


def shop(stand: TwilioStand) -> Content:
    picture = Media(f"{stand.base}/static/simulator/phone.svg", "image/png", "shoe.svg")

    def one(name: str, payload: str) -> Card:
        buttons = (Reply(f"Buy {name}", payload), OpenUrl("More", f"{stand.base}/?lang=en"))
        return Card(f"{name} shoe", "Light, dry and quick.", picture, buttons)

    return Content(cards=(one("Trail", "buy:1"), one("City", "buy:2")))


async def said(stand: TwilioStand, count: int) -> list[InboundMessage]:
    def found() -> list[InboundMessage]:
        return [event for event in stand.events() if isinstance(event, InboundMessage)]

    await until(lambda: len(found()) >= count)
    return found()


async def test_a_carousel_is_seen_read_and_answered(twilio: TwilioStand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await twilio.send(message(twilio, shop(twilio)))
    await expect(on(page, CUSTOMER, "card-0")).to_contain_text("Trail shoe")
    await until(lambda: twilio.words() == ["sent", "delivered", "read"])
    assert await on(page, CUSTOMER, "bubble-in").get_attribute("data-by") == "rcs"
    await on(page, CUSTOMER, "chip-buy-city").click()
    await expect(on(page, CUSTOMER, "bubble-out")).to_contain_text("Buy City")
    [answer] = await said(twilio, 1)
    assert (answer.text, answer.payload) == ("Buy City", "buy:2")


async def test_chips_below_a_text_are_answered(twilio: TwilioStand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    chips = (Reply("Yes, please", "friday:yes"), Reply("Another day", "friday:no"))
    await twilio.send(message(twilio, Content(text="On Friday?", suggestions=chips)))
    await on(page, CUSTOMER, "chip-another-day").click()
    [answer] = await said(twilio, 1)
    assert (answer.text, answer.payload) == ("Another day", "friday:no")
    await expect(on(page, CUSTOMER, "chip-yes-please")).to_have_count(0)


async def test_what_a_service_sends_by_sms_is_marked_so(
    twilio: TwilioStand, screen: Screen
) -> None:
    page = await screen.open(CUSTOMER)
    await twilio.phone(rcs=False)
    await twilio.send(message(twilio, shop(twilio)), twilio.service)
    bubble = on(page, CUSTOMER, "bubble-in")
    await expect(bubble).to_contain_text("2. Buy City")
    assert await bubble.get_attribute("data-by") == "sms"
