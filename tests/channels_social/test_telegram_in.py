"""What Telegram sends for a bot, file by file, and what it means."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from channels_social.telegram import Telegram
from gateway.content.model import Location
from gateway.contract import WebhookResponse
from gateway.errors import BadSignature
from gateway.events import (
    Attachment,
    Edited,
    Event,
    Identity,
    InboundMessage,
    Keyword,
    OptOut,
    Reaction,
    Referred,
    SharedContact,
    UnknownEvent,
)
from tests.payloads.telegram.exhibit import (
    BOT,
    CUSTOMER,
    FOLDER,
    SECRET,
    TOKEN,
    config,
    payload,
    sign,
)

adapter = Telegram(config())
AT = datetime(2026, 10, 20, 9, 55, 30, tzinfo=UTC)
NAME, HANDLE = "Lucía Fernández", "@lucia_f"
PLACE = Location(40.4168, -3.7038)


def written(n: int, text: str = "", **more: Any) -> InboundMessage:
    fields: dict[str, Any] = {
        "occurred_at": AT,
        "sender_name": NAME,
        "sender_handle": HANDLE,
    } | more
    return InboundMessage(f"{CUSTOMER}:{n}", CUSTOMER, BOT, text, **fields)


def file(file_id: str, kind: str, name: str = "", size: int | None = None) -> dict[str, Any]:
    url = f"https://api.telegram.org/file_id/{file_id}"
    return {"attachments": (Attachment(url, kind, name, size),)}


def shared(name: str, phone: str) -> dict[str, Any]:
    return {"shared": (SharedContact(name, (phone,)),)}


def tapped(end: str, text: str, payload: str | None, reply_to: str = "") -> InboundMessage:
    return InboundMessage(
        f"callback:4382bfdwdsb323b2{end}",
        CUSTOMER,
        BOT,
        text,
        sender_name=NAME,
        sender_handle=HANDLE,
        payload=payload,
        reply_to=reply_to,
    )


def switched(uid: int, keyword: Keyword, words: str) -> OptOut:
    return OptOut(f"member:{uid}", CUSTOMER, keyword, words, answered=True, source="provider")


def unknown(kind: str, detail: str) -> UnknownEvent:
    return UnknownEvent(kind, detail)


def reaction(emoji: str) -> Reaction:
    return Reaction(
        f"{CUSTOMER}:12", CUSTOMER, emoji, datetime(2026, 10, 20, 9, 56, 50, tzinfo=UTC)
    )


EMPTY = "chat, date, from, message_id"
TAP = "chat_instance, data, from, id, message"
REACTED = "chat, date, message_id, new_reaction, old_reaction, user"
MEMBER = "chat, date, from, new_chat_member, old_chat_member"
EVENTS: dict[str, Event] = {
    "message_text": written(41, "¿Dónde está mi pedido? 📦"),
    "message_start": written(42, "/start"),
    "message_start_payload": written(
        43, "/start summer_24", referred=Referred("ad", external_id="summer_24")
    ),
    "message_nul": written(44, "ab"),
    "message_reply": written(45, "This one", reply_to=f"{CUSTOMER}:12"),
    "message_forwarded": written(46, "Read this", referred=Referred("forwarded", text="Ana P.")),
    "message_forwarded_channel": written(
        47, "News", referred=Referred("forwarded", text="City news")
    ),
    "message_story_reply": written(48, "Nice!", referred=Referred("story", external_id="77")),
    "message_photo": written(49, "The receipt", **file("AgACx", "image/jpeg", size=93512)),
    "message_album_part": written(50, **file("AgACx", "image/jpeg", size=93512)),
    "message_video": written(51, **file("BAACv", "video/mp4", "clip.mp4", 801234)),
    "message_animation": written(52, **file("CgACa", "video/mp4", "a.mp4", 5123)),
    "message_video_note": written(53, **file("DQACn", "video/mp4", size=51234)),
    "message_voice": written(54, **file("AwACo", "audio/ogg", size=12345)),
    "message_audio": written(55, **file("CQACu", "audio/mpeg", "b.mp3", 4123456)),
    "message_document": written(
        56, "Please check", **file("BQACd", "application/pdf", "invoice.pdf", 52345)
    ),
    "message_document_bare": written(57, **file("BQACe", "application/octet-stream")),
    "message_sticker": written(58, "👍", **file("CAACk", "image/webp", size=23456)),
    "message_sticker_animated": written(59, "😂", **file("AAMCt", "image/webp", size=4321)),
    "message_sticker_video": written(60, **file("CAACw", "video/webm", size=33456)),
    "message_location": written(61, location=PLACE),
    "message_location_odd": written(62),
    "message_venue": written(
        63, "Café Sol\nPuerta del Sol 1", location=Location(40.4168, -3.7038, "Café Sol")
    ),
    "message_contact_own": written(
        64,
        also=(Identity("phone", "+34600123456"),),
        reply_to=f"{CUSTOMER}:12",
        **shared("Lucía Fernández", "34600123456"),
    ),
    "message_contact_other": written(65, **shared("Maya", "+14155550111")),
    "message_contact_no_user": written(66, **shared("Help", "112")),
    "message_contact_forwarded": written(
        67, referred=Referred("forwarded", text="Eve"), **shared("Lucía", "34600999888")
    ),
    "message_contact_own_odd": written(68, **shared("Lucía", "12")),
    "message_poll": written(69, "When?\n– Today\n– Tomorrow", unsupported="poll"),
    "message_dice": written(70, "🎲 4"),
    "message_web_app": written(71, "Choose a time", payload='{"slot": 5}'),
    "message_story": written(72, unsupported="story"),
    "message_new_kind": written(73, "Look", unsupported="hologram"),
    "message_pinned": unknown("pinned_message", f"{EMPTY}, pinned_message"),
    "message_empty": unknown("message of nothing", EMPTY),
    "message_group": unknown("message in a supergroup", f"{EMPTY}, text"),
    "message_no_chat": unknown("message in a chat", "date, message_id, text"),
    "edited_message": Edited(
        f"{CUSTOMER}:41",
        CUSTOMER,
        "¿Dónde está mi paquete?",
        "1792490190.870000038",
        datetime(2026, 10, 20, 9, 56, 30, tzinfo=UTC),
    ),
    "edited_caption": Edited(
        f"{CUSTOMER}:49",
        CUSTOMER,
        "The bill",
        "1792490191.870000039",
        datetime(2026, 10, 20, 9, 56, 31, tzinfo=UTC),
    ),
    "edited_live_location": unknown(
        "live location", "chat, date, edit_date, from, location, message_id"
    ),
    "edited_group": unknown("edited_message", "chat, date, edit_date, from, message_id, text"),
    "callback_query": tapped("d9", "Yes, please", "order:42:yes", f"{CUSTOMER}:12"),
    "callback_query_long": tapped("da", "The long one", None, f"{CUSTOMER}:12"),
    "callback_query_old": tapped("db", "order:41:no", "order:41:no", f"{CUSTOMER}:11"),
    "callback_query_inline": tapped("dc", "vote:1", "vote:1"),
    "callback_query_game": unknown(
        "callback_query", "chat_instance, from, game_short_name, id, message"
    ),
    "callback_query_group": unknown("callback_query in a group", TAP),
    "member_blocked": switched(870000048, Keyword.STOP, "Blocked the bot"),
    "member_unblocked": switched(870000049, Keyword.START, "Unblocked the bot"),
    "member_group": unknown("my_chat_member", MEMBER),
    "member_left": unknown("my_chat_member", MEMBER),
    "reaction": reaction("❤"),
    "reaction_removed": reaction(""),
    "reaction_several": reaction("🔥"),
    "reaction_custom": unknown("custom reaction", REACTED),
    "reaction_paid": reaction("⭐"),
    "reaction_group": unknown("message_reaction", REACTED),
    "channel_post": unknown("channel_post", "channel_post, update_id"),
    "edited_channel_post": unknown("edited_channel_post", "edited_channel_post, update_id"),
    "inline_query": unknown("inline_query", "inline_query, update_id"),
    "chosen_inline_result": unknown("chosen_inline_result", "chosen_inline_result, update_id"),
    "chat_member": unknown("chat_member", "chat_member, update_id"),
    "chat_join_request": unknown("chat_join_request", "chat_join_request, update_id"),
    "poll": unknown("poll", "poll, update_id"),
    "poll_answer": unknown("poll_answer", "poll_answer, update_id"),
    "business_message": unknown("business_message", "business_message, update_id"),
    "pre_checkout_query": unknown("pre_checkout_query", "pre_checkout_query, update_id"),
    "message_reaction_count": unknown(
        "message_reaction_count", "message_reaction_count, update_id"
    ),
    "new_update": unknown("hologram_shown", "hologram_shown, update_id"),
    "empty_update": unknown("update", "update_id"),
}


@pytest.mark.parametrize("name", list(EVENTS))
def test_payload(name: str) -> None:
    assert list(adapter.parse(payload(name))) == [EVENTS[name]]


def test_every_payload_file_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize("name", list(EVENTS))
def test_all_of_a_customer_keeps_one_order(name: str) -> None:
    if isinstance(EVENTS[name], UnknownEvent):
        assert isinstance(adapter.shard_key(payload(name)), str)
    else:
        assert adapter.shard_key(payload(name)) == CUSTOMER


@pytest.mark.parametrize("name", list(EVENTS))
def test_every_tap_is_answered_and_nothing_else(name: str) -> None:
    """Without an answer the button keeps turning; also where nothing can be made of the tap."""
    found = adapter.acknowledge(payload(name))
    if not name.startswith("callback_query"):
        assert found == WebhookResponse()
        return
    query = json.loads(payload(name).body)["callback_query"]["id"]
    assert (found.status, found.content_type) == (200, "application/json")
    assert json.loads(found.body) == {
        "method": "answerCallbackQuery",
        "callback_query_id": query,
    }


def test_files_are_remembered_without_the_token() -> None:
    for name in EVENTS:
        assert TOKEN not in repr(adapter.parse(payload(name)))


# --- The secret ---------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["", "x", SECRET[:-1], f"{SECRET}x", SECRET.lower(), "ñ"])
def test_another_secret_is_refused(secret: str) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(sign(payload("message_text"), secret))


def test_the_secret_is_taken() -> None:
    adapter.verify(sign(payload("message_text")))


def test_without_a_secret_of_ours_nothing_verifies() -> None:
    with pytest.raises(BadSignature):
        Telegram(config(secret_token="")).verify(sign(payload("message_text"), ""))
