"""Messenger and Instagram over real processes: the product's web, and the look-alike."""

import base64
import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from accounts.models import Workspace
from conversations.models import Message
from embedded.ports import free_port
from gateway.channels import check_channel, create_channel
from gateway.drain import drain
from gateway.media.fetching import fetch_due
from gateway.models import Channel, Delivery, InboundRequest, InboundState
from gateway.outbox.runner import Runner
from gateway.states import State
from tests import builders
from tests.api.client import Caller, caller
from tests.payloads.instagram import exhibit as of_instagram
from tests.payloads.messenger import exhibit as of_messenger
from tests.processes import Processes, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PHONE = "+14155550114"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CONFIGS = {"messenger": of_messenger.config(), "instagram": of_instagram.config()}


class World(Processes):
    """The web process and the simulator; what both are asked by a test."""

    def __init__(self) -> None:
        self.simulator_port = free_port()
        self.simulator = f"http://127.0.0.1:{self.simulator_port}"
        super().__init__(SIMULATOR_URL=self.simulator, DEBUG="1")

    def start_both(self) -> None:
        self.web()
        self.start("simulator", "manage", "simulator", "--port", str(self.simulator_port))
        until(self.answers, "the simulator never came up")

    def answers(self) -> bool:
        try:
            return bool(self.ask("/faults"))
        except OSError:
            return False

    def ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.simulator + path, data, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def channel(self, kind: str, ws: Workspace) -> Channel:
        """A new channel that the look-alike has heard of."""
        made = create_channel(
            workspace=ws,
            member=None,
            kind=kind,
            name="Shop",
            config=CONFIGS[kind],
            rate_per_second=1000.0,
        )
        until(lambda: self.knows(made), "the look-alike never heard of the channel")
        return made

    def knows(self, channel: Channel) -> bool:
        lines = self.ask("/phone/state")["lines"]
        return any(line["channel"] == str(channel.pk) for line in lines)

    def happens(self, channel: Channel, **what: Any) -> str:
        """A customer does something; the id of it."""
        ends = {"provider": channel.kind, "channel_address": channel.address, "from": PHONE}
        said = self.ask("/inbound", ends | what)
        assert said["webhook_status"] in {200, None}, said
        drain()
        return str(said["sid"])

    def sent(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(f"/sent?provider={kind}")["messages"]
        return found

    def look(self) -> None:
        """The customer looks at the phone."""
        self.ask("/phone/seen", {"phone": PHONE})


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    with World() as made:
        settings.DEBUG, settings.SIMULATOR_URL = True, made.simulator
        settings.PUBLIC_URL = made.url
        made.start_both()
        yield made
        Channel.objects.update(enabled=False)


def run_outbox() -> None:
    runner = Runner()
    try:
        runner.run(5.0)
    finally:
        runner.close()


def answer(api: Caller, conversation: int, **content: Any) -> Delivery:
    """An agent's answer, once it has left."""
    response = api.post(f"conversations/{conversation}/messages/", content)
    assert response.status_code == 201, response.content
    run_outbox()
    return Delivery.objects.latest("id")


def state_is(delivery: Delivery, state: State) -> bool:
    drain()
    delivery.refresh_from_db()
    return delivery.state == state


@pytest.mark.parametrize("kind", list(CONFIGS))
def test_both_ways(kind: str, world: World) -> None:
    ws = builders.workspace()
    channel = world.channel(kind, ws)
    api = caller(ws=ws)
    assert "shop" in check_channel(channel).summary.lower()

    # They write, with a file.
    picture = {"content_type": "image/png", "data": base64.b64encode(PIXEL).decode()}
    wrote = world.happens(channel, text="¿Dónde está mi pedido?", media=[picture])
    message = Message.objects.get(external_id=wrote)
    assert message.text == "¿Dónde está mi pedido?"
    conversation = message.conversation
    assert conversation.address.kind == kind
    assert conversation.address.value.isdecimal()
    fetch_due(1)
    shown = api.get(f"conversations/{conversation.pk}/messages/").json()["results"]
    assert [one["content_type"] for row in shown for one in row["attachments"]] == ["image/png"]

    # They are answered, with buttons, and tap one.
    tap = {"type": "reply", "text": "Track it", "payload": "track:1"}
    site = {"type": "open_url", "text": "Our site", "url": "https://shop.example/"}
    delivery = answer(api, conversation.pk, content={"text": "It left", "suggestions": [tap]})
    assert delivery.state == State.SENT
    chips = [{"content_type": "text", "title": "Track it", "payload": "track:1"}]
    assert world.sent(kind)[-1]["content"]["quick_replies"] == chips
    tapped = world.happens(channel, text="Track it", payload="track:1")
    assert Message.objects.get(external_id=tapped).text == "Track it"
    delivery = answer(api, conversation.pk, content={"text": "Here", "suggestions": [tap, site]})
    assert world.sent(kind)[-1]["content"]["attachment"]["payload"]["template_type"] == "button"
    until(lambda: bool(world.sent(kind)[-1]["displayed"]), "the phone never showed it")

    # Reports, by ids or up to a moment; the echo of our own message is not shown again.
    if kind == "messenger":
        until(lambda: state_is(delivery, State.DELIVERED), "it was never delivered")
    world.look()
    until(lambda: state_is(delivery, State.READ), "it was never read")
    ours = Message.objects.filter(conversation=conversation, direction="outbound", kind="text")
    assert sorted(ours.values_list("text", flat=True)) == ["Here", "It left"]

    # A file of ours.
    content = {"media": [{"url": "https://shop.example/mug.png", "content_type": "image/png"}]}
    answer(api, conversation.pk, content=content)
    attached = world.sent(kind)[-1]["content"]["attachment"]
    assert (attached["type"], attached["payload"]["url"]) == (
        "image",
        "https://shop.example/mug.png",
    )

    # What they do beside writing.
    world.happens(channel, event="reaction", message_id=wrote, text="❤️")
    world.happens(channel, event="edit", message_id=wrote, text="¿Y mi pedido?")
    message.refresh_from_db()
    assert message.text == "¿Y mi pedido?"
    world.happens(channel, event="echo", text="We wrote from the app")
    assert Message.objects.filter(text="We wrote from the app", direction="outbound").exists()
    world.happens(channel, event="unsend", message_id=wrote)
    message.refresh_from_db()
    assert kind != "instagram" or "pedido" not in message.text

    # Outside the window Meta refuses, and says why.
    world.happens(channel, event="close_window")
    late = answer(api, conversation.pk, text="Too late")
    assert (late.state, late.error_class) == (State.FAILED, "WindowClosed")

    # A comment, answered below it.
    comment = world.happens(channel, event="comment", text="What does it cost?")
    public = Message.objects.get(external_id=comment).conversation
    assert public.public
    assert public.pk != conversation.pk
    answer(api, public.pk, text="9 €")
    assert (world.sent(kind)[-1]["body"], world.sent(kind)[-1]["traffic"]) == ("9 €", "comment")
    assert not InboundRequest.objects.exclude(state=InboundState.DONE).exists()


def test_faults_have_their_consequences(world: World) -> None:
    ws = builders.workspace()
    channel = world.channel("messenger", ws)
    world.happens(channel, text="Hi")
    conversation = Message.objects.get().conversation
    world.ask("/faults", {"provider": "messenger", "rate_credentials": 1})
    answer(caller(ws=ws), conversation.pk, text="Hello")
    channel.refresh_from_db()
    assert channel.paused_at is not None
    assert world.sent("messenger") == []
    found = world.ask(f"/sent?provider=messenger&to={quote(PHONE)}")
    assert found["count"] == 0
