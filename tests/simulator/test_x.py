"""X's look-alike: what it takes, refuses and pushes, read by our adapter."""

from typing import Any

import pytest

from gateway.events import InboundMessage, Seen, SentElsewhere, Typing, Unsent
from simulator.identities import identity, number_of
from tests.channels_social.oauth import signed
from tests.payloads.x.exhibit import CONFIG, OWN
from tests.simulator.conftest import until
from tests.simulator.x import XStand, x

__all__ = ["x"]  # a fixture
MAYA = "+14155550111"
PERSON = identity("x", MAYA)
WHO = {"provider": "x", "channel_address": "@acme", "from": MAYA}


@pytest.fixture
def pushed() -> bool:
    return True


def test_people_have_numbers_of_x() -> None:
    assert PERSON.isdecimal()
    assert len(PERSON) == 19
    assert identity("x", PERSON) == PERSON
    assert (number_of("x", PERSON), number_of("x", "42")) == (MAYA, "42")


async def test_what_people_write_is_pushed(x: XStand) -> None:
    first = await x.post("/inbound", WHO | {"text": "@acme <where>?", "public": True})
    second = await x.post("/inbound", WHO | {"text": "psst & so"})
    third = await x.post("/inbound", WHO | {"text": "me too", "public": True, "from": "42"})
    events = [one for one in x.door.pushed() if isinstance(one, InboundMessage)]
    assert [(one.external_id, one.sender, one.text, one.public) for one in events] == [
        (first["sid"], PERSON, "@acme <where>?", True),
        (second["sid"], PERSON, "psst & so", False),
        (third["sid"], "42", "@acme me too", True),
    ]
    assert events[0].thread == first["sid"]
    assert (events[0].sender_name, events[0].sender_handle) == ("Maya Johnson", "@Maya_Johnson")


async def test_answers_are_pushed_back_and_people_answer_them(x: XStand) -> None:
    mention = (await x.post("/inbound", WHO | {"text": "@acme hi", "public": True}))["sid"]
    body = {"text": "Hello!", "reply": {"in_reply_to_tweet_id": mention}}
    status, answer = await x.ask("/2/tweets", body)
    assert status == 201
    posted = answer["data"]["id"]
    reply = WHO | {"text": "@acme thanks", "public": True, "reply_to": posted}
    await until(lambda: len(x.door.received) == 2)
    await x.post("/inbound", reply)
    _mention, own, thanks = x.door.pushed()
    assert isinstance(own, SentElsewhere)
    assert (own.external_id, own.recipient, own.reply_to) == (posted, PERSON, mention)
    assert isinstance(thanks, InboundMessage)
    assert (thanks.thread, thanks.reply_to) == (mention, posted)


async def test_what_is_no_message(x: XStand) -> None:
    mention = (await x.post("/inbound", WHO | {"text": "@acme hi", "public": True}))["sid"]
    for event in ("typing", "read", "delete", "like", "follow"):
        await x.post("/inbound", WHO | {"event": event, "message_id": mention})
    _mention, typing, read, deleted, *_unknown = x.door.pushed()
    assert typing == Typing(PERSON)
    assert isinstance(read, Seen)
    assert deleted == Unsent(mention, PERSON, erase=True)
    _status, found = await x.ask(f"/2/users/{OWN}/mentions")
    assert found["meta"]["result_count"] == 0


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"text": "語" * 141}, 403, "too long"),
        ({"text": "https://example.com/" + "x" * 300}, 201, ""),
        ({}, 400, "text"),
        ({"text": "a", "media": {"media_ids": ["1"]}}, 400, "media"),
    ],
)
async def test_refusals(x: XStand, body: Any, status: int, words: str) -> None:
    found, answer = await x.ask("/2/tweets", body)
    assert found == status
    assert words in str(answer)


async def test_the_same_text_twice_is_refused(x: XStand) -> None:
    assert (await x.ask("/2/tweets", {"text": "Sale!"}))[0] == 201
    status, problem = await x.ask("/2/tweets", {"text": "Sale!"})
    assert (status, "duplicate content" in problem["detail"]) == (403, True)


async def test_direct_messages_to_who_is_closed(x: XStand) -> None:
    await x.post("/phones", {"number": MAYA, "error_code": 1})
    path = f"/2/dm_conversations/with/{PERSON}/messages"
    assert (await x.ask(path, {"text": "Hi"}))[0] == 403
    await x.post("/phones", {"number": MAYA, "error_code": 0})
    assert (await x.ask(path, {"text": "Hi"}))[0] == 201
    assert (await x.ask("/2/dm_conversations/with/bob/messages", {"text": "Hi"}))[0] == 404


async def test_calls_must_be_signed_rightly(x: XStand) -> None:
    right = x.adapter._ask("GET", "/2/users/me")
    assert signed(right, CONFIG)
    assert (await x.call(right))[0] == 200
    other = x.adapter._ask("GET", "/2/dm_events")
    right.headers = other.headers
    assert (await x.call(right))[0] == 401
    right.headers = {}
    assert (await x.call(right))[0] == 401


async def test_faults(x: XStand) -> None:
    for knob, status in (("rate_429", 429), ("rate_500", 500), ("rate_503", 503)):
        await x.post("/faults", {"provider": "x", knob: 1})
        assert (await x.ask("/2/users/me"))[0] == status
    await x.post("/faults", {"provider": "x"})
    assert (await x.ask("/2/users/me"))[0] == 200


async def test_posts_with_a_hashtag_are_found_and_told_to_nobody(x: XStand) -> None:
    to_all = (await x.post("/inbound", WHO | {"text": "A1 #BrandChat", "public": True}))["sid"]
    to_us = WHO | {"text": "@acme A1 #brandchat", "public": True, "from": "42"}
    mention = (await x.post("/inbound", to_us))["sid"]
    _status, own = await x.ask("/2/tweets", {"text": "Q1? #BrandChat"})
    _status, found = await x.ask("/2/tweets/search/recent?query=%23brandchat%20-is%3Aretweet")
    ids = [one["id"] for one in found["data"]]
    assert ids == [own["data"]["id"], mention, to_all]
    told = [one for one in x.door.pushed() if isinstance(one, InboundMessage)]
    assert [one.external_id for one in told] == [mention]
    _status, found = await x.ask(f"/2/users/{OWN}/mentions")
    assert [one["id"] for one in found["data"]] == [mention]

    page = f"/2/tweets/search/recent?query=%23BrandChat&since_id={to_all}"
    _status, found = await x.ask(page)
    assert [one["id"] for one in found["data"]] == ids[:2]
    assert (await x.ask("/2/tweets/search/recent?query=%23Other"))[1]["meta"]["result_count"] == 0
    assert (await x.ask("/2/tweets/search/recent?query=words"))[0] == 400


async def test_nothing_else_is_there(x: XStand) -> None:
    assert (await x.ask("/2/elsewhere"))[0] == 404
