"""The same person by WhatsApp, Telegram and mail: merged, one timeline, answered on each."""

import json
import os
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from benches.api import Api
from benches.stack import Stack
from tests.browser.conftest import Login
from tests.browser.test_inbox import number
from tests.payloads.telegram import exhibit as telegram
from tests.payloads.whatsapp import exhibit as whatsapp

__all__ = ["number"]  # a fixture
SECONDS = 60


def look(page: Page, name: str) -> None:
    """Keep what it looks like, if somebody asks; nothing may be wider than the screen."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"timeline-{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


class World:
    """The channels of this test, and what a customer does on them."""

    def __init__(self, stack: Stack, number: str) -> None:
        self.stack, self.api, self.number = stack, Api(stack), number
        self.mark = uuid.uuid4().hex[:6]
        self.whatsapp_id = str(uuid.uuid4().int)[:15]
        self.business = f"+1415555{str(uuid.uuid4().int)[:4]}"
        self.bot = f"shop_{self.mark}_bot"
        self.mailbox = f"help-{self.mark}@example.com"
        self.ids = {
            "whatsapp": self._add(
                "whatsapp",
                whatsapp.config(
                    phone_number=self.business,
                    phone_number_id=self.whatsapp_id,
                    business_account_id=self.whatsapp_id,
                ),
            ),
            "telegram": self._add(
                "telegram",
                telegram.config(
                    bot_token=f"{str(uuid.uuid4().int)[:9]}:AAEhBP0av28Zq7oGJ9Yd_DUMMYxDUMMYxDUM",
                    username=self.bot,
                ),
            ),
            "email": self._add("email", self._mail()),
        }
        self.api.post(f"channels/{self.ids['whatsapp']}/templates/sync/", {})

    def _add(self, kind: str, config: dict[str, str]) -> str:
        document = {"kind": kind, "name": f"{kind} {self.mark}", "config": config}
        return str(self.api.post("channels/", document)["id"])

    def _mail(self) -> dict[str, str]:
        servers = {"smtp_host": "smtp.example.com", "imap_host": "imap.example.com"}
        own = {"from_address": self.mailbox, "smtp_user": self.mailbox, "imap_user": self.mailbox}
        passwords = {"smtp_password": "pass-word", "imap_password": "pass-word"}
        return {"sending": "smtp", "receiving": "imap", **servers, **own, **passwords}

    def name(self, kind: str) -> str:
        return f"{kind} {self.mark}"

    def write(self, kind: str, text: str) -> None:
        """As the look-alike plays it."""
        said = {"provider": kind, "channel_address": self.ids[kind], "from": self.number}
        Api.tell(f"{self.stack.simulator}/inbound", said | {"text": text})

    def wrote_by_whatsapp(self, text: str, ago: timedelta, name: str) -> None:
        """A webhook of WhatsApp's that tells of a message of some time ago."""
        digits = self.number.lstrip("+")
        body = json.loads(whatsapp.payload("message_text").body)
        value = body["entry"][0]["changes"][0]["value"]
        value["metadata"] = {
            "display_phone_number": self.business.lstrip("+"),
            "phone_number_id": self.whatsapp_id,
        }
        value["contacts"] = [{"profile": {"name": name}, "wa_id": digits}]
        at = str(int((datetime.now(UTC) - ago).timestamp()))
        sent = {"from": digits, "id": f"wamid.{uuid.uuid4().hex}", "timestamp": at}
        value["messages"] = [sent | {"type": "text", "text": {"body": text}}]
        request = whatsapp.sign(whatsapp.request(json.dumps(body).encode()))
        url = f"{self.stack.url}/webhooks/{self.ids['whatsapp']}/"
        with urlopen(Request(url, request.body, dict(request.headers)), timeout=10) as answer:
            assert answer.status == 200

    def conversation(self, kind: str) -> int:
        """The customer's conversation on a channel; waits until it is there."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            for row in self.api.get("conversations/")["results"]:
                if row["channel"] == self.ids[kind]:
                    return int(row["id"])
            time.sleep(0.2)
        raise TimeoutError(f"No conversation by {kind}.")

    def got(self, kind: str) -> list[str]:
        """What reached the customer."""
        with urlopen(f"{self.stack.simulator}/sent?provider={kind}", timeout=10) as answer:
            return [str(one["body"]) for one in json.load(answer)["messages"]]

    def gets(self, kind: str, words: str) -> None:
        until = time.monotonic() + SECONDS
        while not any(words in text for text in self.got(kind)):
            assert time.monotonic() < until, f"“{words}” never left by {kind}."
            time.sleep(0.2)


@pytest.fixture
def world(stack: Stack, number: str) -> World:
    return World(stack, number)


def merge(page: Page) -> None:
    """Take the panel's first suggestion, and wait until the thread shows what it made."""
    page.get_by_test_id("likely-merge").first.click()
    page.get_by_test_id("likely-confirm").locator("visible=true").click()


