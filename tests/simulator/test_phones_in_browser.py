"""The phone page in Chromium: writing, receiving, going offline, small screens."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from tests.simulator.conftest import CUSTOMER, SERVICE, Stand

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
OTHER = "+447700900101"
pytestmark = pytest.mark.browser


@dataclass
class Screen:
    """A browser on the simulator; what its console complains about fails the test."""

    browser: Browser
    base: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, *numbers: str, **options: Any) -> Page:
        """The page with these phones."""
        page = await self.browser.new_page(**options)
        page.on("console", self.listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        query = "&".join(f"phone={number.replace('+', '%2B')}" for number in numbers)
        await page.goto(f"{self.base}/?{query}")
        await expect(page.locator(".stage:not([aria-busy])")).to_be_visible()
        return page

    def listen(self, message: ConsoleMessage) -> None:
        """Keep errors and warnings."""
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@pytest.fixture
async def screen(stand: Stand) -> AsyncIterator[Screen]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        screen = Screen(chromium, stand.base)
        yield screen
        await chromium.close()
    assert screen.complaints == []


def on(page: Page, number: str, testid: str) -> Any:
    """Something on one of the phones."""
    return page.get_by_test_id(f"phone-{number[1:]}").get_by_test_id(testid)


async def test_writes_and_receives_without_a_reload(stand: Stand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER, OTHER)
    await on(page, CUSTOMER, "phone-input").fill("Hi! <b>1 < 2</b>")
    await on(page, CUSTOMER, "phone-send").click()
    mine = on(page, CUSTOMER, "bubble-out")
    await expect(mine).to_have_attribute("data-status", "received")
    await expect(mine).to_contain_text("Hi! <b>1 < 2</b>")
    await expect(on(page, CUSTOMER, "phone-input")).to_have_value("")
    assert stand.door.form()["Body"] == "Hi! <b>1 < 2</b>"

    await stand.send("Here: https://example.org/?a=1&b=<i>.")
    theirs = on(page, CUSTOMER, "bubble-in")
    await expect(theirs).to_contain_text("Here: https://example.org/?a=1&b=<i>.")
    assert await theirs.locator("a").get_attribute("href") == "https://example.org/?a=1&b="
    await expect(on(page, OTHER, "bubble-in")).to_have_count(0)
    await page.reload()
    await expect(on(page, CUSTOMER, "bubble-in")).to_have_count(1)
    await expect(on(page, CUSTOMER, "bubble-out")).to_have_count(1)


async def test_a_message_from_another_number_comes_to_the_front(
    stand: Stand, screen: Screen
) -> None:
    page = await screen.open(CUSTOMER)
    await stand.send("From the service", From="", MessagingServiceSid=SERVICE)
    await expect(on(page, CUSTOMER, "bubble-in")).to_contain_text("From the service")
    await expect(page.locator(".line-address")).to_have_text("+15551980309")


async def test_offline_and_online_again(stand: Stand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await page.locator(".switch").click()
    await expect(page.locator(".phone.is-offline")).to_be_visible()
    await stand.send("Later")
    await page.wait_for_timeout(500)
    await expect(on(page, CUSTOMER, "bubble-in")).to_have_count(0)
    await on(page, CUSTOMER, "phone-input").fill("x")
    await expect(on(page, CUSTOMER, "phone-send")).to_be_disabled()
    await page.locator(".switch").click()
    await expect(on(page, CUSTOMER, "bubble-in")).to_contain_text("Later")


async def test_stop_is_one_click(stand: Stand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await on(page, CUSTOMER, "quick-stop").click()
    await expect(on(page, CUSTOMER, "bubble-out")).to_contain_text("STOP")
    await expect(on(page, CUSTOMER, "bubble-in")).to_contain_text("unsubscribed")
    assert stand.door.form()["OptOutType"] == "STOP"


async def test_adds_a_phone(stand: Stand, screen: Screen) -> None:
    page = await screen.open(CUSTOMER)
    await page.get_by_test_id("add-number").fill("12")
    await page.get_by_test_id("add-phone").click()
    await expect(page.locator("#add-error")).to_be_visible()
    await page.get_by_test_id("add-number").fill("+34 600 999 888")
    await page.get_by_test_id("add-phone").click()
    await expect(page.get_by_test_id("phone-34600999888")).to_be_visible()
    assert "34600999888" in page.url


@pytest.mark.parametrize("width", [320, 390, 1024, 1440])
async def test_fits_every_screen(stand: Stand, screen: Screen, width: int) -> None:
    await stand.post("/phones", {"number": CUSTOMER, "name": "N" * 100})
    await stand.send("w" * 400)
    page = await screen.open(CUSTOMER, viewport={"width": width, "height": 720})
    await expect(on(page, CUSTOMER, "bubble-in")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await expect(on(page, CUSTOMER, "phone-send")).to_be_in_viewport()
