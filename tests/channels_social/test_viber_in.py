"""What Viber sends for a bot, file by file, and what it means."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from channels_social.viber import Viber
from channels_social.viber_webhooks import sign as signature_of
from gateway.content.model import Location
from gateway.contract import WebhookResponse
from gateway.errors import BadSignature
from gateway.events import (
    Attachment,
    Event,
    InboundMessage,
    Keyword,
    OptOut,
    SharedContact,
    StatusUpdate,
    UnknownEvent,
)
from gateway.states import State
from tests.payloads.viber.exhibit import (
    CUSTOMER,
    FOLDER,
    MESSAGE_TOKEN,
    config,
    payload,
    request,
    sign,
)

adapter = Viber(config())
AT = datetime(2026, 10, 20, 9, 55, 30, 123000, tzinfo=UTC)
REPORTED = datetime(2026, 10, 20, 9, 55, 34, tzinfo=UTC)
MEDIA = "https://dl-media.viber.com/5"


def written(n: int, text: str = "", **more: Any) -> InboundMessage:
    token = str(4912661846655238144 + n)
    about: dict[str, Any] = {"sender_name": "John McClane", "occurred_at": AT} | more
    return InboundMessage(token, CUSTOMER, "corner_shop", text, **about)


def switched(external_id: str, keyword: Keyword, words: str) -> OptOut:
    return OptOut(external_id, CUSTOMER, keyword, words, answered=True, source="provider")


def failed(words: str) -> StatusUpdate:
    return StatusUpdate(
        MESSAGE_TOKEN,
        State.FAILED,
        "failed",
        error_class="Rejected",
        error_text=words,
        occurred_at=REPORTED,
    )


EVENTS: dict[str, list[Event]] = {
    "message_text": [written(1, "¿Dónde está mi pedido? 📦")],
    "message_nul": [written(2, "ab")],
    "message_picture": [
        written(
            3,
            "The receipt",
            attachments=(
                Attachment(
                    f"{MEDIA}/media/2/short/any/sig/image/0x0/6c5f/receipt.jpg",
                    "image/jpeg",
                    "receipt.jpg",
                    93512,
                ),
            ),
        )
    ],
    "message_video": [
        written(4, attachments=(Attachment(f"{MEDIA}/clip.mp4", "video/mp4", "clip.mp4", 801234),))
    ],
    "message_file": [
        written(
            5,
            attachments=(
                Attachment(
                    f"{MEDIA}/invoice.pdf", "application/octet-stream", "invoice.pdf", 52345
                ),
            ),
        )
    ],
    "message_file_bare": [written(6)],
    "message_url": [written(7, "https://example.org/page")],
    "message_sticker": [written(8, unsupported="sticker")],
    "message_sticker_picture": [
        written(9, attachments=(Attachment(f"{MEDIA}/sticker.png", "image/png"),))
    ],
    "message_location": [written(10, location=Location(40.4168, -3.7038))],
    "message_location_odd": [written(11, unsupported="location")],
    "message_contact": [written(12, shared=(SharedContact("Maya", ("+14155550111",)),))],
    "message_contact_bare": [written(13, shared=(SharedContact("Maya"),))],
    "message_new_kind": [written(14, "Look", unsupported="hologram")],
    "message_no_kind": [written(15, unsupported="message")],
    "message_nobody": [UnknownEvent("message", "event, message, message_token, timestamp")],
    "subscribed": [
        switched("subscribed:4912661846655238201", Keyword.START, "Subscribed to the bot")
    ],
    "unsubscribed": [
        switched("unsubscribed:4912661846655238202", Keyword.STOP, "Unsubscribed from the bot")
    ],
    "unsubscribed_no_token": [
        switched(
            f"unsubscribed:{CUSTOMER} 1792490132000", Keyword.STOP, "Unsubscribed from the bot"
        )
    ],
    "conversation_started": [],
    "conversation_started_again": [],
    "delivered": [StatusUpdate(MESSAGE_TOKEN, State.DELIVERED, "delivered", occurred_at=REPORTED)],
    "seen": [StatusUpdate(MESSAGE_TOKEN, State.READ, "seen", occurred_at=REPORTED)],
    "failed": [failed("failure description")],
    "failed_bare": [failed("")],
    "webhook": [UnknownEvent("webhook", "chat_hostname, event, message_token, timestamp")],
    "client_status": [UnknownEvent("client_status", "event, message_token, timestamp, user")],
}


@pytest.mark.parametrize("name", list(EVENTS))
def test_payload(name: str) -> None:
    assert list(adapter.parse(payload(name))) == EVENTS[name]


def test_every_payload_file_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize("name", list(EVENTS))
def test_all_of_a_customer_keeps_one_order(name: str) -> None:
    alone = {"message_nobody", "webhook"}
    assert adapter.shard_key(payload(name)) == ("" if name in alone else CUSTOMER)


def test_what_a_customer_sends_back_as_ours_is_not_believed() -> None:
    """tracking_data comes from the customer's app, which may have changed it."""
    [event] = adapter.parse(payload("message_text"))
    assert "0d7b3c1a" not in repr(event)


# --- Signatures -----------------------------------------------------------------------------------


def test_signature_vector() -> None:
    """Computed apart from us (providers.md, section 19)."""
    body = b'{"event":"webhook"}'
    expected = "2260004ae2508a826b92480ebbfaa63a232cae6ec94200270da4b17b7deeb8ad"
    assert signature_of(body, "vibertoken") == expected
    signed = sign(request(body), "vibertoken")
    assert signed.headers["x-viber-content-signature"] == expected
    Viber(config(auth_token="vibertoken")).verify(signed)
    with pytest.raises(BadSignature):
        adapter.verify(signed)


# --- What is answered -----------------------------------------------------------------------------


def test_the_address_is_tried_and_that_is_not_kept() -> None:
    assert adapter.handshake(payload("webhook")) == WebhookResponse()
    for name in EVENTS:
        if name != "webhook":
            assert adapter.handshake(payload(name)) is None
    assert adapter.handshake(request(b"[")) is None


def test_whoever_opens_the_bot_is_welcomed_once() -> None:
    welcoming = Viber(config(welcome=" ¡Hola! ", sender_avatar="https://e.org/a.png"))
    found = welcoming.acknowledge(payload("conversation_started"))
    assert found.content_type == "application/json"
    assert json.loads(found.body) == {
        "sender": {"name": "Corner Shop", "avatar": "https://e.org/a.png"},
        "type": "text",
        "text": "¡Hola!",
        "min_api_version": 1,
    }
    for name in EVENTS:
        if name != "conversation_started":
            assert welcoming.acknowledge(payload(name)) == WebhookResponse()
        assert adapter.acknowledge(payload(name)) == WebhookResponse()