def message(page: Page, text: str) -> Locator:
    return page.get_by_test_id("message").filter(has_text=text)


def go_by(page: Page, world: World, kind: str) -> None:
    """Choose the channel to answer on."""
    page.get_by_test_id("ways-button").click()
    page.get_by_test_id("way").filter(has_text=world.name(kind)).click()
    expect(page.get_by_test_id("ways-button")).to_contain_text(world.name(kind))


@pytest.fixture
def rename(world: World) -> Callable[[str, str], None]:
    """The providers tell names of their own; a person has one."""

    def change(kind: str, name: str) -> None:
        contact = world.api.get(f"conversations/{world.conversation(kind)}/")["contact"]
        pk = contact["id"] if isinstance(contact, dict) else contact
        url = f"{world.api.base}contacts/{pk}/"
        body = json.dumps({"name": name}).encode()
        with urlopen(Request(url, body, world.api.headers, method="PATCH"), timeout=10):
            pass

    return change


def test_one_person_on_three_channels(
    login: Login, world: World, rename: Callable[[str, str], None]
) -> None:
    name = f"Maya {world.mark.translate(str.maketrans('0123456789', 'ghijklmnop')).title()}"
    world.wrote_by_whatsapp("Is my order there?", timedelta(hours=25), name)
    whatsapp_one = world.conversation("whatsapp")
    world.write("telegram", "Hello, me again")
    world.write("email", "And by mail, too")
    for kind in ("telegram", "email"):
        rename(kind, name)

    page = login("agent")
    page.goto(f"{world.stack.url}/conversations/{whatsapp_one}/")
    expect(page.get_by_test_id("likely-contact")).to_have_count(2)
    look(page, "suggested")
    merge(page)
    expect(page.get_by_test_id("likely-contact")).to_have_count(1)
    merge(page)
    expect(page.get_by_test_id("likely")).to_have_count(0)

    for text in ("Is my order there?", "Hello, me again", "And by mail, too"):
        expect(message(page, text)).to_have_count(1)
    expect(page.get_by_test_id("message-place")).to_have_count(2)
    look(page, "merged")

    # WhatsApp's window is over: it asks for a template, and another channel is offered.
    expect(page.get_by_test_id("composer-input")).to_be_hidden()
    expect(page.get_by_test_id("template-choose")).to_be_visible()
    expect(page.get_by_test_id("better-way")).to_be_visible()
    page.get_by_test_id("ways-button").click()
    for kind in world.ids:
        expect(page.get_by_test_id("way").filter(has_text=world.name(kind))).to_have_count(1)
    look(page, "ways")
    page.keyboard.press("Escape")
    page.get_by_test_id("better-go").click()
    expect(page.get_by_test_id("composer-input")).to_be_visible()

    for kind in ("telegram", "email"):
        go_by(page, world, kind)
        words = f"By {kind}: it leaves today {world.mark}"
        page.get_by_test_id("composer-input").fill(words)
        page.get_by_test_id("composer-send").click()
        expect(message(page, words)).to_have_count(1)
        world.gets(kind, words)

    # Live: what comes on another channel than the open one stands in the same thread.
    world.write("telegram", "Thank you!")
    expect(message(page, "Thank you!")).to_have_count(1)
    expect(message(page, "Thank you!").get_by_test_id("message-place")).to_be_visible()
    go_by(page, world, "whatsapp")
    template(page, name)
    world.gets("whatsapp", name)
    expect(message(page, "Thank you!")).to_have_count(1)
    look(page, "answered")
    page.set_viewport_size({"width": 390, "height": 844})
    look(page, "phone")


def template(page: Page, name: str) -> None:
    """Send the order's template."""
    page.get_by_test_id("template-choose").click()
    page.get_by_test_id("template-row").filter(has_text="there is news").first.click()
    values = page.get_by_test_id("template-value")
    expect(values).to_have_count(2)
    for place, value in enumerate([name, "A-7"]):
        values.nth(place).fill(value)
    page.get_by_test_id("template-send").click()
    expect(message(page, f"Hi {name}, there is news about your order A-7")).to_have_count(1)
