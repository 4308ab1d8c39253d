"""What X pushes and answers, file by file, and what it means."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels_social.x import X
from channels_social.x_webhooks import signature
from gateway.errors import BadSignature, Malformed
from gateway.events import (
    Attachment,
    Event,
    InboundMessage,
    Referred,
    Seen,
    SentElsewhere,
    Tagged,
    Typing,
    UnknownEvent,
    Unsent,
)
from gateway.states import State
from tests.payloads.x.exhibit import BOB, CONFIG, FOLDER, OWN, URL, payload, request, sign

adapter = X(CONFIG)
POSTED = datetime(2026, 7, 24, 21, 23, 23, tzinfo=UTC)
WROTE = datetime(2026, 7, 24, 21, 23, 44, 372_000, tzinfo=UTC)
ASKED = datetime(2026, 7, 24, 21, 23, 44, tzinfo=UTC)
READ = datetime(2026, 7, 24, 21, 23, 50, tzinfo=UTC)
NAME, HANDLE = "Bob Díaz", "@bob_diaz"


def post(number: str, text: str, **more: Any) -> InboundMessage:
    id = f"2080765813578{number}"
    usual: dict[str, Any] = {
        "thread": id,
        "sender_name": NAME,
        "sender_handle": HANDLE,
        "occurred_at": POSTED,
    }
    return InboundMessage(id, BOB, OWN, text, public=True, **(usual | more))


def direct(number: str, text: str, sender: str = BOB, **more: Any) -> InboundMessage:
    usual: dict[str, Any] = {
        "sender_name": NAME,
        "sender_handle": HANDLE,
        "occurred_at": WROTE,
    }
    return InboundMessage(f"2080765901528{number}", sender, OWN, text, **(usual | more))


def quoted(text: str) -> Referred:
    id = "2080765813578190000"
    return Referred("post", f"https://x.com/i/status/{id}", text, id)


PHOTO = Attachment("https://pbs.twimg.com/media/one.png", "image/png")
VIDEO = Attachment("https://video.twimg.com/high.mp4?tag=12", "video/mp4")
OLD_PHOTO = Attachment("https://pbs.twimg.com/media/old.jpg", "image/jpeg")
DM_PHOTO = Attachment("https://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg", "image/jpeg")
ASKED_PHOTO = Attachment("https://ton.twitter.com/1.1/ton/data/dm/3/9/b.jpg", "image/jpeg")
FIRST = "2080765813578191303"

EVENTS: dict[str, list[Event]] = {
    # Neither the repost nor what we have posted ourselves.
    "polled_hashtag": [
        Tagged(
            "brandchat",
            replace(
                post("194002", "A1 with milk #brandchat", sender_name="", sender_handle=""),
                sender="3333333333333333333",
            ),
        ),
        Tagged(
            "brandchat",
            post(
                "194005",
                "A2 at dawn & alone #BrandChat",
                thread="2080765813578194001",
                reply_to="2080765813578194001",
                refers_to=("2080765813578194001",),
            ),
        ),
    ],
    "post_mention": [
        post("191303", "Hey @acme, where is my order? https://shop.example/orders/7 & thanks")
    ],
    "post_mention_photo": [post("191304", "@acme it came like this", attachments=(PHOTO, VIDEO))],
    "post_reply": [
        post(
            "191400",
            "@acme Still nothing",
            thread=FIRST,
            reply_to="2080765813578191350",
            refers_to=("2080765813578191350", FIRST),
        )
    ],
    "post_quote": [
        post(
            "191500",
            "Look at this https://x.com/acme/status/2080765813578190000",
            referred=quoted("Free delivery <3"),
        )
    ],
    "post_long": [post("191501", "@acme It began " + "on Monday " * 30 + "end")],
    "post_repost": [UnknownEvent("repost", "2080765813578191600")],
    "post_create_own_reply": [
        SentElsewhere(
            "2080765813578191700",
            BOB,
            "@bob_diaz On its way!",
            occurred_at=POSTED,
            reply_to=FIRST,
            thread=FIRST,
            public=True,
        )
    ],
    "post_create_own": [],
    "post_nul": [post("191900", "@acme ab")],
    "post_without_id": [UnknownEvent("post", f"{OWN}, {BOB}")],
    "post_delete": [Unsent(FIRST, BOB, erase=True)],
    "post_delete_own": [UnknownEvent("post.delete", "2080765813578191700")],
    "like": [UnknownEvent("like.create", "11")],
    "follow": [UnknownEvent("follow.follow", "12")],
    "block": [UnknownEvent("block.block", "13")],
    "oauth_revoke": [UnknownEvent("oauth.revoke", "14")],
    "profile_update": [UnknownEvent("profile.update.bio", "15")],
    "dm_received": [direct("535096", "hello! 📦 <b>")],
    "dm_received_photo": [direct("535097", "See", attachments=(DM_PHOTO,))],
    "dm_received_two": [
        direct("535098", "one"),
        direct("535099", "two", "3333333333333333333", sender_name="", sender_handle=""),
    ],
    "dm_sent": [
        SentElsewhere("2080763914820927863", BOB, "Thanks for the update!", occurred_at=WROTE)
    ],
    "dm_new_kind": [UnknownEvent("direct message message_poll", "5")],
    "dm_read": [Seen(BOB, State.READ, READ, "dm.read")],
    "dm_read_own": [],
    "dm_typing": [Typing(BOB)],
    "dm_typing_late": [],
    "chat_received": [
        InboundMessage(
            "e4f4d3fc-8bbf-4928-92eb-e5058d6bb6f6",
            BOB,
            OWN,
            "",
            occurred_at=WROTE,
            unsupported="chat.received",
        )
    ],
    "chat_sent": [UnknownEvent("chat.sent", "86")],
    "chat_join": [UnknownEvent("chat.conversation.join", "87")],
    "other_account": [UnknownEvent("event of another account", "4444444444444444444")],
    "aaa_mention": [post("192000", "@acme hello")],
    "aaa_reply": [
        post(
            "192001",
            "@acme and now the rest",
            attachments=(OLD_PHOTO,),
            thread="2080765813578191700",
            reply_to="2080765813578191700",
            refers_to=("2080765813578191700",),
        )
    ],
    "aaa_quote": [post("192002", "Look", referred=quoted("Free delivery"))],
    "aaa_several": [
        SentElsewhere(
            "2080765813578192003",
            BOB,
            "@bob_diaz Yes",
            occurred_at=POSTED,
            reply_to="2080765813578192000",
            thread="2080765813578192000",
            public=True,
        ),
        UnknownEvent("repost", "2080765813578192004"),
    ],
    "aaa_delete": [Unsent("2080765813578192000", BOB, erase=True)],
    "aaa_favorite": [UnknownEvent("favorite_events")],
    "aaa_follow": [UnknownEvent("follow_events")],
    "aaa_dm": [direct("535200", "old way")],
    "aaa_typing": [Typing(BOB)],
    "aaa_read": [Seen(BOB, State.READ, READ, "direct_message_mark_read")],
    "aaa_revoke": [UnknownEvent("user_event", "revoke")],
    "polled_mentions": [
        post(
            "193001",
            "@acme first",
            thread=FIRST,
            reply_to="2080765813578191700",
            refers_to=("2080765813578191700", FIRST),
        ),
        post("193002", "@acme second"),
    ],
    "polled_direct": [
        UnknownEvent("direct message ParticipantsJoin", "2080765901528536000"),
        direct("536001", "Here", occurred_at=ASKED, attachments=(ASKED_PHOTO,)),
        SentElsewhere("2080765901528536002", BOB, "On its way", occurred_at=ASKED),
        UnknownEvent("direct message of a group", "2080765901528536003"),
    ],
}


@pytest.mark.parametrize("name", list(EVENTS))
def test_payload(name: str) -> None:
    assert adapter.parse(payload(name)) == EVENTS[name]


def test_every_payload_file_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize("name", list(EVENTS))
def test_an_account_keeps_one_order(name: str) -> None:
    assert adapter.shard_key(payload(name)) == OWN


def test_a_page_comes_from_nobody_but_ourselves() -> None:
    """What was asked for is stored as POLL; a pushed one of the same form is nothing X sends."""
    with pytest.raises(Malformed):
        adapter.shard_key(replace(payload("polled_mentions"), method="POST"))


def test_ids_stay_text_when_they_come_as_numbers() -> None:
    body = json.loads(payload("aaa_mention").body)
    [found] = body["tweet_create_events"]
    del found["id_str"], found["user"]["id_str"]
    [event] = adapter.parse(request(json.dumps(body).encode()))
    assert isinstance(event, InboundMessage)
    assert (event.external_id, event.sender) == ("2080765813578192000", BOB)


@pytest.mark.parametrize("bad", [None, 5, "x", [], {}, [5], {"a": 5}])
@pytest.mark.parametrize("name", sorted(EVENTS))
def test_whatever_is_missing_or_of_another_type_breaks_nothing(name: str, bad: Any) -> None:
    """Each member in turn becomes something else: there are events, or it is Malformed."""
    body = json.loads(payload(name).body)
    for path in list(paths(body)):
        changed = json.loads(payload(name).body)
        put(changed, path, bad)
        asked = replace(payload(name), body=json.dumps(changed).encode())
        with suppress(Malformed):
            assert isinstance(adapter.parse(asked), list)


def paths(value: Any, start: tuple[Any, ...] = ()) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*start, key)
        if isinstance(inner, dict | list):
            yield from paths(inner, (*start, key))


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


# --- Proof --------------------------------------------------------------------------------------


def ask(query: str) -> Any:
    return replace(request(b"", "GET", f"{URL}?{query}"), headers={})


def test_challenge() -> None:
    """The vector was computed apart, from X's description."""
    own = X(CONFIG | {"consumer_secret": "consumersecret"})
    asked = ask("crc_token=challenge_string&nonce=x")
    own.verify(asked)
    said = own.handshake(asked)
    assert said is not None
    assert (said.status, said.content_type) == (200, "application/json")
    answer = {"response_token": "sha256=tno0yvwOxxEY9oTCjI2l0MVjY90DRuCrjvqLFBacEOc="}
    assert json.loads(said.body) == answer


