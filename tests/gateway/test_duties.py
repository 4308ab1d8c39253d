"""Polling and registering over real HTTP: nothing is asked twice too early, nothing is lost."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from django.utils import timezone
from pytest_django.fixtures import Settings

from gateway import registry
from gateway.channels import create_channel, update_channel
from gateway.drain import drain
from gateway.duties.doing import do_due
from gateway.duties.model import ChannelDuty, Duty
from gateway.events import InboundMessage
from gateway.http import POLLED
from gateway.models import Channel, InboundRequest
from gateway.secrets import unseal
from tests import builders
from tests.gateway import anything

pytestmark = pytest.mark.django_db(transaction=True)


class Provider:
    """Answers polls from a list of pages and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.hooks: list[str] = []
        self.pages: list[dict[str, Any]] = []
        self.status = 200
        # What happens while it is asked.
        self.meanwhile: Callable[[], None] | None = None
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.url = ""
        self.thread = threading.Thread(target=self._serve, daemon=True)

    async def poll(self, request: web.Request) -> web.Response:
        """The next page; nothing new when there is none."""
        self.asked.append(request.query["since"])
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            await asyncio.to_thread(act)
        page = {"bodies": [], "cursor": request.query["since"], "more": False}
        return web.json_response(self.pages.pop(0) if self.pages else page, status=self.status)

    async def hook(self, request: web.Request) -> web.Response:
        """Its webhooks' address."""
        self.hooks.append((await request.json())["url"])
        return web.json_response({}, status=self.status)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        app = web.Application()
        app.router.add_get("/anything/poll", self.poll)
        app.router.add_post("/anything/hook", self.hook)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self.loop.run_until_complete(runner.setup())
        self.loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self.ready.set()
        self.loop.run_forever()
        self.loop.run_until_complete(runner.cleanup())
        self.loop.close()


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    found = Provider()
    found.thread.start()
    found.ready.wait(10)
    settings.SIMULATOR_URL = found.url
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, anything.PATH]
    registry.adapters.cache_clear()
    yield found
    registry.adapters.cache_clear()
    found.loop.call_soon_threadsafe(found.loop.stop)
    found.thread.join(10)


def made(**config: str) -> Channel:
    return create_channel(
        workspace=builders.workspace(),
        member=None,
        kind="anything",
        name="Anything",
        config={"name": "us", **config},
    )


def test_what_is_polled_comes_in_like_a_webhook_and_the_cursor_goes_on(provider: Provider) -> None:
    channel = made()
    first, second = (
        anything.body_of(InboundMessage(f"m{n}", "77", "us", f"Text {n}")) for n in (1, 2)
    )
    provider.pages = [
        {"bodies": [first], "cursor": "c1", "more": True},
        {"bodies": [second], "cursor": "c2", "more": False},
    ]
    while do_due():
        pass
    assert provider.asked == ["", "c1"]
    assert [row.method for row in InboundRequest.objects.all()] == [POLLED, POLLED]
    drain()
    conversation = channel.conversations.get()
    assert [row.text for row in conversation.messages.order_by("id")] == ["Text 1", "Text 2"]
    duty = ChannelDuty.objects.get(channel=channel, duty=Duty.POLL)
    assert (duty.cursor, duty.error) == ("c2", "")
    left = (duty.due_at or timezone.now()) - timezone.now()
    assert timedelta(seconds=20) < left <= timedelta(seconds=30)


def test_the_provider_is_told_the_address_once_and_again_when_the_config_changes(
    provider: Provider,
) -> None:
    channel = made()
    while do_due():
        pass
    assert len(provider.hooks) == 1
    assert str(channel.pk) in provider.hooks[0]
    update_channel(channel=channel, member=None, name="Other")
    assert do_due() == 0
    update_channel(channel=channel, member=None, config={"name": "them"})
    while do_due():
        pass
    assert len(provider.hooks) == 2


def test_what_fails_is_said_and_tried_again_later(provider: Provider) -> None:
    channel, provider.status = made(), 500
    while do_due():
        pass
    duties = {row.duty: row for row in ChannelDuty.objects.filter(channel=channel)}
    assert [row.error for row in duties.values()] == ["not now", "not now"]
    assert all(row.due_at and row.due_at > timezone.now() for row in duties.values())
    provider.status = 200
    ChannelDuty.objects.update(due_at=timezone.now())
    while do_due():
        pass
    assert set(ChannelDuty.objects.values_list("error", flat=True)) == {""}


def test_a_channel_that_is_off_is_left_alone(provider: Provider) -> None:
    channel = made()
    update_channel(channel=channel, member=None, enabled=False)
    assert do_due() == 0
    assert provider.asked == []


def test_a_field_that_is_generated_gets_a_value_of_its_own(provider: Provider) -> None:
    tokens = {unseal(made().config)["token"] for _ in range(2)}
    assert [len(token) for token in tokens] == [43, 43]
    assert unseal(made(token="mine").config)["token"] == "mine"
