"""Files in a browser: a customer's picture appears, an agent's goes as the number can take it."""

import base64
import json
import re
import urllib.request
import uuid
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from benches.stack import Stack
from tests.browser.test_inbox import Login, Phone, number, open_by
from tests.gateway.media.shelf import HTML, PIXEL

__all__ = ["number"]  # a fixture

PICTURE = {"name": "Menú del día.png", "mimeType": "image/png", "buffer": PIXEL}


def simulator(stack: Stack, path: str, body: Any = None) -> Any:
    """A control call."""
    data = json.dumps(body).encode() if body is not None else None
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{stack.simulator}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def line_of(stack: Stack) -> dict[str, str]:
    """The business number a phone writes to first."""
    line: dict[str, str] = simulator(stack, "/phone/state")["lines"][0]
    return line


def sent_to(stack: Stack, to: str) -> dict[str, Any]:
    """The newest message the provider accepted for this number."""
    found = simulator(stack, f"/sent?to={to.replace('+', '%2B')}")["messages"]
    newest: dict[str, Any] = found[-1]
    return newest


def bytes_at(url: str) -> bytes:
    """What anybody gets."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        got: bytes = answer.read()
        return got


def attach(agent: Page, *files: dict[str, Any]) -> None:
    """The agent chooses files; they are uploaded when this returns."""
    agent.get_by_test_id("attach-input").set_input_files(list(files))  # type: ignore[arg-type]
    expect(agent.get_by_test_id("file-chip")).to_have_count(len(files))
    expect(agent.locator(".chip.is-uploading")).to_have_count(0)


def test_a_customers_picture_appears_by_itself(
    stack: Stack, login: Login, phone: Phone, number: str
) -> None:
    agent, customer = login("agent"), phone(number)
    open_by(agent, customer, stack, f"Photo? {uuid.uuid4().hex[:8]}")
    agent.evaluate("window.neverReloaded = true")
    customer.get_by_test_id("phone-attach-input").set_input_files([PICTURE])  # type: ignore[arg-type]
    picture = agent.get_by_test_id("message-file").locator("img")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 1)
    assert agent.evaluate("window.neverReloaded")
    # What only says that it is a picture is refused in words.
    disguised = {"content_type": "image/jpeg", "data": base64.b64encode(HTML).decode()}
    body = {"provider": "twilio", "channel_address": line_of(stack)["channel"], "from": number}
    simulator(stack, "/inbound", {**body, "media": [disguised]})
    expect(agent.get_by_test_id("file-problem")).to_have_text("This type of file is not accepted.")
    assert agent.evaluate("window.neverReloaded")


def test_an_agents_picture_goes_by_mms(
    stack: Stack, login: Login, phone: Phone, number: str
) -> None:
    agent, customer = login("agent"), phone(number)
    open_by(agent, customer, stack, f"Menu? {uuid.uuid4().hex[:8]}")
    attach(agent, PICTURE)
    expect(agent.locator(".chip-about")).not_to_contain_text("link")
    agent.get_by_test_id("composer-input").fill("Here you are")
    agent.get_by_test_id("composer-send").click()
    expect(agent.get_by_test_id("file-chip")).to_have_count(0)
    sent = agent.get_by_test_id("message").filter(has_text="Here you are")
    expect(sent.get_by_test_id("tick-delivered")).to_be_visible()
    expect(sent.locator("img")).to_be_visible()
    expect(customer.get_by_test_id("bubble-in").locator("img")).to_be_visible()
    accepted = sent_to(stack, number)
    assert accepted["body"] == "Here you are"
    assert [bytes_at(url) for url in accepted["media"]] == [PIXEL]


def test_a_number_without_mms_gets_a_link_that_opens(
    stack: Stack, login: Login, phone: Phone
) -> None:
    number = f"+346{uuid.uuid4().int % 10**8:08d}"
    agent, customer = login("agent"), phone(number)
    open_by(agent, customer, stack, f"Carta? {uuid.uuid4().hex[:8]}")
    attach(agent, PICTURE)
    expect(agent.locator(".chip-about")).to_contain_text("Goes as a link")
    agent.get_by_test_id("composer-send").click()
    expect(agent.get_by_test_id("tick-delivered")).to_be_visible()
    accepted = sent_to(stack, number)
    assert accepted["media"] == []
    url = re.search(r"https?://\S+/m/\w+/", accepted["body"])
    assert url is not None
    assert bytes_at(url[0]) == PIXEL


def test_files_are_removed_refused_and_kept_with_their_conversation(
    stack: Stack, login: Login, phone: Phone, number: str
) -> None:
    agent = login("agent")
    open_by(agent, phone(number), stack, f"Files {uuid.uuid4().hex[:8]}")
    wrong = {"name": "run.exe", "mimeType": "application/octet-stream", "buffer": b"MZ\x90\x00"}
    attach(agent, PICTURE, wrong)
    expect(agent.locator(".chip.is-broken")).to_contain_text("not accepted")
    agent.get_by_test_id("composer-send").click()
    expect(agent.locator("#composer-error")).to_contain_text("Remove the files")
    agent.locator(".chip.is-broken [data-remove]").click()
    expect(agent.locator("#composer-error")).to_be_hidden()
    # A note takes none; they wait for the reply.
    agent.get_by_test_id("mode-note").click()
    expect(agent.get_by_test_id("file-chip")).to_be_hidden()
    agent.get_by_test_id("mode-reply").click()
    url = agent.url
    agent.get_by_test_id("thread").focus()
    agent.keyboard.press("u")
    expect(agent.get_by_test_id("thread")).to_have_count(0)
    agent.go_back()
    assert agent.url == url
    expect(agent.get_by_test_id("file-chip")).to_have_count(1)


@pytest.mark.parametrize("how", ["paste", "drop"])
def test_pasted_and_dropped(
    stack: Stack, login: Login, phone: Phone, number: str, how: str
) -> None:
    agent = login("agent")
    open_by(agent, phone(number), stack, f"Paste {uuid.uuid4().hex[:8]}")
    agent.evaluate(
        """([how, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "shot.png", { type: "image/png" }));
            const input = document.querySelector("#composer-input");
            const both = { bubbles: true, cancelable: true };
            const event = how === "paste"
                ? new ClipboardEvent("paste", { clipboardData: data, ...both })
                : new DragEvent("drop", { dataTransfer: data, ...both });
            input.dispatchEvent(event);
        }""",
        [how, list(PIXEL)],
    )
    expect(agent.get_by_test_id("file-chip")).to_contain_text("shot.png")
    expect(agent.locator(".chip.is-uploading")).to_have_count(0)
    expect(agent.locator(".chip.is-broken")).to_have_count(0)
