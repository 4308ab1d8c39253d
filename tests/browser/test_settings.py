"""An admin adds a number: credentials checked, a test sent, a first message received."""

import json
import re
import urllib.request
from collections.abc import Callable

from playwright.sync_api import Page, expect

from benches.stack import Stack

Login = Callable[..., Page]


def write(stack: Stack, to: str, text: str) -> None:
    """A customer's phone sends a text."""
    message = {"provider": "twilio", "channel_address": to, "from": "+447700900555", "text": text}
    request = urllib.request.Request(
        f"{stack.simulator}/inbound",
        json.dumps(message).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()


def test_adding_a_number_ends_with_a_message_both_ways(stack: Stack, login: Login) -> None:
    page = login("admin")
    page.goto(f"{stack.url}/settings/channels/")
    page.get_by_role("link", name="Add channel").click()
    page.get_by_role("link", name="Twilio SMS").click()
    page.get_by_label("Name").fill("Second number")
    page.get_by_label("Account SID").fill("AC" + "5" * 32)
    page.get_by_label("Auth token", exact=True).fill("ab" * 16)
    page.get_by_label("Phone number").fill("+1 415 555 0166")
    page.get_by_role("button", name="Check and save").click()

    page.wait_for_url(re.compile("/connect/$"))
    channel = page.url.split("/")[-3]
    expect(page.locator(".code code")).to_contain_text(f"/webhooks/{channel}/")
    page.get_by_role("textbox", name="To").fill("nobody")
    page.get_by_role("button", name="Send test").click()
    expect(page.locator(".field-error")).to_contain_text("is not a phone number")
    page.get_by_role("textbox", name="To").fill("+447700900555")
    page.get_by_role("button", name="Send test").click()
    expect(page.locator("[data-state=delivered]")).to_be_visible()

    expect(page.get_by_text("Waiting for a first message")).to_be_visible()
    write(stack, "+14155550166", "Is this the new number?")
    expect(page.get_by_test_id("inbound-arrived")).to_be_visible()
    page.get_by_role("link", name="Done").click()
    expect(page.locator(".page-header")).to_contain_text("Working")


def test_filters_of_the_log_apply_at_once(stack: Stack, login: Login) -> None:
    page = login("admin")
    page.goto(f"{stack.url}/settings/log/")
    page.get_by_label("Result").select_option("failed")
    page.wait_for_url(re.compile(r"/settings/log/\?result=failed$"))
    expect(page.locator(".badge-success")).to_have_count(0)
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url(re.compile(r"/settings/log/$"))