def test_an_answered_challenge_can_never_sign_a_body() -> None:
    """X signs bodies with the same key in the same way: whoever asks must not get a signature."""
    for token in (
        "%7B%22for_user_id%22%3A%221%22%7D",
        "%7B%7D",
        "a%22",
        "%7B",
        "x" * 257,
        "%00",
        "",
    ):
        asked = ask(f"crc_token={token}")
        assert adapter.handshake(asked) is None
        with pytest.raises(BadSignature):
            adapter.verify(asked)


def test_a_challenge_is_only_asked() -> None:
    posted = replace(payload("dm_received"), url=f"{URL}?crc_token=abc")
    with pytest.raises(BadSignature):
        adapter.verify(posted)
    assert adapter.handshake(sign(posted)) is None
    with pytest.raises(BadSignature):
        X(CONFIG | {"consumer_secret": ""}).verify(ask("crc_token=abc"))


def test_the_form_of_the_signature() -> None:
    assert signature("consumersecret", b"challenge_string").endswith("OacEOc="[1:])
    body = payload("dm_received")
    hexadecimal = {**body.headers, "x-twitter-webhooks-signature": "sha256=" + "0" * 64}
    with pytest.raises(BadSignature):
        adapter.verify(replace(body, headers=hexadecimal))
    adapter.verify(sign(body))
