"""What an answer has beside its words: people in copy, a quoted message; and reactions."""

import json
import os
import re
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from benches.api import Api
from benches.stack import Stack
from tests.browser.conftest import Login
from tests.payloads.telegram.exhibit import config as telegram

PICTURES = os.environ.get("PICTURES", "")


def look(page: Page, name: str) -> None:
    """Keep what it looks like, if somebody asks; nothing may be wider than the screen."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"answering-{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def arrived(api: Api, channel: str, count: int = 1, again: Callable[[], Any] = lambda: None) -> int:
    """The conversation of the channel, once so many messages are in it.

    ``again`` is done until then: mail that came before its mailbox was opened is not ours.
    """
    until = time.monotonic() + 60
    while time.monotonic() < until:
        again()
        for row in api.get(f"conversations/?channel={channel}")["results"]:
            if len(api.get(f"conversations/{row['id']}/messages/")["results"]) >= count:
                return int(row["id"])
        time.sleep(0.5)
    raise TimeoutError("Nothing came in.")


def told(stack: Stack, what: str, provider: str, mark: str) -> list[dict[str, Any]]:
    """What the simulator was told that has the mark, once there is something."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with urlopen(f"{stack.simulator}/{what}?provider={provider}", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)[
                "messages" if what == "sent" else "signals"
            ]
        if hit := [one for one in found if mark in json.dumps(one, ensure_ascii=False)]:
            return hit
        time.sleep(0.2)
    return []


def mailbox(api: Api) -> tuple[str, str]:
    address = f"help{uuid.uuid4().hex[:8]}@example.com"
    config = {
        "from_address": address,
        "smtp_host": "smtp.example.com",
        "smtp_user": address,
        "smtp_password": "pass-word",
        "receiving": "imap",
        "imap_host": "imap.example.com",
        "imap_user": address,
        "imap_password": "pass-word",
    }
    made = api.post("channels/", {"kind": "email", "name": "Support mail", "config": config})
    return made["id"], address


def people(page: Page) -> Locator:
    return page.get_by_test_id("mail-person")


def test_everybody_in_a_mail_gets_the_answer(stack: Stack, login: Login) -> None:
    api = Api(stack)
    channel, address = mailbox(api)
    raw = (
        "From: Clara Ruiz <clara@customer.example>\r\n"
        f"To: {address}, Tom <tom@customer.example>\r\n"
        f"Cc: bea@customer.example\r\nSubject: Our order\r\nMessage-ID: <{uuid.uuid4()}@c.example>"
        "\r\nDate: Mon, 23 Nov 2026 00:00:00 +0000\r\n\r\nWhere is it?\r\n"
    )
    said = {"provider": "email", "channel_address": address, "from": "+14155550171", "raw": raw}
    conversation = arrived(api, channel, again=lambda: Api.tell(f"{stack.simulator}/inbound", said))

    page = login("agent")
    page.goto(f"{stack.url}/conversations/{conversation}/")
    expect(page.get_by_test_id("mail-to")).to_contain_text("clara@customer.example")
    expect(people(page)).to_have_text(["Tom", "bea@customer.example"])
    page.get_by_test_id("reply-one").click()
    expect(people(page)).to_have_count(0)
    page.get_by_test_id("reply-all").click()
    expect(people(page)).to_have_count(2)

    copy = page.get_by_test_id("mail-cc")
    copy.fill("nobody, Dana <Dana@Customer.Example>")
    copy.press("Enter")
    expect(people(page)).to_have_text(["Tom", "bea@customer.example", "dana@customer.example"])
    expect(page.get_by_test_id("mail-cc-error")).to_contain_text("nobody")
    look(page, "mail")
    mark = uuid.uuid4().hex[:8]
    page.get_by_test_id("composer-input").fill(f"Tomorrow {mark}")
    page.get_by_test_id("composer-send").click()
    # What is no address keeps it back.
    expect(copy).to_be_focused()
    expect(page.get_by_test_id("composer-input")).to_have_value(f"Tomorrow {mark}")
    copy.fill("")
    page.get_by_test_id("show-subject").click()
    expect(page.get_by_test_id("mail-subject")).to_have_value("Re: Our order")
    page.get_by_test_id("mail-subject").fill("Your order 7")
    with page.expect_response(re.compile("/draft/$")):
        page.get_by_test_id("composer-input").press("End")
        page.get_by_test_id("composer-input").type("!")
    page.reload()
    expect(page.get_by_test_id("mail-subject")).to_have_value("Your order 7")
    expect(people(page)).to_have_count(3)
    page.set_viewport_size({"width": 390, "height": 844})
    look(page, "mail-phone")
    page.get_by_test_id("composer-send").click()
    expect(page.get_by_test_id("message-mail").last).to_contain_text("Your order 7")
    heads = json.dumps(told(stack, "sent", "email", mark))
    assert all(one in heads for one in ("tom@", "bea@", "dana@", "Your order 7"))


@pytest.fixture
def bot(stack: Stack) -> tuple[str, str]:
    """A bot that a customer has written to twice: the channel's id and its name."""
    api, name = Api(stack), f"shop{uuid.uuid4().hex[:8]}_bot"
    token = f"{uuid.uuid4().int % 10**9}:{uuid.uuid4().hex}abc"
    made = api.post(
        "channels/",
        {"kind": "telegram", "name": name, "config": telegram(bot_token=token, username=name)},
    )
    for text in ("Do you have it in blue?", "And in red?"):
        said = {"provider": "telegram", "channel_address": f"@{name}", "from": "+14155550172"}
        Api.tell(f"{stack.simulator}/inbound", said | {"text": text})
    return str(made["id"]), name


def test_a_message_is_quoted_and_given_an_emoji(
    stack: Stack, login: Login, bot: tuple[str, str]
) -> None:
    conversation = arrived(Api(stack), bot[0], 2)
    page = login("agent")
    page.goto(f"{stack.url}/conversations/{conversation}/")
    first = page.locator(".msg-in", has_text="in blue?")
    first.hover()
    first.get_by_test_id("quote").click()
    bar = page.get_by_test_id("composer-quote")
    expect(bar).to_contain_text("Do you have it in blue?")
    page.get_by_test_id("unquote").click()
    expect(bar).to_be_hidden()
    page.locator("#thread").focus()
    page.keyboard.press("q")
    expect(bar).to_contain_text("And in red?")
    first.hover()
    first.get_by_test_id("quote").click()
    look(page, "quote")
    mark = uuid.uuid4().hex[:8]
    page.get_by_test_id("composer-input").fill(f"Yes {mark}")
    page.get_by_test_id("composer-send").click()
    expect(bar).to_be_hidden()
    quote = page.get_by_test_id("message").filter(has_text=mark).get_by_test_id("message-quote")
    expect(quote).to_contain_text("Do you have it in blue?")
    quote.get_by_role("link").click()
    expect(first).to_be_focused()
    [sent] = told(stack, "sent", "telegram", mark)
    assert "reply_parameters" in json.dumps(sent)

    first.hover()
    first.get_by_test_id("react").click()
    look(page, "picker")
    page.get_by_test_id("reactions").get_by_role("button", name="🎉").click()
    ours = first.get_by_test_id("our-reaction")
    expect(ours).to_contain_text("🎉")
    assert told(stack, "signals", "telegram", "reaction 🎉")
    look(page, "reaction")
    ours.click()
    expect(ours).to_have_count(0)
