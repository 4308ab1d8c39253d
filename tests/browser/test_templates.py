"""In a browser: the window closes, the composer asks for a template, and one is chosen and sent."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from conversations.models import Conversation
from gateway.models import Channel, Delivery, ReplyWindow
from gateway.templates.keeping import keep_templates
from tests import builders as make
from tests.browser.conftest import WAIT_MS
from tests.gateway.test_outbox import run
from tests.gateway.windows import talk
from tests.gateway.windows.test_templates import ORDER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="session", autouse=True)
def beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, beside which the database is spoken to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def sink(settings: Any) -> Iterator[talk.TalkSink]:
    """The provider, and its kinds of channel."""
    with talk.registered(settings), talk.TalkSink() as made:
        settings.SIMULATOR_URL = made.url
        yield made


@pytest.fixture
def conversation(sink: talk.TalkSink) -> Conversation:
    """A person who wrote a while ago."""
    channel = make.channel(kind="talk")
    keep_templates(channel, [ORDER])
    contact = make.contact(channel.workspace, name="Ann Lee")
    conversation = make.conversation(channel, contact)
    make.message(conversation, "Where is my order?")
    opened(conversation, timedelta(hours=3, minutes=5))
    return conversation


def opened(conversation: Conversation, left: timedelta) -> None:
    """The window closes in so long."""
    ReplyWindow.objects.update_or_create(
        workspace=conversation.workspace,
        channel=conversation.channel,
        address=conversation.address.value,
        defaults={"until": timezone.now() + left},
    )


@pytest.fixture
def page(browser: Browser, live_server: Any, conversation: Conversation) -> Iterator[Page]:
    """An admin's, logged in."""
    client = Client()
    client.force_login(make.member(conversation.workspace, role="admin").user)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(WAIT_MS)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    context.add_cookies([{**cookie, "url": live_server.url}])  # type: ignore[typeddict-item]
    yield context.new_page()
    context.close()


def test_a_closed_window_asks_for_a_template(
    live_server: Any, page: Page, conversation: Conversation, sink: talk.TalkSink
) -> None:
    page.goto(f"{live_server.url}/conversations/{conversation.pk}/")
    expect(page.get_by_test_id("window")).to_have_text("You can write freely for 3 hours more.")
    expect(page.get_by_test_id("composer-input")).to_be_visible()
    opened(conversation, -timedelta(minutes=1))
    page.evaluate("htmx.trigger('#composer-window', 'window:look')")
    expect(page.get_by_test_id("composer-input")).to_be_hidden()
    page.get_by_test_id("mode-note").click()
    expect(page.get_by_test_id("composer-input")).to_be_visible()
    page.get_by_test_id("mode-reply").click()

    page.get_by_test_id("template-choose").click()
    page.get_by_test_id("template-search").fill("way")
    page.get_by_test_id("template-row").click()
    values = page.get_by_test_id("template-value")
    expect(values).to_have_count(4)
    for place, value in enumerate(["7", "Ann", "A-7", "a7"]):
        values.nth(place).fill(value)
    bubble = page.get_by_test_id("template-dialog").get_by_test_id("template-bubble")
    expect(bubble).to_contain_text("Hi Ann, your order A-7 is on its way, Ann.")
    page.get_by_test_id("template-send").click()
    sent = page.get_by_test_id("message").filter(has_text="your order A-7 is on its way")
    expect(sent).to_have_count(1)
    expect(sent).to_have_attribute("data-state", "queued")
    run(2)
    assert [one["Template"] for one in sink.received] == ["order_update {'1': 'Ann', '2': 'A-7'}"]
    assert Delivery.objects.get().state == "sent"


def test_a_template_is_handed_in_with_a_live_preview(
    live_server: Any, page: Page, conversation: Conversation, sink: talk.TalkSink
) -> None:
    channel: Channel = conversation.channel
    page.goto(f"{live_server.url}/settings/channels/{channel.pk}/templates/")
    page.get_by_test_id("add").click()
    page.fill("input[name=name]", "welcome")
    page.fill("input[name=language]", "en")
    page.fill("input[name=category]", "utility")
    page.fill("textarea[name=body]", "Welcome, {{1}}!")
    page.fill("[name=example-1]", "Ann")
    expect(page.get_by_test_id("template-bubble")).to_have_text("Welcome, Ann!")
    page.get_by_test_id("hand-in").click()
    row = page.get_by_test_id("template").filter(has_text="welcome")
    expect(row).to_have_attribute("data-status", "pending")
    assert sink.templates[0]["examples"] == [["1", "Ann"]]
