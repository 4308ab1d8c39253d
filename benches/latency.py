"""Latency as people see it, in a real browser, while other customers write at a given rate.

- inbound: from the start of the provider's signed POST until the text stands in the agent's thread
- outbound: from the agent's click on Send until the provider's endpoint has the message
"""

import asyncio
import itertools
import os
import statistics
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp
from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from twilio.request_validator import RequestValidator

from benches.api import Api
from benches.result import Result, percentile
from benches.stack import Stack, running_stack

RATES = (1, 50, 200)
PROBES = 30
# The writers wait for answers beyond this many, as a provider would.
MOST_OPEN = 64
SID, TOKEN, NUMBER = "AC" + "b" * 32, "b" * 32, "+14155550199"
CUSTOMER = "+14155550123"

# Notes the moment at which a text first stands in the thread, on the clock of the machine.
WATCH = """() => {
  window.seenAt = {}; window.wanted = null; window.clickedAt = null;
  const look = () => {
    if (window.wanted && !(window.wanted in window.seenAt)) {
      const thread = document.querySelector('[data-testid=thread]');
      if (thread && thread.textContent.includes(window.wanted)) {
        window.seenAt[window.wanted] = performance.timeOrigin + performance.now();
      }
    }
  };
  const everything = {childList: true, subtree: true, characterData: true};
  new MutationObserver(look).observe(document.body, everything);
  document.addEventListener('click', () => {
    window.clickedAt = performance.timeOrigin + performance.now();
  }, true);
}"""


def run() -> Result:
    """Measure at each rate; milliseconds."""
    result = Result()
    with running_stack() as stack, browser_page(stack) as page:
        api = Api(stack)
        channel = api.post(
            "channels/",
            {
                "kind": "twilio_sms",
                "name": "Bench",
                "rate_per_second": 1000,
                "config": {"account_sid": SID, "auth_token": TOKEN, "from_number": NUMBER},
            },
        )
        webhook = channel["webhook_url"]
        conversation = open_thread(api, page, stack, webhook)
        for rate in RATES:
            with background(webhook, rate):
                with explained(api, page, conversation):
                    inbound = [probe_inbound(page, webhook) for _ in range(PROBES)]
                outbound = [probe_outbound(page, stack) for _ in range(PROBES)]
            note(result, f"inbound_at_{rate}", inbound)
            note(result, f"outbound_at_{rate}", outbound)
        api.get(f"conversations/{conversation}/")
    return result


def note(result: Result, name: str, values: list[float]) -> None:
    """Median and 95th percentile."""
    result.figures[f"{name}_p50_ms"] = statistics.median(values)
    result.figures[f"{name}_p95_ms"] = percentile(values, 0.95)


@contextmanager
def browser_page(stack: Stack) -> Iterator[Page]:
    """A logged-in agent's page."""
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        login = stack.login("agent")
        page.goto(f"{stack.url}/accounts/login/")
        page.fill("input[name=login]", login["email"])
        page.fill("input[name=password]", login["password"])
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"{stack.url}/**")
        yield page
        browser.close()


def open_thread(api: Api, page: Page, stack: Stack, webhook: str) -> int:
    """The measured customer's conversation, open in the browser."""
    post_now(webhook, CUSTOMER, "First message")
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for row in api.get("conversations/")["results"]:
            page_url = f"{stack.url}/conversations/{row['id']}/"
            if row["channel"] == webhook.rstrip("/").rsplit("/", 1)[-1]:
                page.goto(page_url)
                page.wait_for_selector("[data-testid=thread]")
                page.evaluate(WATCH)
                time.sleep(1)
                return int(row["id"])
        time.sleep(0.2)
    raise TimeoutError("The first message became no conversation.")


def signed(webhook: str, sender: str, text: str) -> tuple[str, dict[str, str]]:
    """Body and headers of an inbound text."""
    sid = f"SM{uuid.uuid4().hex}"
    fields = {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": SID,
        "From": sender,
        "To": NUMBER,
        "Body": text,
        "NumMedia": "0",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
    }
    signature = RequestValidator(TOKEN).compute_signature(webhook, fields)
    return urlencode(fields), {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature,
    }


def post_now(webhook: str, sender: str, text: str) -> None:
    """One signed post, awaited."""
    body, headers = signed(webhook, sender, text)
    request = urllib.request.Request(webhook, body.encode(), headers)  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        answer.read()


@contextmanager
def background(webhook: str, rate: int) -> Iterator[None]:
    """Other customers write, ``rate`` messages a second, until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_write(webhook, rate, over)))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(30)


async def _write(webhook: str, rate: int, over: threading.Event) -> None:
    started = time.monotonic()
    tasks: set[asyncio.Task[None]] = set()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=16)) as session:
        for n in itertools.count():
            if over.is_set():
                break
            while len(tasks) >= MOST_OPEN:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(_post(session, webhook, n))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await asyncio.sleep(max(0.0, started + (n + 1) / rate - time.monotonic()))
        await asyncio.gather(*tasks)


async def _post(session: aiohttp.ClientSession, webhook: str, n: int) -> None:
    body, headers = signed(webhook, f"+1415556{n % 5000:04d}", f"Background {n}")
    async with session.post(webhook, data=body, headers=headers) as response:
        response.raise_for_status()


@contextmanager
def explained(api: Api, page: Page, conversation: int) -> Iterator[None]:
    """A text that never comes into view: says how far it came."""
    try:
        yield
    except PlaywrightTimeoutError as error:
        wanted: Any = page.evaluate("() => window.wanted")
        messages = api.get(f"conversations/{conversation}/messages/")["results"]
        stored = any(one["text"] == wanted for one in messages)
        noticed = page.evaluate("text => window.seenAt[text] ?? null", wanted)
        shown = wanted in page.inner_text("body")
        words = f"stored {stored}, shown {shown}, noticed {noticed} at {time.time() * 1000}"
        raise TimeoutError(f"{wanted}: {words}") from error


def probe_inbound(page: Page, webhook: str) -> float:
    """Milliseconds from the POST's start to the text in the thread."""
    text = f"probe-{uuid.uuid4().hex[:12]}"
    page.evaluate("text => { window.wanted = text; }", text)
    started = time.time() * 1000
    post_now(webhook, CUSTOMER, text)
    seen = await_noticed(page, text)
    time.sleep(0.3)
    return seen - started


def await_noticed(page: Page, text: str) -> float:
    """When the text came into view, by the page's own clock.

    Asked from here: the browser's own waiting has missed what the page had noticed long before.
    """
    until = time.monotonic() + 30
    while time.monotonic() < until:
        seen: Any = page.evaluate("text => window.seenAt[text] ?? null", text)
        if seen is not None:
            return float(seen)
        time.sleep(0.02)
    raise PlaywrightTimeoutError(f"{text} did not come into view.")


def probe_outbound(page: Page, stack: Stack) -> float:
    """Milliseconds from the click on Send to the provider's endpoint."""
    text = f"answer-{uuid.uuid4().hex[:12]}"
    page.fill("[data-testid=composer-input]", text)
    page.click("[data-testid=composer-send]")
    clicked: Any = page.evaluate("() => window.clickedAt")
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for sent in Api.plain(f"{stack.simulator}/sent?provider=twilio&limit=20")["messages"]:
            if sent["body"] == text:
                time.sleep(0.3)
                return float(sent["at"]) * 1000 - float(clicked)
        time.sleep(0.05)
    raise TimeoutError("The answer did not reach the provider.")
