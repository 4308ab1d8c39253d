"""An e-mail channel from its form to an answered mail."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from benches.stack import Stack
from tests.browser.conftest import Login

# Where to leave pictures of the pages, for whoever wants to look at them.
PICTURES = os.environ.get("PICTURES", "")


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def no_wider_than_the_screen(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_mailbox_is_added_and_a_mail_is_answered(
    stack: Stack, login: Login, phone: Callable[[str], Page]
) -> None:
    page = login("admin")
    page.goto(f"{stack.url}/settings/channels/")
    page.get_by_role("link", name="Add channel").click()
    page.get_by_role("link", name="E-mail", exact=False).first.click()
    page.get_by_label("Name", exact=True).fill("Support mail")
    page.locator("[name$='from_address']").fill("help@example.com")
    page.get_by_label("SMTP server").fill("smtp.example.com")
    page.get_by_label("IMAP server").fill("imap.example.com")
    for name in ("smtp_user", "imap_user"):
        page.locator(f"[name$='{name}']").fill("help@example.com")
    for name in ("smtp_password", "imap_password"):
        page.locator(f"[name$='{name}']").fill("pass-word")
    picture(page, "form")
    page.set_viewport_size({"width": 390, "height": 844})
    no_wider_than_the_screen(page)
    picture(page, "form-phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator("[name$='imap_password']").fill("wrong")
    page.get_by_role("button", name="Check and save").click()
    expect(page.get_by_text("Invalid authentication credentials")).to_be_visible()
    picture(page, "refused")
    for name in ("smtp_password", "imap_password"):
        page.locator(f"[name$='{name}']").fill("pass-word")
    page.get_by_role("button", name="Check and save").click()
    page.wait_for_url(re.compile("/connect/$"))
    picture(page, "connect")
    channel = page.url.split("/")[-3]

    customer = phone("+14155550111")
    customer.locator("select").first.select_option(label="Support mail")
    customer.get_by_test_id("phone-input").fill("Where is my order?")
    customer.get_by_test_id("phone-send").click()
    expect(customer.get_by_test_id("bubble-out").last).to_contain_text("Where is my order?")
    picture(customer, "phone")
    assert channel
