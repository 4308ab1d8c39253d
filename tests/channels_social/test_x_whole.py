"""X in the product, over real HTTP: the simulator is a process of its own, as is the web door."""

import base64
import io
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import Member, Role
from conversations.models import Conversation, Direction, Message
from conversations.services import send_message
from embedded.ports import free_port
from gateway.channels import check_channel, check_config_with_provider, create_channel
from gateway.content.model import Content, Media
from gateway.drain import drain
from gateway.duties.doing import do_due
from gateway.duties.model import ChannelDuty, Duty
from gateway.errors import BadCredentials
from gateway.media.fetching import fetch_due
from gateway.media.models import StoredFile
from gateway.media.storing import store
from gateway.models import Channel, ChannelLog, Delivery, InboundRequest, SignatureRefusal
from gateway.outbox.runner import Runner
from gateway.states import State
from simulator.identities import identity
from tests import builders
from tests.gateway.media.conftest import folder
from tests.gateway.media.shelf import PNG
from tests.payloads.x.exhibit import CONFIG, OWN, SECRET
from tests.processes import Processes, until

__all__ = ["folder"]  # a fixture
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

MAYA = "+14155550111"
PERSON = identity("x", MAYA)


class Net(Processes):
    """The simulator, and for webhooks the product's door."""

    def __init__(self) -> None:
        port = free_port()
        self.simulator = f"http://127.0.0.1:{port}"
        super().__init__(SIMULATOR_URL=self.simulator, DEBUG="1")
        self.start("simulator", "manage", "simulator", "--port", str(port))

    def ask(self, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(
            self.simulator + path, data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def answers(self) -> bool:
        try:
            return bool(self.ask("/faults"))
        except OSError:
            return False

    def write(self, text: str, **more: Any) -> str:
        """A customer writes; the id at X."""
        who = {"provider": "x", "channel_address": "@acme", "from": MAYA}
        # A channel that was made a moment ago is not known to it yet.
        until(lambda: self.knows("@acme"), "the simulator does not know the channel")
        return str(self.ask("/inbound", **who, text=text, **more)["sid"])

    def knows(self, address: str) -> bool:
        lines = self.ask("/phone/state")["lines"]
        return address in {line["address"] for line in lines}

    def event(self, kind: str, about: str = "") -> Any:
        who = {"provider": "x", "channel_address": "@acme", "from": MAYA}
        return self.ask("/inbound", **who, event=kind, message_id=about)["webhook_status"]

    def sent(self) -> list[Any]:
        return list(self.ask("/sent?provider=x")["messages"])


@pytest.fixture
def net(settings: Settings) -> Iterator[Net]:
    with Net() as found:
        settings.DEBUG, settings.SIMULATOR_URL = True, found.simulator
        settings.PUBLIC_URL = found.url
        until(found.answers, "the simulator never came up")
        yield found


def made(agent: Member, **config: str) -> Channel:
    return create_channel(
        workspace=agent.workspace,
        member=None,
        kind="x",
        name="Acme",
        config=CONFIG | config,
        rate_per_second=1000.0,
    )


@pytest.fixture
def agent() -> Member:
    return builders.member(role=Role.ADMIN)


def look() -> None:
    """X is asked now, and what it answers is taken in."""
    ChannelDuty.objects.filter(duty=Duty.POLL).update(due_at=timezone.now())
    while do_due():
        pass
    assert set(ChannelDuty.objects.values_list("error", flat=True)) <= {""}
    drain()


def run_outbox() -> None:
    runner = Runner()
    try:
        runner.run(5.0)
    finally:
        runner.close()


def sends() -> bool:
    run_outbox()
    return True


def answer(conversation: Conversation, agent: Member, text: str, **more: Any) -> Message:
    conversation.refresh_from_db()
    message = send_message(conversation=conversation, author=agent, text=text, **more)
    run_outbox()
    return message


def said(conversation: Conversation) -> list[tuple[str, str]]:
    rows = conversation.messages.filter(kind="text").order_by("id")
    return [(row.direction, row.text) for row in rows]


def test_mentions_and_direct_messages_are_asked_for_and_answered(net: Net, agent: Member) -> None:
    made(agent)
    look()
    mention = net.write("@acme where is my order?", public=True)
    net.write("It is number 7 <3 & urgent")
    look()

    public, direct = Conversation.objects.order_by("-public")
    assert (public.public, public.thread, direct.public, direct.thread) == (
        True,
        mention,
        False,
        "",
    )
    assert public.contact == direct.contact
    assert public.contact.name == "Maya Johnson"
    assert public.address.handle == "@Maya_Johnson"
    assert public.address.kind == "x"
    assert public.address.value == PERSON
    assert said(direct) == [(Direction.INBOUND, "It is number 7 <3 & urgent")]

    answer(public, agent, "We look into it.")
    answer(direct, agent, "It left yesterday.")
    posted, written = net.sent()
    assert posted["content"] == {"text": "We look into it.", "public": True, "reply_to": mention}
    assert (written["to"], written["body"], written["content"]) == (
        PERSON,
        "It left yesterday.",
        None,
    )
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}

    # Our own direct message comes back with the next page, and is not shown twice.
    net.write("@acme thanks", public=True, reply_to=posted["sid"])
    look()
    look()
    assert said(direct) == [
        (Direction.INBOUND, "It is number 7 <3 & urgent"),
        (Direction.OUTBOUND, "It left yesterday."),
    ]
    assert said(public) == [
        (Direction.INBOUND, "@acme where is my order?"),
        (Direction.OUTBOUND, "We look into it."),
        (Direction.INBOUND, "@acme thanks"),
    ]
    assert Message.objects.filter(kind="text").count() == 5
    log = "".join(f"{row.request}{row.response}" for row in ChannelLog.objects.all())
    assert "left yesterday" not in log
    assert SECRET not in log


def test_a_long_answer_goes_as_several_posts_by_weight(net: Net, agent: Member) -> None:
    made(agent)
    mention = net.write("@acme tell me all", public=True)
    look()
    text = " ".join(["日本語の長い返事です"] * 20)
    answer(Conversation.objects.get(), agent, text)
    until(lambda: sends() and len(net.sent()) == 2, "the second post never left")
    posts = net.sent()
    assert " ".join(post["body"] for post in posts) == text
    assert [post["content"]["reply_to"] for post in posts] == [mention, posts[0]["sid"]]
    assert {post["to"] for post in posts} == {PERSON}


def test_files_go_both_ways(net: Net, agent: Member, settings: Settings) -> None:
    made(agent)
    net.write("", media=[{"content_type": "image/png", "data": base64.b64encode(PNG).decode()}])
    look()
    fetch_due(5)
    stored = StoredFile.objects.get()
    assert stored.content_type == "image/png"

    row = store(workspace_id=agent.workspace_id, content=io.BytesIO(PNG), name="a.png")
    content = Content("Here", (Media("", "image/png", "a.png", file=str(row.uid)),))
    answer(Conversation.objects.get(), agent, "", content=content)
    [sent] = net.sent()
    assert sent["body"] == "Here"
    assert len(sent["media"]) == 1
    with urllib.request.urlopen(sent["media"][0], timeout=10) as found:
        assert found.read() == PNG


def test_pushes_are_signed_and_answered(net: Net, agent: Member) -> None:
    net.web()
    channel = made(agent, receive="webhook")
    until(lambda: bool(do_due()) or registered(channel), "the webhook never was registered")
    duty = ChannelDuty.objects.get(duty=Duty.REGISTER)
    assert duty.error == ""

    mention = net.write("@acme hello?", public=True)
    net.write("psst")
    assert net.event("typing") == 200
    drain()
    public, direct = Conversation.objects.order_by("-public")
    assert (public.thread, said(direct)) == (mention, [(Direction.INBOUND, "psst")])
    answer(public, agent, "Hello!")
    answer(direct, agent, "Yes?")

    # X pushes what we have written as well; it is recognised.
    until(lambda: echoes() >= 2, "the echoes never came")
    assert net.event("read") == 200
    until(lambda: drained(direct) == State.READ, "nobody has read it")
    assert net.event("delete", mention) == 200
    drain()
    assert said(direct) == [(Direction.INBOUND, "psst"), (Direction.OUTBOUND, "Yes?")]
    assert [direction for direction, _text in said(public)] == [
        Direction.INBOUND,
        Direction.OUTBOUND,
    ]
    # What was deleted at X may not be kept.
    assert "hello?" not in "".join(text for _direction, text in said(public))
    assert not SignatureRefusal.objects.exists()


def registered(channel: Channel) -> bool:
    duty = ChannelDuty.objects.get(channel=channel, duty=Duty.REGISTER)
    return duty.done_at is not None


def echoes() -> int:
    drain()
    rows = InboundRequest.objects.values_list("body", flat=True)
    return sum(b'"dm.sent"' in bytes(row) or b'"post.create"' in bytes(row) for row in rows)


def drained(conversation: Conversation) -> str:
    drain()
    uids = conversation.messages.filter(direction=Direction.OUTBOUND).values_list("uid", flat=True)
    return Delivery.objects.get(message_uid__in=list(uids)).state


def test_limits_and_refusals(net: Net, agent: Member) -> None:
    made(agent)
    mention = net.write("@acme hi", public=True)
    look()
    [conversation] = Conversation.objects.all()
    answer(conversation, agent, "Hello")
    answer(conversation, agent, "Hello")
    first, second = Delivery.objects.order_by("id")
    assert (first.state, second.state) == (State.SENT, State.FAILED)
    assert "same text" in second.error_text
    net.ask("/faults", provider="x", rate_429=1)
    answer(conversation, agent, "Later")
    assert Delivery.objects.latest("id").state == State.QUEUED
    net.ask("/faults", provider="x", rate_500=1)
    assert mention in {row.external_id for row in Message.objects.all()}


def test_credentials_are_checked_before_they_are_saved(net: Net, agent: Member) -> None:
    new = {"consumer_key": "SomeKey", "access_token": "42-newshop", "username": "@NewShop"}
    assert check_config_with_provider("x", CONFIG | new).summary == "newshop (@newshop)"
    for wrong in ({"consumer_key": "wrong"}, {"username": "@other"}):
        with pytest.raises(BadCredentials):
            check_config_with_provider("x", CONFIG | new | wrong)
    channel = made(agent)
    until(lambda: net.knows("@acme"), "the simulator does not know the channel")
    assert check_channel(channel).summary == "Acme (@acme)"
    with pytest.raises(BadCredentials):
        check_config_with_provider("x", CONFIG | {"access_token_secret": "another"})
    assert OWN in CONFIG["access_token"]
