"""What WhatsApp sends, file by file, and what it means."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels_social import meta_account
from channels_social.whatsapp import WhatsApp
from gateway.content.model import Location
from gateway.contract import WebhookRequest, WebhookResponse
from gateway.errors import BadSignature, Malformed
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
    SentElsewhere,
    SharedContact,
    StatusUpdate,
    TemplateNews,
    UnknownEvent,
    Unsent,
    Window,
)
from gateway.states import State
from tests.payloads.whatsapp.exhibit import (
    APP_SECRET,
    CUSTOMER,
    FOLDER,
    GARBAGE,
    NUMBER,
    NUMBER_ID,
    URL,
    USER,
    VERIFY_TOKEN,
    config,
    payload,
    request,
    sign,
)

adapter = WhatsApp(config())
AT = datetime(2026, 10, 21, 10, 15, 30, tzinfo=UTC)
LATER = AT + timedelta(seconds=1)
UID = uuid.UUID("0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff")
FILES = "https://graph.facebook.com/v25.0"
LUCIA = {"sender": CUSTOMER, "sender_name": "Lucía Fernández"}
ANA = {"sender": USER, "sender_kind": "whatsapp"}
REPLY = {"reply_to": "wamid.OUT1"}


def written(n: int, text: str = "", **more: Any) -> InboundMessage:
    fields: dict[str, Any] = LUCIA | {"recipient": NUMBER, "occurred_at": AT} | more
    return InboundMessage(external_id=f"wamid.IN{n:02d}", text=text, **fields)


def file(identity: str, kind: str, name: str = "") -> dict[str, Any]:
    return {"attachments": (Attachment(f"{FILES}/{identity}", kind, name),)}


def report(state: State, word: str, **more: Any) -> StatusUpdate:
    fields: dict[str, Any] = {"delivery_uid": UID, "occurred_at": LATER} | more
    return StatusUpdate("wamid.OUT1", state, word, **fields)


def failed(error_class: str, code: str, text: str) -> StatusUpdate:
    return report(State.FAILED, "failed", error_class=error_class, error_code=code, error_text=text)


def news(status: str = "", category: str = "", reason: str = "") -> TemplateNews:
    return TemplateNews("1689556908129832", "order_ready", "en_US", status, category, reason)


def preference(keyword: Keyword, value: str, sender: str = CUSTOMER, kind: str = "") -> OptOut:
    return OptOut(
        f"preference {value} {sender} 1792577730",
        sender,
        keyword,
        f"User requested to {value} marketing messages",
        answered=True,
        sender_kind=kind,
        source="provider",
    )


EVENTS: dict[str, list[Event]] = {
    "message_text": [written(1, "¿Dónde está mi pedido? 📦")],
    "message_user_id": [written(2, "Hi", **ANA, sender_name="Ana")],
    "message_user_id_username": [written(50, "Hi", **ANA, sender_name="ana.writes")],
    "message_both_ids": [
        written(3, "Hi", sender_name="Ana", also=(Identity("whatsapp", USER),)),
    ],
    "message_image": [written(4, "The box", **file("1003383421387256", "image/jpeg"))],
    "message_video": [written(5, **file("1003383421387257", "video/mp4"))],
    "message_voice": [written(6, **file("1003383421387258", "audio/ogg"))],
    "message_document": [
        written(7, "The invoice", **file("1003383421387259", "application/pdf", "invoice 7.pdf"))
    ],
    "message_sticker": [written(8, **file("1003383421387260", "image/webp"))],
    "message_file_bare": [written(9, unsupported="image")],
    "message_file_odd_id": [written(10, unsupported="image")],
    "message_location": [written(11, location=Location(40.4168, -3.7038, "Puerta del Sol"))],
    "message_location_odd": [written(12, unsupported="location")],
    "message_contacts": [
        written(
            13,
            shared=(
                SharedContact(
                    "Barbara J. Johnson", ("+1 (415) 555-0177",), ("bjohnson@example.org",)
                ),
                SharedContact("Bob"),
            ),
        )
    ],
    "message_reaction": [Reaction("wamid.OUT1", CUSTOMER, "👍", AT)],
    "message_reaction_removed": [Reaction("wamid.OUT1", CUSTOMER, "", AT)],
    "message_reply": [written(16, "That one", **REPLY)],
    "message_forwarded": [written(17, "Look", referred=Referred("forwarded"))],
    "message_ad": [
        written(
            18,
            "Tell me more",
            referred=Referred(
                "ad",
                "https://fb.me/3cr4Wqqkv",
                "Chat with us\nSummer succulents are here!",
                "120226305854810726",
            ),
        )
    ],
    "message_product": [
        written(
            19,
            "Is it there?",
            reply_to="wamid.OUT2",
            referred=Referred("product", external_id="di9ozbzfi4"),
        )
    ],
    "message_template_button": [
        written(20, "Yes", payload="order:42:yes", reply_to="wamid.OUT3"),
    ],
    "message_button": [written(21, "Cancel", payload="cancel-button", reply_to="wamid.OUT4")],
    "message_list": [
        written(22, "Priority Mail Express", payload="priority_express", reply_to="wamid.OUT5")
    ],
    "message_flow": [written(23, "Sent", payload='{"size": 42}')],
    "message_interactive_new": [written(24, unsupported="interactive hologram_reply")],
    "message_order": [
        written(25, "Love these!\n2 × di9ozbzfi4 (30 USD)\n1 × nqryix03ez (25.5 USD)")
    ],
    "message_unsupported": [written(26, unsupported="poll_creation")],
    "message_unsupported_bare": [written(27, unsupported="unsupported")],
    "message_new_kind": [written(28, unsupported="hologram")],
    "message_edit": [Edited("wamid.IN01", CUSTOMER, "Where is my order?", "wamid.IN29", AT)],
    "message_edit_caption": [Edited("wamid.IN04", CUSTOMER, "The blue box", "wamid.IN30", AT)],
    "message_edit_bare": [UnknownEvent("edit of nothing", "wamid.IN31")],
    "message_revoke": [Unsent("wamid.IN01", CUSTOMER, occurred_at=AT)],
    "message_revoke_bare": [UnknownEvent("revoke of nothing", "wamid.IN33")],
    "message_system_number": [
        written(
            34,
            "User Lucía changed from 34600123456 to 34600999888",
            sender_name="",
            also=(
                Identity("phone", "+34600999888"),
                Identity("whatsapp", "ES.1"),
                Identity("whatsapp", "ES.2"),
            ),
            window=Window(0),
            automatic=True,
        )
    ],
    "message_system_user_id": [
        written(
            35,
            "User id changed",
            **ANA,
            sender_name="",
            also=(Identity("whatsapp", "ES.9"),),
            window=Window(0),
            automatic=True,
        )
    ],
    "message_system_identity": [
        UnknownEvent("system customer_identity_changed", "Their identity changed")
    ],
    "message_welcome": [UnknownEvent("request_welcome", CUSTOMER)],
    "message_group": [UnknownEvent("group message", "Y2FwaV9ncm91cDox")],
    "message_nobody": [UnknownEvent("text of nobody", "id, text, timestamp, type")],
    "message_nul": [written(40, "ab?")],
    "message_odd_number": [written(41, "Hi", sender="+99", sender_name="")],
    "message_no_time": [written(42, "Hi", occurred_at=None)],
    "message_another_number": [UnknownEvent("another number", "999")],
    "account_errors": [
        UnknownEvent("error 130429", "Cloud API message throughput has been reached.")
    ],
    "account_update": [UnknownEvent("account_update", "event, phone_number")],
    "status_sent": [report(State.SENT, "sent")],
    "status_delivered": [report(State.DELIVERED, "delivered")],
    "status_read": [report(State.READ, "read")],
    "status_played": [report(State.READ, "played")],
    "status_not_ours": [report(State.READ, "read", delivery_uid=None)],
    "status_deleted": [],
    "status_new": [UnknownEvent("status teleported", "wamid.OUT1")],
    "status_failed_window": [
        failed("WindowClosed", "131047", "More than 24 hours since the person last wrote")
    ],
    "status_failed_undeliverable": [
        failed("NotCapable", "131026", "Not on WhatsApp, or cannot receive this there")
    ],
    "status_failed_stopped": [
        failed("OptedOut", "131050", "The person has stopped marketing messages of this business")
    ],
    "status_failed_new_code": [failed("Rejected", "139999", "Nobody has seen this code.")],
    "status_failed_bare": [failed("Rejected", "", "")],
    "batch": [
        written(60, "One"),
        written(61, "Two", sender="+14155550114", sender_name="Bob", occurred_at=LATER),
        report(State.SENT, "sent"),
        report(State.DELIVERED, "delivered"),
        written(62, "Three", occurred_at=AT + timedelta(seconds=2)),
        report(State.READ, "read"),
        UnknownEvent("account_update", "event"),
    ],
    "echo_text": [
        SentElsewhere(
            "wamid.ECHO1", CUSTOMER, "We will look.", occurred_at=AT, reply_to="wamid.IN01"
        )
    ],
    "echo_image": [
        SentElsewhere(
            "wamid.ECHO2",
            USER,
            "This one?",
            (Attachment(f"{FILES}/77", "image/png"),),
            AT,
            recipient_kind="whatsapp",
        )
    ],
    "echo_revoke": [UnknownEvent("echo revoke", "wamid.ECHO3")],
    "preference_stop": [preference(Keyword.STOP, "stop")],
    "preference_resume": [preference(Keyword.START, "resume")],
    "preference_signup": [preference(Keyword.START, "signup", USER, "whatsapp")],
    "preference_new": [
        UnknownEvent("preference surveys stop", "User requested to stop marketing messages")
    ],
    "template_approved": [news("approved")],
    "template_rejected": [news("rejected", reason="INVALID_FORMAT")],
    "template_paused": [
        news("paused", reason="Your WhatsApp message template has been paused for 3 hours.")
    ],
    "template_new_event": [UnknownEvent("template FROZEN", "order_ready")],
    "template_category": [news(category="marketing")],
    "template_quality": [news(reason="quality YELLOW")],
    "template_components": [news()],
    "template_another_account": [UnknownEvent("another account", "1")],
}


@pytest.mark.parametrize("name", list(EVENTS))
def test_payload(name: str) -> None:
    assert list(adapter.parse(payload(name))) == EVENTS[name]


def test_every_payload_file_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize("name", list(EVENTS))
def test_all_of_a_number_keeps_one_order(name: str) -> None:
    assert adapter.shard_key(payload(name)) == NUMBER_ID


def test_files_lie_where_the_look_alike_is() -> None:
    there = WhatsApp(config(api_version="v26.0"), base_url="http://127.0.0.1:9/whatsapp")
    [event] = there.parse(payload("message_image"))
    assert isinstance(event, InboundMessage)
    assert event.attachments[0].url == "http://127.0.0.1:9/whatsapp/v26.0/1003383421387256"


@pytest.mark.parametrize(
    "body",
    [
        b'{"object": "whatsapp_business_account", "entry": [1, {"changes": [2, {"field": 5}]}]}',
        b'{"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages",'
        b' "value": {"metadata": {"phone_number_id": "106540352242922"}, "contacts": [[]],'
        b' "messages": [[], {"id": 5, "from": [], "type": {}}], "statuses": [7, {}],'
        b' "errors": 3}}]}]}',
    ],
)
def test_odd_shapes_are_kept_and_break_nothing(body: bytes) -> None:
    events = adapter.parse(request(body))
    assert events
    assert all(isinstance(event, UnknownEvent) for event in events)


def test_nothing_in_it_is_nothing() -> None:
    assert adapter.parse(request(b'{"object": "whatsapp_business_account", "entry": []}')) == []


@pytest.mark.parametrize("body", GARBAGE)
def test_garbage_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        adapter.shard_key(request(body))


# --- Signatures -----------------------------------------------------------------------------------


def test_signature_vector() -> None:
    """Computed apart from us (providers.md, section 19)."""
    expected = "sha256=0e9e0080a310f376450c46d999aa4d49ed772bfe43c13205f38a3a6e6611ed2b"
    assert meta_account.sign(b'{"object":"page","entry":[]}', "appsecret") == expected
    assert len(expected) == 71
    signed = sign(request(b'{"object":"page","entry":[]}'), "appsecret")
    assert signed.headers["x-hub-signature-256"] == expected
    WhatsApp(config(app_secret="appsecret")).verify(signed)


@pytest.mark.parametrize("given", ["", "sha256=", "sha1=abc", "ñ", "\ud800", "sha256=" + "0" * 64])
def test_a_wrong_signature_is_refused(given: str) -> None:
    one = payload("message_text")
    with pytest.raises(BadSignature):
        adapter.verify(replace(one, headers={**one.headers, meta_account.SIGNATURE: given}))


def test_the_token_does_not_sign() -> None:
    one = payload("message_text")
    with pytest.raises(BadSignature):
        adapter.verify(sign(one, config()["access_token"]))
    adapter.verify(sign(one, APP_SECRET))


# --- The handshake --------------------------------------------------------------------------------


def greeting(query: str) -> WebhookRequest:
    return WebhookRequest("GET", f"{URL}?{query}", {}, b"", AT)


def test_handshake_gives_the_challenge_back() -> None:
    query = f"hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={VERIFY_TOKEN}"
    adapter.verify(greeting(query))
    assert adapter.handshake(greeting(query)) == WebhookResponse(200, "1158201444", "text/plain")
    assert adapter.kept_url(greeting(query)) == URL


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hub.mode=subscribe&hub.challenge=1",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=%ED%A0%80",
    ],
)
def test_handshake_of_a_stranger_is_refused(query: str) -> None:
    for one in (adapter, WhatsApp(config(verify_token=""))):
        with pytest.raises(BadSignature):
            one.verify(greeting(query))


def test_a_handshake_that_asks_nothing_is_refused() -> None:
    said = adapter.handshake(greeting(f"hub.verify_token={VERIFY_TOKEN}"))
    assert said == WebhookResponse(400)


def test_events_are_no_handshake() -> None:
    assert adapter.handshake(sign(payload("message_text"))) is None
    assert adapter.acknowledge(payload("message_text")) == WebhookResponse()
