"""Telegram's look-alike over real HTTP, driven by our adapter, and its webhooks."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from channels_social.telegram import Telegram
from gateway.content.model import AskLocation, Content, Location, Media, OpenUrl, Reply
from gateway.contract import Checked, Signal
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)
from gateway.events import (
    Edited,
    Identity,
    InboundMessage,
    Keyword,
    OptOut,
    Reaction,
)
from tests.payloads.telegram.exhibit import BOT, SECRET, TOKEN, config
from tests.simulator.bots import NUMBER, UID, ChatStand, chats
from tests.simulator.conftest import until

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@pytest.fixture
async def stand(settings: Any) -> AsyncIterator[ChatStand]:
    """A simulator with one bot."""
    tokens = {"token": SECRET, "tokens": frozenset({TOKEN})}
    async with chats(settings, Telegram, config(), **tokens) as made:
        yield made


async def test_a_message_is_shown_and_nothing_is_reported(stand: ChatStand) -> None:
    assert await stand.call(stand.adapter.check()) == Checked(f"{BOT}, Support")
    external_id = await stand.send("¿Qué tal?")
    [row] = await stand.sent()
    assert (row["sid"], row["to"], row["body"]) == (external_id, stand.person, "¿Qué tal?")
    assert external_id.startswith(f"{stand.person}:")
    assert not stand.door.received


async def test_buttons_are_tapped_by_what_they_carry(stand: ChatStand) -> None:
    long = "p" * 65
    offered = (Reply("Yes", "order:1"), Reply("Later", long), OpenUrl("Open", "https://e.org/"))
    external_id = await stand.send(Content("Shall we?", suggestions=offered))
    chips = (await stand.sent())[0]["content"]["suggestions"]
    assert [one["reply"]["postbackData"] for one in chips if "reply" in one] == ["order:1", "#1"]
    for chip in (chips[0], chips[1]):
        said = {"text": chip["reply"]["text"], "payload": chip["reply"]["postbackData"]}
        assert (await stand.inbound(**said))["webhook_status"] == 200
    yes, later = stand.events()
    assert isinstance(yes, InboundMessage)
    assert isinstance(later, InboundMessage)
    assert (yes.text, yes.payload, yes.reply_to) == ("Yes", "order:1", external_id)
    assert (later.text, later.payload, later.reply_to) == ("Later", None, external_id)
    assert yes.external_id != later.external_id
    for request in stand.door.received:
        assert "answerCallbackQuery" in stand.adapter.acknowledge(request).body


async def test_a_place_is_asked_for_and_sent(stand: ChatStand) -> None:
    await stand.send(Content("Where are you?", suggestions=(AskLocation("Send it"),)))
    [chip] = (await stand.sent())[0]["content"]["suggestions"]
    assert "shareLocationAction" in chip["action"]
    await stand.inbound(location={"latitude": 40.4, "longitude": -3.7})
    [event] = stand.events()
    assert isinstance(event, InboundMessage)
    assert event.location == Location(40.4, -3.7)


async def test_files_of_an_album_are_messages_of_their_own(stand: ChatStand) -> None:
    media = [
        {"content_type": kind, "data": base64.b64encode(data).decode()}
        for kind, data in (("image/png", PNG), ("application/pdf", b"%PDF-1.4"))
    ]
    said = await stand.inbound(text="Both", media=media)
    picture, paper = stand.events()
    assert isinstance(picture, InboundMessage)
    assert isinstance(paper, InboundMessage)
    assert picture.external_id == said["sid"]
    assert (picture.text, paper.text) == ("Both", "")
    assert [one.attachments[0].content_type for one in (picture, paper)] == [
        "image/jpeg",
        "application/pdf",
    ]
    for event, data in ((picture, PNG), (paper, b"%PDF-1.4")):
        file = await stand.call(stand.adapter.fetch(event.attachments[0].url))
        assert TOKEN in file.url
        async with stand.http.get(file.url) as response:
            assert (response.status, await response.read()) == (200, data)


@pytest.mark.parametrize("kind", ["sendPhoto", "sendDocument"])
async def test_a_file_at_an_address(stand: ChatStand, kind: str) -> None:
    url, types = (
        "https://example.org/a",
        {"sendPhoto": "image/png", "sendDocument": "application/pdf"},
    )
    await stand.send(Content("Look", media=(Media(url, types[kind]),)))
    [row] = await stand.sent()
    assert (row["body"], row["media"], row["content"]["sent"]["method"]) == ("Look", [url], kind)


async def test_what_customers_do_beside_writing(stand: ChatStand) -> None:
    external_id = await stand.send("Hello")
    sid = (await stand.inbound(text="Helo"))["sid"]
    await stand.inbound(event="edit", message_id=sid, text="Hello")
    await stand.inbound(event="react", message_id=external_id, emoji="❤")
    await stand.inbound(event="react", message_id=external_id)
    await stand.inbound(event="contact")
    await stand.inbound(event="block")
    written, edited, loved, calm, card, blocked = stand.events()
    assert isinstance(written, InboundMessage)
    assert isinstance(edited, Edited)
    assert (edited.external_id, edited.text) == (written.external_id, "Hello") == (sid, "Hello")
    assert isinstance(loved, Reaction)
    assert isinstance(calm, Reaction)
    assert (loved.external_id, loved.emoji, calm.emoji) == (external_id, "❤", "")
    assert isinstance(card, InboundMessage)
    assert card.also == (Identity("phone", NUMBER),)
    assert isinstance(blocked, OptOut)
    assert (blocked.keyword, blocked.source) == (Keyword.STOP, "provider")
    with pytest.raises(OptedOut):
        await stand.send("Still there?")
    await stand.inbound(event="unblock")
    await stand.send("Welcome back")
    assert {event.sender for event in stand.events()} == {stand.person}  # type: ignore[union-attr]


async def test_typing_is_shown(stand: ChatStand) -> None:
    await stand.call(stand.adapter.signal(Signal.TYPING, stand.person, uid=UID))
    async with stand.http.get(f"{stand.base}/signals") as response:
        [signal] = (await response.json())["signals"]
    assert (signal["provider"], signal["to"], signal["type"]) == (
        "telegram",
        stand.person,
        "typing",
    )


async def test_a_phone_that_is_off_gets_it_later(stand: ChatStand) -> None:
    await stand.post("/phones", number=NUMBER, online=False)
    await stand.send("Hello")
    async with asyncio.timeout(5):
        while (await stand.post("/phones", number=NUMBER, online=False))["waiting"] != 1:
            await asyncio.sleep(0.01)
    assert not (await stand.sent())[0]["displayed"]
    await stand.post("/phones", number=NUMBER, online=True)
    assert (await stand.sent())[0]["displayed"]


async def test_a_webhook_is_registered(stand: ChatStand) -> None:
    url = "https://inbox.example.org/webhooks/x/"
    assert await stand.call(stand.adapter.register(url)) == Checked(BOT)
    with pytest.raises(Rejected, match="HTTPS"):
        await stand.call(stand.adapter.register("ftp://x"))


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
    assert raised.value.retry_after == (1 if error is Throttled else None)
    assert bool(await stand.sent()) is ("drop_after_accept" in knobs)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (Content("x" * 4096), None),
        (Content("x", suggestions=(OpenUrl("y", "http://localhost/"),)), Rejected),
    ],
)
async def test_what_is_refused(
    stand: ChatStand, content: Content, error: type[SendError] | None
) -> None:
    if error is None:
        assert await stand.send(content)
        return
    with pytest.raises(error):
        await stand.send(content)
    assert not await stand.sent()


async def test_a_message_over_the_limit_is_refused_there_too(stand: ChatStand) -> None:
    url = f"{stand.base}/telegram/bot{TOKEN}/sendMessage"
    for body, words in (
        ({"chat_id": 5, "text": "x" * 4097}, "message is too long"),
        ({"chat_id": "nobody", "text": "x"}, "chat not found"),
        ({"chat_id": 5, "text": " "}, "message text is empty"),
    ):
        async with stand.http.post(url, json=body) as response:
            assert response.status == 400
            assert words in (await response.json())["description"]


async def test_other_tokens(stand: ChatStand) -> None:
    for token in ("123456789:wrong-AAAAAAAAAAAAAAAAAAAA", "nonsense"):
        async with stand.http.get(f"{stand.base}/telegram/bot{token}/getMe") as response:
            assert response.status == 401
    unsaved = Telegram(config(bot_token="987654:" + "B" * 30), base_url=f"{stand.base}/telegram")
    assert (await stand.call(unsaved.check())).summary == "@simulated_bot, Simulated bot"
    async with stand.http.get(f"{stand.base}/telegram/file/botwrong/documents/x") as response:
        assert response.status == 401


async def test_a_webhook_that_is_not_taken_comes_again(stand: ChatStand) -> None:
    stand.door.answers = [503]
    await stand.inbound(text="Hello")
    await until(lambda: len(stand.door.received) == 2)
    first, again = stand.events()
    assert first == again
