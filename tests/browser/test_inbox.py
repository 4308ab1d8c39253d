"""The main job in a browser: a customer writes, an agent answers, the phone shows it."""

import itertools
import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from benches.stack import Stack

numbers = itertools.count(101)

Login = Callable[..., Page]
Phone = Callable[[str], Page]


@pytest.fixture
def number() -> str:
    """A customer nobody has heard of."""
    return f"+14155559{next(numbers):03d}"


def say(phone: Page, text: str) -> None:
    """The customer sends a text."""
    phone.get_by_test_id("phone-input").fill(text)
    phone.get_by_test_id("phone-send").click()


class Tunnel:
    """The page's sockets pass through it while it is open."""

    def __init__(self) -> None:
        self.open = True
        self.passing: list[WebSocketRoute] = []

    def through(self, route: WebSocketRoute) -> None:
        """Connect a new socket, or turn it away."""
        if self.open:
            route.connect_to_server()
            self.passing.append(route)
        else:
            route.close(code=1012)

    def collapse(self) -> None:
        """Cut what passes and let nothing through."""
        self.open = False
        for route in self.passing:
            route.close(code=1012)


def open_by(page: Page, phone: Page, stack: Stack, text: str) -> None:
    """The customer writes and the agent opens it from the list of all."""
    page.goto(f"{stack.url}/inbox/all/")
    say(phone, text)
    page.get_by_test_id("conversation-row").filter(has_text=text).locator("a").click()
    expect(page.get_by_test_id("message").filter(has_text=text)).to_have_count(1)


def reply(page: Page, text: str) -> None:
    """The agent answers."""
    page.get_by_test_id("composer-input").fill(text)
    page.get_by_test_id("composer-send").click()


def test_a_customer_writes_and_gets_an_answer(stack, login: Login, phone: Phone, number: str):
    agent = login("agent")
    agent.goto(f"{stack.url}/inbox/all/")
    agent.evaluate("window.neverReloaded = true")
    customer = phone(number)
    question, answer = f"Question {uuid.uuid4().hex[:8]}", f"Answer {uuid.uuid4().hex[:8]}"

    say(customer, question)
    line = agent.get_by_test_id("conversation-row").filter(has_text=question)
    expect(line).to_have_count(1)
    line.locator("a").click()
    expect(agent.get_by_test_id("message").filter(has_text=question)).to_have_count(1)

    reply(agent, answer)
    sent = agent.get_by_test_id("message").filter(has_text=answer)
    expect(sent).to_have_count(1)
    expect(customer.get_by_test_id("bubble-in").filter(has_text=answer)).to_have_count(1)
    expect(sent.get_by_test_id("tick-delivered")).to_be_visible()

    second = f"Thanks {uuid.uuid4().hex[:8]}"
    say(customer, second)
    expect(agent.get_by_test_id("message").filter(has_text=second)).to_have_count(1)
    assert agent.evaluate("window.neverReloaded")


def test_a_colleague_who_answers_first_stops_the_reply_once(
    stack, login: Login, phone: Phone, number: str
):
    ana, ben = login("agent"), login("agent", 1)
    customer = phone(number)
    open_by(ana, customer, stack, f"Help {uuid.uuid4().hex[:8]}")
    ben.goto(ana.url)
    expect(ben.get_by_test_id("message").first).to_be_visible()

    ben.get_by_test_id("composer-input").fill("Ben is slow")
    reply(ana, "Ana was first")
    expect(ben.get_by_test_id("message").filter(has_text="Ana was first")).to_have_count(1)
    ben.get_by_test_id("composer-send").click()

    expect(ben.get_by_test_id("moved")).to_contain_text("Ana was first")
    expect(ben.get_by_test_id("composer-input")).to_have_value("Ben is slow")
    assert not customer.get_by_test_id("bubble-in").filter(has_text="Ben is slow").count()
    ben.get_by_test_id("send-anyway").click()
    expect(customer.get_by_test_id("bubble-in").filter(has_text="Ben is slow")).to_have_count(1)


def test_a_note_never_reaches_the_customer(stack, login: Login, phone: Phone, number: str):
    agent, customer = login("agent"), phone(number)
    open_by(agent, customer, stack, f"Hello {uuid.uuid4().hex[:8]}")
    agent.get_by_test_id("mode-note").click()
    reply(agent, "Between us: be kind")
    note = agent.get_by_test_id("message").filter(has_text="Between us")
    expect(note).to_have_class(re.compile("msg-note"))
    agent.get_by_test_id("mode-reply").click()
    reply(agent, "A real answer")
    expect(customer.get_by_test_id("bubble-in").filter(has_text="A real answer")).to_have_count(1)
    assert not customer.get_by_text("Between us").count()


