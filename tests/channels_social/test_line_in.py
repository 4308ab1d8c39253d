"""What LINE sends, file by file, and what it means."""

from datetime import UTC, datetime
from typing import Any

import pytest

from channels_social.line import Line
from channels_social.line_webhooks import sign as signature_of
from gateway.content.model import Location
from gateway.contract import WebhookResponse
from gateway.errors import BadSignature
from gateway.events import (
    Attachment,
    Event,
    InboundMessage,
    Keyword,
    OptOut,
    UnknownEvent,
    Unsent,
)
from tests.payloads.line.exhibit import ACCOUNT, CONFIG, CUSTOMER, FOLDER, payload, request, sign

adapter = Line(CONFIG)
AT = datetime(2026, 10, 21, 10, 15, 30, 123000, tzinfo=UTC)
TOKEN = "38ef843bde154d9b91c21320ffd17a"
EVENT = "01FZ74A0TDDPYRVKNK77XKC3"


def sid(n: int) -> str:
    return f"4683537705452{n:02d}"


def written(n: int, text: str = "", **more: Any) -> InboundMessage:
    fields: dict[str, Any] = {
        "external_id": sid(n),
        "sender": CUSTOMER,
        "recipient": "@123abcde",
        "occurred_at": AT,
        "reply_token": f"{TOKEN}{n:02d}",
    }
    return InboundMessage(text=text, **fields | more)


def tapped(n: int, text: str, payload: str, token: str) -> InboundMessage:
    return written(n, text, external_id=f"{EVENT}{n}", payload=payload, reply_token=token)


def file(n: int, kind: str, name: str = "", size: int | None = None) -> tuple[Attachment, ...]:
    url = f"https://api-data.line.me/v2/bot/message/{sid(n)}/content"
    return (Attachment(url, kind, name, size),)


def opt(n: int, word: Keyword, kind: str) -> OptOut:
    return OptOut(f"{EVENT}{n}", CUSTOMER, word, kind, answered=True, source="provider")


def unknown(kind: str, *more: str) -> UnknownEvent:
    fields = {"deliveryContext", "mode", "source", "timestamp", "type", "webhookEventId", *more}
    return UnknownEvent(kind, ", ".join(sorted(fields)))


EVENTS: dict[str, list[Event]] = {
    "console_check": [],
    "message_text": [
        written(
            1, "¿Dónde está mi pedido? 📦", quote_token="q3Plxr4AgKd...", read_token="R4XaSh..."
        )
    ],
    "message_quoting": [written(2, "This one", reply_to=sid(99), quote_token="q3b")],
    "message_nul": [written(3, "ab")],
    "message_image": [written(4, attachments=file(4, "image/jpeg"), quote_token="q4")],
    "message_image_external": [
        written(5, attachments=(Attachment("https://example.org/a.jpg", "image/jpeg"),))
    ],
    "message_video": [written(6, attachments=file(6, "video/mp4"), quote_token="q6")],
    "message_audio": [written(7, attachments=file(7, "audio/m4a"))],
    "message_file": [written(8, attachments=file(8, "application/pdf", "invoice 7.pdf", 2138))],
    "message_file_odd": [written(9, attachments=file(9, "application/octet-stream", "strange"))],
    "message_location": [
        written(10, location=Location(40.416775, -3.70379, "Puerta del Sol, Madrid"))
    ],
    "message_location_odd": [written(11, "Nowhere")],
    "message_sticker": [written(12, unsupported="sticker", quote_token="q12")],
    "message_sticker_words": [written(13, "Thank you!", unsupported="sticker")],
    "message_new": [written(14, unsupported="hologram")],
    "message_without_id": [unknown("message without id", "message", "replyToken")],
    "message_redelivered": [written(16, "again")],
    "message_standby": [],
    "message_group": [unknown("message in a group", "message", "replyToken")],
    "message_room": [unknown("message in a room", "message", "replyToken")],
    "message_timeless": [written(20, "late", occurred_at=None)],
    "message_edited": [unknown("messageEdited", "message")],
    "postback": [tapped(21, "Yes, please", "order:42:yes", "b21")],
    "postback_rich_menu": [tapped(22, "", "action=opening-hours", "b22")],
    "postback_date": [tapped(23, "Pick a day 2026-12-24", "day", "b23")],
    "postback_without_id": [
        UnknownEvent(
            "postback without id", "deliveryContext, mode, postback, source, timestamp, type"
        )
    ],
    "follow": [opt(25, Keyword.START, "follow")],
    "follow_unblocked": [opt(26, Keyword.START, "follow")],
    "unfollow": [opt(27, Keyword.STOP, "unfollow")],
    "unsend": [Unsent(sid(1), CUSTOMER, erase=True, occurred_at=AT)],
    "unsend_nothing": [unknown("unsend", "unsend")],
    "join": [unknown("join in a group", "replyToken")],
    "leave": [unknown("leave in a group")],
    "member_joined": [unknown("memberJoined in a group", "joined")],
    "member_left": [unknown("memberLeft in a group", "left")],
    "account_link": [unknown("accountLink", "replyToken", "link")],
    "beacon": [unknown("beacon", "replyToken", "beacon")],
    "bot_suspended": [
        UnknownEvent("botSuspended", "deliveryContext, mode, timestamp, type, webhookEventId")
    ],
    "bot_resumed": [
        UnknownEvent("botResumed", "deliveryContext, mode, timestamp, type, webhookEventId")
    ],
    "delivery": [unknown("delivery", "delivery")],
    "video_play_complete": [unknown("videoPlayComplete", "replyToken", "videoPlayComplete")],
    "several": [
        written(41, "One"),
        written(42, "I am another", sender="U" + "0" * 32),
        opt(43, Keyword.STOP, "unfollow"),
    ],
    "event_odd": [UnknownEvent("no event", "")],
}


@pytest.mark.parametrize("name", list(EVENTS))
def test_payload(name: str) -> None:
    assert list(adapter.parse(payload(name))) == EVENTS[name]


def test_every_payload_file_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize("name", list(EVENTS))
def test_an_account_keeps_one_order(name: str) -> None:
    """A request may hold events of several people, so all of an account's stay in order."""
    assert adapter.shard_key(payload(name)) == ACCOUNT


def test_a_redelivery_is_told_by_its_id() -> None:
    """The token and the delivery context differ, what the message is called does not."""
    first = payload("message_redelivered")
    again = request(first.body.replace(b"true", b"false"))
    assert adapter.parse(first) == adapter.parse(again)


def test_signature_vector() -> None:
    """Computed apart from us (providers.md, section 19)."""
    body, expected = b'{"events":[]}', "n1arxrIQExU6/tqD9X0pBkbn1Wk47vff3C64zf8+wxU="
    assert signature_of(body, "channelsecret") == expected
    signed = sign(request(body), "channelsecret")
    assert signed.headers["x-line-signature"] == expected
    Line(CONFIG | {"channel_secret": "channelsecret"}).verify(signed)
    with pytest.raises(BadSignature):
        adapter.verify(signed)


def test_the_consoles_check_is_answered() -> None:
    signed = sign(request(b'{"destination":"U1","events":[]}'))
    adapter.verify(signed)
    assert adapter.handshake(signed) is None
    assert adapter.acknowledge(signed) == WebhookResponse()
    assert adapter.parse(signed) == []
