"""RCS in browsers: a carousel that is tapped, and what a phone without RCS gets in its place."""

import json
import uuid
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from benches.api import Api
from benches.stack import Stack
from tests.browser.test_inbox import Login, Phone, number, say

__all__ = ["number"]  # a fixture


@pytest.fixture
def api(stack: Stack) -> Api:
    """An admin's program."""
    return Api(stack)


def carousel(mark: str) -> dict[str, Any]:
    """Two rooms to choose from."""
    return {
        "text": f"Which room do you like? {mark}",
        "cards": [
            {"title": "Sea", "suggestions": [{"type": "reply", "text": "Take the sea"}]},
            {"title": "Garden", "suggestions": [{"type": "reply", "text": "Take the garden"}]},
        ],
    }


def send(api: Api, number: str, mark: str) -> int:
    """Send the carousel by RCS; the conversation it is in."""
    (rcs,) = [one for one in api.get("channels/")["results"] if one["kind"] == "google_rcs"]
    body = {
        "to": {"kind": "phone", "value": number},
        "channel": rcs["id"],
        "content": carousel(mark),
    }
    return int(api.post("messages/", body)["conversation"])


def thread(page: Page, stack: Stack, conversation: int) -> Page:
    """The agent opens it."""
    page.goto(f"{stack.url}/conversations/{conversation}/")
    expect(page.get_by_test_id("message-card")).to_have_count(2)
    return page


def test_a_carousel_is_tapped(
    stack: Stack, login: Login, phone: Phone, number: str, api: Api
) -> None:
    Api.tell(f"{stack.simulator}/phones", {"number": number, "rcs": True})
    customer, mark = phone(number), uuid.uuid4().hex[:8]
    conversation = send(api, number, mark)
    agent = thread(login("admin"), stack, conversation)
    expect(agent.get_by_test_id("tick-read").last).to_be_visible()
    customer.get_by_role("button", name="Take the garden").click()
    answer = agent.locator(".msg-in").get_by_test_id("message-text")
    expect(answer.last).to_have_text("Take the garden")
    expect(agent.get_by_test_id("message-story")).to_have_count(0)
    newest = api.get(f"conversations/{conversation}/messages/")["results"]
    (tap,) = [one["tap"] for one in newest if one["tap"]]
    assert (tap["text"], tap["payload"]) == ("Take the garden", "Take the garden")


def signals(stack: Stack, number: str) -> list[str]:
    """What the customer was shown beside messages, in the provider's words."""
    with urlopen(f"{stack.simulator}/signals?to=%2B{number[1:]}", timeout=10) as answer:
        return [one["type"] for one in json.load(answer)["signals"]]


def test_each_sees_the_other_typing_and_what_was_read(
    stack: Stack, login: Login, phone: Phone, number: str, api: Api
) -> None:
    Api.tell(f"{stack.simulator}/phones", {"number": number, "rcs": True})
    customer, mark = phone(number), uuid.uuid4().hex[:8]
    conversation = send(api, number, mark)
    agent = thread(login("admin"), stack, conversation)
    expect(agent.get_by_test_id("header-brand")).to_have_text("Alder & Pine")
    typing, row = agent.get_by_test_id("customer-typing"), agent.get_by_test_id("row-typing")
    expect(typing).to_be_hidden()

    customer.get_by_test_id("phone-input").press_sequentially("The sea")
    expect(typing).to_be_visible()
    expect(typing).to_contain_text("is typing…")
    expect(row.locator("visible=true")).to_have_count(1)
    customer.get_by_test_id("phone-send").click()
    expect(agent.locator(".msg-in").get_by_test_id("message-text").last).to_have_text("The sea")
    expect(typing).to_be_hidden()
    expect(row.locator("visible=true")).to_have_count(0)
    # The agent looks at it, so the customer sees that it was read.
    said = customer.get_by_test_id("bubble-out").last
    expect(said).to_have_attribute("data-status", "read")
    expect(said.locator(".ticks")).to_have_text("✓✓")

    # Of a note only colleagues are told.
    colleague = thread(login("agent"), stack, conversation)
    agent.get_by_test_id("mode-note").click()
    agent.get_by_test_id("composer-input").press_sequentially("Fully booked?")
    expect(colleague.locator("#typing")).to_be_visible()
    assert signals(stack, number) == ["READ"]
    agent.get_by_test_id("composer-input").fill("")
    agent.get_by_test_id("mode-reply").click()
    # Longer than the three seconds for which the composer says nothing new.
    agent.get_by_test_id("composer-input").press_sequentially("One moment, let me look", delay=200)
    expect(customer.get_by_test_id("typing")).to_be_visible()
    expect(customer.get_by_test_id("typing")).to_have_text("The business is typing…")
    agent.get_by_test_id("composer-send").click()
    expect(customer.get_by_test_id("bubble-in").last).to_contain_text("One moment")
    expect(customer.get_by_test_id("typing")).to_be_hidden()
    assert signals(stack, number) == ["READ", "IS_TYPING"]


def test_a_plain_phone_gets_it_in_words(
    stack: Stack, login: Login, phone: Phone, number: str, api: Api
) -> None:
    customer, mark = phone(number), uuid.uuid4().hex[:8]
    agent = thread(login("admin"), stack, send(api, number, mark))
    expect(customer.get_by_test_id("bubble-in").last).to_contain_text("2. Take the garden")
    story = agent.get_by_test_id("message-story")
    expect(story).to_have_text("This phone takes no RCS; sent as SMS.")
    say(customer, "2")
    expect(agent.get_by_test_id("message-tapped")).to_have_text("Chosen:Take the garden")
    agent.get_by_test_id("composer-input").fill(f"The garden it is. {mark}")
    agent.get_by_test_id("composer-send").click()
    expect(customer.get_by_test_id("bubble-in").last).to_contain_text("The garden it is.")
