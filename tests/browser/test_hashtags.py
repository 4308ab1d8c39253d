"""A hashtag chat: planned, asked, and answered by two customers who appear by themselves."""

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from benches.api import Api
from benches.stack import Stack
from tests.browser.test_inbox import Login, number
from tests.payloads.x.exhibit import CONFIG

__all__ = ["number"]  # a fixture
# The workers may still be on their way when the pages are there.
ASKED_MS = 60_000
# X is asked every 15 seconds.
FOUND_MS = 45_000
Phone = Callable[[str], Page]


@pytest.fixture
def account(stack: Stack) -> str:
    """An account on X; its name."""
    handle = f"acme{uuid.uuid4().hex[:8]}"
    own = str(uuid.uuid4().int)[:12]
    config = CONFIG | {"username": f"@{handle}", "access_token": f"{own}-AccessToken0123456789"}
    Api(stack).post("channels/", {"kind": "x", "name": handle, "config": config})
    return handle


def plan(page: Page, stack: Stack, account: str, tag: str) -> None:
    page.goto(f"{stack.url}/hashtag-chats/new/")
    page.fill("#id_title", f"Coffee {tag}")
    page.select_option("#id_channel", label=f"{account} (@{account})")
    page.fill("#id_hashtag", f"#{tag}")
    page.select_option("#id_zone", "UTC")
    now = page.evaluate("new Date().toISOString().slice(0, 16)")
    page.fill("#id_starts_at", now)
    rows = page.get_by_test_id("question-row")
    rows.nth(0).get_by_test_id("question-text").fill("How do you take it?")
    size = len(f"How do you take it? #{tag}")
    expect(rows.nth(0).get_by_test_id("question-size")).to_contain_text(str(size))
    rows.nth(1).get_by_test_id("question-text").fill("And where?")
    rows.nth(2).locator("[data-remove-question]").click()
    expect(rows).to_have_count(2)
    page.get_by_test_id("save-chat").click()


def write(phone: Page, account: str, text: str) -> None:
    phone.get_by_test_id("phone-line").select_option(label=f"{account} (public)")
    phone.get_by_test_id("phone-input").fill(text)
    phone.get_by_test_id("phone-send").click()
    expect(phone.get_by_test_id("bubble-out")).to_contain_text([text])


def test_a_chat_from_plan_to_answer(
    stack: Stack, login: Login, phone: Phone, number: str, account: str
) -> None:
    tag = f"Chat{uuid.uuid4().hex[:6]}"
    page = login("admin")
    plan(page, stack, account, tag)
    first = page.locator('[data-testid="section"][data-question="1"]')
    state = first.get_by_test_id("question-state")
    expect(state).to_have_class("badge badge-dot badge-success", timeout=ASKED_MS)

    other = f"+1415557{uuid.uuid4().int % 10_000:04d}"
    write(phone(number), account, f"A1 black #{tag}")
    write(phone(other), account, f"With milk #{tag}")
    texts = first.get_by_test_id("answer-text")
    expect(texts).to_have_count(2, timeout=FOUND_MS)
    expect(page.get_by_test_id("answer-count")).to_have_text("2")
    assert sorted(texts.all_inner_texts()) == [f"A1 black #{tag}", f"With milk #{tag}"]

    # One is put under the other question, the other one is answered in the inbox.
    milk = first.get_by_test_id("answer").filter(has_text="With milk")
    milk.get_by_test_id("answer-star").click()
    expect(first.locator(".answer.is-starred")).to_have_count(1)
    milk.get_by_test_id("answer-move").select_option(index=2)
    expect(texts).to_have_count(1)
    second = page.locator('[data-testid="section"][data-question="2"]')
    expect(second.get_by_test_id("answer-text")).to_contain_text(["With milk"])
    first.get_by_test_id("answer-open").click()
    expect(page.get_by_test_id("message-text")).to_contain_text([f"A1 black #{tag}"])
    expect(page.get_by_test_id("voice")).to_have_attribute("data-voice", "reply")
