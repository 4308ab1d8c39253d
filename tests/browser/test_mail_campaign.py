"""A campaign by mail in a browser: written, looked at, sent, and its reader unsubscribes."""

import json
import re
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from benches.api import Api
from benches.stack import Stack
from tests.browser.conftest import Login
from tests.processes import until

READER = "edda@customers.example"
MAILBOX = {
    "from_address": "news@example.com",
    "from_name": "Alder & Pine",
    "smtp_host": "smtp.example.com",
    "smtp_user": "news",
    "smtp_password": "pass-word",
    "receiving": "none",
}


def sent(stack: Stack) -> list[dict[str, Any]]:
    url = f"{stack.simulator}/sent?provider=email&to={READER}"
    with urllib.request.urlopen(url, timeout=20) as answer:
        found: list[dict[str, Any]] = json.load(answer)["messages"]
    return found


def prepare(stack: Stack) -> None:
    """A mailbox, and a reader in the Faroe Islands, where the demo has nobody."""
    api = Api(stack)
    api.post("channels/", {"kind": "email", "name": "Newsletter", "config": MAILBOX})
    addresses = [{"kind": "email", "value": READER}]
    api.post("contacts/", {"name": "Edda Olsen", "country": "FO", "addresses": addresses})
    condition = {"field": "country", "op": "in", "value": ["FO"]}
    api.post("segments/", {"name": "Faroes", "filter": {"conditions": [condition]}})


def write(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/campaigns/")
    page.get_by_test_id("new-campaign").first.click()
    page.get_by_test_id("campaign-name").fill("Spring by mail")
    page.get_by_test_id("campaign-segment").select_option(label="Faroes")
    page.get_by_test_id("next").click()
    page.locator(".choice-card", has_text="E-mail").click()
    page.get_by_test_id("mail-begin").select_option("starter-offer")
    expect(page.get_by_test_id("mail-html")).to_have_value(re.compile("20 % less"))
    page.get_by_test_id("mail-subject").fill("For {{ first_name|you }}")
    expect(page.get_by_test_id("look-subject")).to_have_text("For Edda")
    for frame in ("frame-narrow", "frame-wide"):
        inside = page.frame_locator(f"[data-testid={frame}]")
        expect(inside.get_by_text("Hello Edda,")).to_be_visible()
        expect(inside.get_by_role("link", name="Unsubscribe")).to_be_visible()
    page.get_by_test_id("next").click()


def test_a_mail_is_written_sent_and_its_reader_unsubscribes(
    stack: Stack, login: Login, browser: Browser
) -> None:
    prepare(stack)
    page = login("marketer")
    write(page, stack)
    page.locator(".choice-card", has_text="Newsletter").click()
    page.get_by_test_id("next").click()
    expect(page.get_by_test_id("forecast-people")).to_have_text("1")
    page.get_by_test_id("launch").click()
    page.get_by_test_id("confirm-launch").click()
    until(lambda: len(sent(stack)) == 1, "the mail never left", 60)
    result = page.url

    [mail] = sent(stack)
    way_out = mail["mail"]["headers"]["List-Unsubscribe"].strip("<>")
    reader = browser.new_context(locale="es")
    theirs = reader.new_page()
    theirs.goto(f"{stack.url}{urlsplit(way_out).path}")
    expect(theirs.get_by_text("e•••@c•••.example")).to_be_visible()
    theirs.get_by_role("button", name="Darse de baja").click()
    expect(theirs.get_by_test_id("unsubscribed")).to_have_text("Te has dado de baja")
    assert reader.cookies() == []
    reader.close()

    page.goto(result)
    expect(page.get_by_test_id("unsubscribed")).to_have_text("1")
    page.goto(f"{stack.url}/contacts/suppressed/?q=edda")
    expect(page.get_by_text("on the unsubscribe page of a mail")).to_be_visible()
