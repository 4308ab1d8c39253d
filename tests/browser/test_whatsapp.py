"""An admin adds a WhatsApp number; a customer writes, taps, and is answered."""

import json
import os
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from benches.stack import Stack
from tests.browser.conftest import Login

NUMBER, CUSTOMER = "+14155550188", "+447700900777"


def write(stack: Stack, text: str, **more: Any) -> None:
    """A customer writes by WhatsApp."""
    message = {"provider": "whatsapp", "channel_address": NUMBER, "from": CUSTOMER, "text": text}
    request = urllib.request.Request(
        f"{stack.simulator}/inbound",
        json.dumps(message | more).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()


def look(page: Page, name: str) -> None:
    """Keep what it looks like, if somebody asks; nothing may be wider than the screen."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"whatsapp-{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_adding_a_number_ends_with_a_message_both_ways(stack: Stack, login: Login) -> None:
    page = login("admin")
    page.goto(f"{stack.url}/settings/channels/new/whatsapp/")
    look(page, "form")
    page.get_by_label("Name").fill("WhatsApp")
    page.get_by_label("Phone number", exact=True).fill("+1 415 555 0188")
    page.get_by_label("Phone number ID").fill("14155550189")
    page.get_by_label("WhatsApp Business account ID").fill("102290129340398")
    page.get_by_label("Access token").fill("EAAJBtoken")
    page.get_by_label("App secret").fill("6f1c9b2a7d3e4f50a1b2c3d4e5f60718")
    page.get_by_role("button", name="Check and save").click()
    expect(page.locator("main")).to_contain_text("This phone number ID belongs to +14155550189")
    page.get_by_label("Phone number ID").fill("14155550188")
    page.get_by_label("Access token").fill("EAAJBtoken")
    page.get_by_label("App secret").fill("6f1c9b2a7d3e4f50a1b2c3d4e5f60718")
    page.get_by_role("button", name="Check and save").click()

    page.wait_for_url(re.compile("/connect/$"))
    steps = page.locator(".setup-steps")
    token = steps.locator("code").inner_text()
    assert re.fullmatch(r"[\w-]{43}", token)
    look(page, "connect")
    channel = page.url.split("/")[-3]
    query = f"hub.mode=subscribe&hub.challenge=4711&hub.verify_token={token}"
    with urllib.request.urlopen(f"{stack.url}/webhooks/{channel}/?{query}", timeout=10) as said:
        assert said.read() == b"4711"

    write(stack, "Is this WhatsApp?")
    expect(page.get_by_test_id("inbound-arrived")).to_be_visible()
    page.get_by_role("textbox", name="To").fill(CUSTOMER)
    page.get_by_role("button", name="Send test").click()
    expect(page.locator("[data-state=delivered]")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    expect(page.locator(".page-header")).to_contain_text("Working")
    look(page, "channel")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1440, "dark")])
def test_the_form_fits_every_screen(stack: Stack, login: Login, width: int, scheme: Any) -> None:
    page = login(
        "admin", viewport={"width": width, "height": 800}, color_scheme=scheme, locale="es"
    )
    page.goto(f"{stack.url}/settings/channels/new/whatsapp/")
    expect(page.locator("input[name$=phone_number_id]")).to_be_visible()
    look(page, f"form-{width}-{scheme}")