def test_a_draft_comes_back(stack, login: Login, phone: Phone, number: str):
    agent, customer = login("agent"), phone(number)
    open_by(agent, customer, stack, f"Hello {uuid.uuid4().hex[:8]}")
    with agent.expect_response(re.compile(r"/draft/$")) as saved:
        agent.get_by_test_id("composer-input").fill("Half an ans")
    assert saved.value.status == 204
    agent.reload()
    expect(agent.get_by_test_id("composer-input")).to_have_value("Half an ans")


def test_what_is_written_offline_arrives_once(stack, login: Login, phone: Phone, number: str):
    agent, customer = login("agent"), phone(number)
    open_by(agent, customer, stack, f"Hello {uuid.uuid4().hex[:8]}")
    text = f"From the tunnel {uuid.uuid4().hex[:8]}"
    agent.context.set_offline(True)
    reply(agent, text)
    expect(agent.get_by_test_id("message-problem")).to_be_visible()
    agent.context.set_offline(False)
    agent.reload()
    sent = agent.get_by_test_id("message").filter(has_text=text)
    expect(sent.get_by_test_id("tick-delivered")).to_be_visible()
    expect(sent).to_have_count(1)
    expect(customer.get_by_test_id("bubble-in").filter(has_text=text)).to_have_count(1)


def test_after_a_lost_connection_the_page_catches_up(
    stack, login: Login, phone: Phone, number: str
):
    agent, customer = login("agent"), phone(number)
    tunnel = Tunnel()
    agent.route_web_socket(re.compile("/ws/"), tunnel.through)
    open_by(agent, customer, stack, f"Hello {uuid.uuid4().hex[:8]}")
    agent.evaluate("window.neverReloaded = true")

    tunnel.collapse()
    expect(agent.locator("#connection")).to_be_visible()
    lost = f"While you were away {uuid.uuid4().hex[:8]}"
    say(customer, lost)
    agent.wait_for_timeout(1500)
    assert not agent.get_by_test_id("message").filter(has_text=lost).count()
    tunnel.open = True

    expect(agent.get_by_test_id("message").filter(has_text=lost)).to_have_count(1)
    expect(agent.locator("#connection")).to_be_hidden()
    assert agent.evaluate("window.neverReloaded")


def test_colleagues_see_who_is_here_and_who_writes(stack, login: Login, phone: Phone, number: str):
    ana, ben = login("agent"), login("agent", 1)
    open_by(ana, phone(number), stack, f"Crowd {uuid.uuid4().hex[:8]}")
    ben.goto(ana.url)
    expect(ana.locator("#viewers .avatar")).to_have_count(1)
    expect(ana.locator("#typing")).to_be_hidden()
    ben.get_by_test_id("composer-input").press_sequentially("Let me")
    expect(ana.locator("#typing")).to_be_visible()
    ben.close()
    expect(ana.locator("#typing")).to_be_hidden()
    expect(ana.locator("#viewers .avatar")).to_have_count(0)


def test_the_keyboard_is_enough(stack, login: Login, phone: Phone, number: str):
    agent, customer = login("agent"), phone(number)
    words = f"Keys {uuid.uuid4().hex[:8]}"
    open_by(agent, customer, stack, words)
    agent.get_by_test_id("thread").focus()
    agent.keyboard.press("r")
    expect(agent.get_by_test_id("composer-input")).to_be_focused()
    agent.keyboard.type("jkeo?")
    expect(agent.get_by_test_id("composer-input")).to_have_value("jkeo?")
    agent.get_by_test_id("composer-input").fill("")
    agent.keyboard.press("Escape")
    agent.keyboard.press("e")
    expect(agent.get_by_test_id("reopen-button")).to_be_visible()
    agent.keyboard.press("z")
    expect(agent.get_by_test_id("resolve-button")).to_be_visible()
    agent.keyboard.press("?")
    expect(agent.locator("#shortcuts")).to_be_visible()
    agent.keyboard.press("Escape")
    agent.keyboard.press("Control+k")
    expect(agent.locator("#palette")).to_be_visible()
    agent.keyboard.press("Escape")
    agent.keyboard.press("u")
    expect(agent.get_by_test_id("thread")).to_have_count(0)
    # Resolved and opened again: its row comes back to the list a moment later.
    expect(agent.get_by_test_id("conversation-row").filter(has_text=words)).to_have_count(1)
    agent.keyboard.press("o")
    expect(agent.get_by_test_id("thread")).to_be_visible()


def test_one_pane_at_a_time_on_a_small_screen(stack, login: Login, phone: Phone, number: str):
    agent = login("agent", viewport={"width": 320, "height": 640})
    open_by(agent, phone(number), stack, f"Small {uuid.uuid4().hex[:8]}")
    assert agent.get_by_test_id("conversation-list").is_hidden()
    wide = "document.documentElement.scrollWidth"
    assert agent.evaluate(wide) == 320
    agent.locator("[data-back]").click()
    expect(agent.get_by_test_id("conversation-list")).to_be_visible()
    assert agent.evaluate(wide) == 320
