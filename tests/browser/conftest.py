"""Browser tests: Chromium against the whole product, started as ``make up`` starts it.

Fixtures: ``stack`` (once a session: web, realtime, workers, beat, simulator, demo workspace),
``browser``, ``login(role)`` → a logged-in page in a context of its own, ``phone(number)`` → the
simulator's phone page of a customer.

What pages offer to hold on to (``data-testid``):

- list: ``conversation-list``, ``conversation-row`` (``data-id``), ``tab-mine``, ``tab-unassigned``,
  ``tab-all``, ``list-search``, ``status-filter``
- thread: ``conversation``, ``thread``, ``message`` (``data-id``, ``data-uid``, ``data-state``),
  ``message-text``, ``message-problem``, ``message-retry``, ``tick-sending`` (queued, sent,
  delivered, read, failed, unknown likewise), ``status-badge``
- header: ``assign-button``, ``assign-me``, ``labels-button``, ``snooze-button``, ``more-button``,
  ``set-pending``, ``resolve-button``, ``reopen-button``
- composer: ``composer-input``, ``composer-send``, ``mode-reply``, ``mode-note``, ``segments``,
  ``moved``, ``send-anyway``
- everywhere: ``me-button``, ``presence-online`` (away, offline likewise), ``log-out``
- typing: ``customer-typing`` (thread), ``row-typing`` (list); ``header-brand``
- simulator: ``phone-input``, ``phone-send``, ``bubble-in``, ``bubble-out``
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from benches.stack import Stack, running_stack

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)

Login = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The running product with its demo workspace, in a folder and on ports of its own."""
    with running_stack() as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def contexts(browser: Browser) -> Iterator[list[BrowserContext]]:
    """The contexts a test opened; closed after it."""
    opened: list[BrowserContext] = []
    yield opened
    for context in opened:
        context.close()


@pytest.fixture
def login(stack: Stack, browser: Browser, contexts: list[BrowserContext]) -> Login:
    """``login("agent")`` gives a page on the inbox; keywords go to the browser's context.

    ``login("agent", 1)`` is the second agent. Errors in the console fail the test.
    """
    sessions: dict[str, Any] = {}

    def open_page(role: str, index: int = 0, **options: Any) -> Page:
        who = [entry for entry in stack.logins if entry["role"] == role][index]
        settings: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}} | options
        context = browser.new_context(**settings, storage_state=sessions.get(who["email"]))
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{stack.url}/")
        if "/accounts/login/" in page.url:
            page.fill("input[name=login]", who["email"])
            page.fill("input[name=password]", who["password"])
            page.press("input[name=password]", "Enter")
        page.wait_for_selector("[data-testid=conversation-list], .shell")
        sessions[who["email"]] = context.storage_state()
        return page

    return open_page


@pytest.fixture
def phone(stack: Stack, browser: Browser, contexts: list[BrowserContext]) -> Callable[[str], Page]:
    """The customer's phone with this number."""

    def open_phone(number: str) -> Page:
        context = browser.new_context(viewport={"width": 900, "height": 800})
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{stack.simulator}/?phone={number.replace('+', '%2B')}")
        page.wait_for_selector("[data-testid=phone-input]")
        return page

    return open_phone
