"""Two agents on one public mention: exactly one reply is published, and the other may suggest."""

import json
import re
import time
import uuid
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from benches.api import Api
from benches.stack import Stack
from tests.browser.test_inbox import Login, number
from tests.payloads.x.exhibit import CONFIG

__all__ = ["number"]  # a fixture
# In the language of whoever was refused.
HELD = re.compile("is answering this in public|está respondiendo a esto en público")


@pytest.fixture
def mention(stack: Stack, number: str) -> int:
    """Somebody mentions us on X; the conversation."""
    api, handle = Api(stack), f"acme{uuid.uuid4().hex[:8]}"
    account = str(uuid.uuid4().int)[:12]
    config = CONFIG | {
        "username": f"@{handle}",
        "access_token": f"{account}-AccessToken0123456789",
        "receive": "webhook",
    }
    api.post("channels/", {"kind": "x", "name": handle, "config": config})
    said = {"provider": "x", "channel_address": f"@{handle}", "from": number, "public": True}
    Api.tell(f"{stack.simulator}/inbound", said | {"text": f"@{handle} is this blue?"})
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for row in api.get("conversations/")["results"]:
            if row["public"] and handle in str(api.get(f"conversations/{row['id']}/messages/")):
                return int(row["id"])
        time.sleep(0.2)
    raise TimeoutError("The mention became no conversation.")


def published(stack: Stack, words: str) -> list[str]:
    with urlopen(f"{stack.simulator}/sent?provider=x", timeout=10) as answer:
        sent: list[dict[str, Any]] = json.load(answer)["messages"]
    return [one["body"] for one in sent if words in one["body"]]


def opened(page: Page, stack: Stack, conversation: int) -> Page:
    page.goto(f"{stack.url}/conversations/{conversation}/")
    expect(page.get_by_test_id("voice")).to_have_attribute("data-voice", "reply")
    return page


def test_two_agents_on_one_public_mention(stack: Stack, login: Login, mention: int) -> None:
    mark = uuid.uuid4().hex[:8]
    ana, ben = (opened(login("agent", n), stack, mention) for n in range(2))
    # Neither hears in time that the other has begun.
    for page in (ana, ben):
        page.route("**/voice/", lambda route: route.abort())
        page.get_by_test_id("composer-input").fill(f"Navy {mark}")
    for page in (ana, ben):
        page.get_by_test_id("composer-send").click(no_wait_after=True)
    # Told at the server's door, or that a colleague's answer has come in the meantime.
    refused = [page.locator("#composer-error:visible, #moved:visible") for page in (ana, ben)]
    until = time.monotonic() + 20
    while not any(one.count() for one in refused) and time.monotonic() < until:
        time.sleep(0.1)
    loser, winner = (ana, ben) if refused[0].count() else (ben, ana)
    expect(loser.get_by_test_id("composer-input")).to_have_value(f"Navy {mark}")
    loser.get_by_test_id("composer-send").click()
    expect(loser.locator("#composer-error")).to_contain_text(HELD)
    expect(loser.get_by_test_id("composer-input")).to_have_value(f"Navy {mark}")
    while not published(stack, mark) and time.monotonic() < until:
        time.sleep(0.1)
    assert published(stack, mark) == [f"Navy {mark}"]

    # Who may not answer suggests, and that stays here.
    for page in (loser, winner):
        page.unroute("**/voice/")
    loser.reload()
    expect(loser.get_by_test_id("voice")).to_have_attribute("data-voice", "suggest")
    loser.get_by_test_id("composer-input").fill(f"Or say teal {mark}")
    loser.get_by_test_id("composer-send").click()
    expect(winner.get_by_test_id("use-text")).to_be_visible()
    winner.get_by_test_id("use-text").click()
    expect(winner.get_by_test_id("composer-input")).to_have_value(f"Or say teal {mark}")
    assert len(published(stack, mark)) == 1
