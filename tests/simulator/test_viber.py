"""Viber's look-alike over real HTTP, driven by our adapter, and its callbacks."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from channels_social.viber import Viber
from gateway.content.model import AskLocation, Card, Content, Location, Media, OpenUrl, Reply
from gateway.contract import Checked
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    OptedOut,
    SendError,
    Throttled,
    Unreachable,
)
from gateway.events import InboundMessage, Keyword, OptOut, StatusUpdate
from gateway.states import State
from tests.payloads.viber.exhibit import TOKEN, config
from tests.simulator.bots import NUMBER, ChatStand, chats
from tests.simulator.conftest import until

PICTURE = Media("https://example.org/a.jpg", "image/jpeg", "a.jpg")


@pytest.fixture
async def stand(settings: Any) -> AsyncIterator[ChatStand]:
    """A simulator with one bot."""
    about = {"token": TOKEN, "tokens": frozenset({TOKEN})}
    async with chats(settings, Viber, config(), **about) as made:
        yield made


def reports(stand: ChatStand) -> list[tuple[str, State]]:
    found = [one for one in stand.events() if isinstance(one, StatusUpdate)]
    return [(one.external_id, one.state) for one in found]


async def test_a_message_and_its_reports(stand: ChatStand) -> None:
    assert await stand.call(stand.adapter.check()) == Checked("Support, corner_shop")
    external_id = await stand.send("¿Qué tal?")
    assert int(external_id) > 2**53
    await until(lambda: len(stand.door.received) == 1)
    await stand.post("/phone/seen", phone=NUMBER)
    await until(lambda: len(stand.door.received) == 2)
    assert reports(stand) == [(external_id, State.DELIVERED), (external_id, State.READ)]
    assert {stand.adapter.shard_key(one) for one in stand.door.received} == {stand.person}


async def test_a_tap_comes_as_the_label(stand: ChatStand) -> None:
    offered = (Reply("Yes & <no>", "order:1"), OpenUrl("Open", "https://e.org/"), AskLocation("Me"))
    await stand.send(Content("Shall we?", suggestions=offered))
    reply, opens, place = (await stand.sent())[0]["content"]["suggestions"]
    assert reply["reply"] == {"text": "Yes & <no>", "postbackData": "Yes & <no>"}
    assert opens["action"]["openUrlAction"] == {"url": "https://e.org/"}
    assert "shareLocationAction" in place["action"]
    await stand.inbound(text="Yes & <no>", payload="Yes & <no>")
    await stand.inbound(location={"latitude": 40.4, "longitude": -3.7})
    messages = [one for one in stand.events() if isinstance(one, InboundMessage)]
    assert (messages[0].text, messages[0].payload) == ("Yes & <no>", None)
    assert messages[1].location == Location(40.4, -3.7)


async def test_cards_stand_side_by_side(stand: ChatStand) -> None:
    cards = (Card("One", "Words", PICTURE, (Reply("Buy"),)), Card("Two & three", "", PICTURE))
    await stand.send(Content(cards=cards))
    [row] = await stand.sent()
    shown = row["content"]["richCard"]["carouselCard"]["cardContents"]
    assert [card["title"] for card in shown] == ["One", "Two & three"]
    assert shown[0]["media"]["contentInfo"]["fileUrl"] == PICTURE.url
    assert shown[0]["suggestions"][0]["reply"]["postbackData"] == "Buy – One"


async def test_files(stand: ChatStand) -> None:
    await stand.send(Content("Look", media=(PICTURE,)))
    [row] = await stand.sent()
    assert (row["body"], row["media"]) == ("Look", [PICTURE.url])
    media = [{"content_type": "image/png", "data": base64.b64encode(b"\x89PNG").decode()}]
    await stand.inbound(text="Mine", media=media)
    [message] = [one for one in stand.events() if isinstance(one, InboundMessage)]
    [file] = message.attachments
    assert (message.text, file.content_type) == ("Mine", "image/jpeg")
    request = stand.adapter.media_request(file.url)
    async with stand.http.get(request.url) as response:
        assert await response.read() == b"\x89PNG"


async def test_who_leaves_gets_nothing_until_they_come_back(stand: ChatStand) -> None:
    await stand.inbound(event="block")
    with pytest.raises(OptedOut):
        await stand.send("Still there?")
    await stand.inbound(event="unblock")
    await stand.send("Welcome back")
    switches = [one for one in stand.events() if isinstance(one, OptOut)]
    assert [one.keyword for one in switches] == [Keyword.STOP, Keyword.START]
    assert {(one.source, one.sender) for one in switches} == {("provider", stand.person)}


async def test_who_opens_the_bot_is_welcomed(stand: ChatStand) -> None:
    await stand.inbound(event="conversation_started", context="summer")
    [request] = stand.door.received
    assert stand.events() == []
    welcoming = Viber(config(welcome="Hi!"))
    assert '"text": "Hi!"' in welcoming.acknowledge(request).body


async def test_the_webhook_is_tried_when_it_is_registered(stand: ChatStand) -> None:
    url = f"{stand.door.base}/webhooks/x/"
    assert await stand.call(stand.adapter.register(url)) == Checked("corner_shop")
    [request] = stand.door.received
    stand.adapter.verify(request)
    assert stand.adapter.handshake(request) is not None
    stand.door.answers = [403]
    with pytest.raises(BadCredentials, match="403"):
        await stand.call(stand.adapter.register(url))


@pytest.mark.parametrize(
    ("knobs", "error"),
    [
        ({"rate_429": 1}, Throttled),
        ({"rate_500": 1}, Ambiguous),
        ({"rate_503": 1}, Unreachable),
        ({"rate_credentials": 1}, BadCredentials),
        ({"drop_after_accept": 1}, Ambiguous),
    ],
)
async def test_faults(stand: ChatStand, knobs: dict[str, float], error: type[SendError]) -> None:
    await stand.faults(**knobs)
    with pytest.raises(error) as raised:
        await stand.send("Hello")
    assert type(raised.value) is error
    assert bool(await stand.sent()) is ("drop_after_accept" in knobs)


async def test_another_token(stand: ChatStand) -> None:
    wrong = Viber(config(auth_token="wrong-0123456789"), base_url=f"{stand.base}/viber")
    with pytest.raises(BadCredentials, match="invalidAuthToken"):
        await stand.call(wrong.check())
    unsaved = Viber(config(auth_token="another-0123456789"), base_url=f"{stand.base}/viber")
    assert (await stand.call(unsaved.check())).summary == "Simulated bot"
