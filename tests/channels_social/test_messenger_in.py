"""What Meta sends for a page, file by file, and what it means."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels_social.messenger import Messenger
from channels_social.meta_account import sign as ours
from gateway.content.model import Location
from gateway.contract import WebhookRequest, WebhookResponse
from gateway.errors import BadSignature
from gateway.events import (
    Attachment,
    Edited,
    Event,
    InboundMessage,
    Reaction,
    Referred,
    Seen,
    SentElsewhere,
    StatusUpdate,
    UnknownEvent,
    Unsent,
    Window,
    WindowOpened,
)
from gateway.states import State
from tests.payloads.messenger.exhibit import (
    CUSTOMER,
    FOLDER,
    PAGE,
    SECRET,
    URL,
    config,
    payload,
    request,
    sign,
)

adapter = Messenger(config())
AT = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
CDN = "https://scontent.xx.fbcdn.net/v/t1/"
POST = Referred("post", "https://www.facebook.com/shop/posts/1_10", "", "1_10")


def said(mid: int | str, text: str = "", **more: Any) -> InboundMessage:
    identity = mid if isinstance(mid, str) else f"m_{mid:03d}"
    found: dict[str, Any] = {"sender": CUSTOMER, "recipient": PAGE, "occurred_at": AT} | more
    return InboundMessage(external_id=identity, text=text, **found)


def comment(identity: str, text: str = "", **more: Any) -> InboundMessage:
    found: dict[str, Any] = {"sender_name": "Ana Ruiz", "thread": "1_10", "referred": POST}
    return said(identity, text, public=True, **found | more)


def elsewhere(mid: int, text: str = "", **more: Any) -> SentElsewhere:
    return SentElsewhere(f"m_{mid}", CUSTOMER, text, occurred_at=AT, **more)


def delivered(mid: int) -> StatusUpdate:
    return StatusUpdate(f"m_{mid}", State.DELIVERED, "delivery", occurred_at=AT)


def seen(state: State, before_ms: int, word: str) -> Seen:
    return Seen(CUSTOMER, state, AT - timedelta(milliseconds=before_ms), word)


def file(name: str, kind: str, shown: str = "") -> Attachment:
    return Attachment(name if name.startswith("https") else CDN + name, kind, shown)


def unknown(kind: str, *keys: str) -> UnknownEvent:
    found = keys or ("recipient", "sender", "timestamp", kind)
    return UnknownEvent(kind, ", ".join(sorted(found)))


COMMENT_KEYS = ("comment_id", "created_time", "item", "parent_id", "post", "post_id", "verb")
OPENED = WindowOpened(CUSTOMER, Window(86_400), AT)

EVENTS: dict[str, list[Event]] = {
    "message_text": [said(1, "¿Dónde está mi pedido? 📦")],
    "message_nul": [said(2, "ab?")],
    "message_image": [said(3, attachments=(file("a.jpg", "image/jpeg"),))],
    "message_files": [
        said(
            4,
            "see",
            attachments=(
                file("v.mp4", "video/mp4"),
                file("a.mp4", "audio/mp4"),
                file(
                    "https://cdn.fbsbx.com/v/invoice.pdf",
                    "application/octet-stream",
                    "invoice.pdf",
                ),
            ),
        )
    ],
    "message_sticker": [said(5, attachments=(file("like.png", "image/jpeg"),))],
    "message_location": [said(6, location=Location(40.416775, -3.70379, "Puerta del Sol"))],
    "message_link": [said(7, "look: https://example.org/a")],
    "message_link_alone": [said(8, "https://example.org/b")],
    "message_quick_reply": [said(9, "Yes", payload="yes:1")],
    "message_reply": [said(10, "This one", reply_to="m_500")],
    "message_ad": [
        said(
            11,
            "Hi",
            referred=Referred(
                "ad", "https://scontent.xx.fbcdn.net/ad.jpg", "Autumn sale", "6045246247433"
            ),
        )
    ],
    "message_product": [said(12, "Is it there?", referred=Referred("product", external_id="8812"))],
    "message_product_card": [said(13, referred=Referred("product", "", "Blue mug", "8813"))],
    "message_unknown_kind": [said(14, unsupported="hologram")],
    "message_unsupported": [said(15, unsupported="unsupported")],
    "message_deleted": [Unsent("m_016", CUSTOMER, occurred_at=AT)],
    "message_reel": [
        said(17, referred=Referred("post", "https://www.facebook.com/reel/9", "Reel", "9"))
    ],
    "message_seconds": [said(18, "late")],
    "message_without_id": [unknown("message without id", "text")],
    "message_of_nobody": [unknown("message of nobody", "message", "recipient", "timestamp")],
    "message_edit": [Edited("m_001", CUSTOMER, "Where is my order?", "1", AT)],
    "postback": [
        said(30, "Get started", payload="START", referred=Referred("ad", text="flyer")),
    ],
    "postback_without_id": [
        said("postback:6c500c512fd87d6a3d78b1f62179117d07164b3f", "Track", payload="track")
    ],
    "reaction": [Reaction("m_001", CUSTOMER, "❤", AT)],
    "reaction_word": [Reaction("m_001", CUSTOMER, "😆", AT)],
    "reaction_back": [Reaction("m_001", CUSTOMER, "", AT)],
    "reaction_other": [UnknownEvent("reaction other", "m_001")],
    "reaction_own": [],
    "delivery": [delivered(500), delivered(501), seen(State.DELIVERED, 1000, "delivery")],
    "delivery_mids": [delivered(500)],
    "delivery_watermark": [seen(State.DELIVERED, 1000, "delivery")],
    "read": [seen(State.READ, 500, "read")],
    "read_seconds": [seen(State.READ, 1000, "read")],
    "read_nothing": [UnknownEvent("read")],
    "referral": [
        said(
            "referral:ab51aec5e78a61efa76beb989bfd51aa856cb1db",
            referred=Referred("ad", "", "summer", "77"),
            automatic=True,
        ),
        OPENED,
    ],
    "optin": [OPENED],
    "optin_series": [
        unknown("optin notification_messages", "notification_messages_token", "payload", "type")
    ],
    "optin_of_nobody": [unknown("optin of nobody", "optin", "recipient", "timestamp")],
    "echo": [elsewhere(600, "We answered in Meta's inbox")],
    "echo_ours": [],
    "echo_metadata": [
        elsewhere(602, "Ours too", delivery_uid=uuid.UUID("0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"))
    ],
    "echo_template": [elsewhere(603, "Blue mug\nRed mug")],
    "echo_image": [elsewhere(604, attachments=(file("b.jpg", "image/jpeg"),), reply_to="m_001")],
    "echo_deleted": [UnknownEvent("message taken back by the business", "m_605")],
    "handover_pass": [unknown("pass_thread_control")],
    "handover_take": [unknown("take_thread_control")],
    "handover_request": [unknown("request_thread_control")],
    "handover_roles": [unknown("app_roles")],
    "event_new": [unknown("telepathy")],
    "standby": [unknown("standby", "message", "recipient", "sender", "timestamp")],
    "another_page": [UnknownEvent("another account", "999")],
    "nothing": [],
    "several": [
        said(50, "one"),
        said(51, "two", sender="222"),
        said(52, "three"),
        comment("10_20", "Nice", sender_name="Ana", referred=Referred("post", external_id="1_10")),
    ],
    "comment_add": [comment("10_20", "Do you ship to Spain?")],
    "comment_reply": [
        comment(
            "10_21",
            "And to Portugal?",
            reply_to="10_20",
            attachments=(file("https://scontent.xx.fbcdn.net/c.jpg", "image/jpeg"),),
        )
    ],
    "comment_sticker": [comment("10_22", unsupported="comment")],
    "comment_edited": [
        Edited("10_20", CUSTOMER, "Do you ship to Madrid?", "2025-10-09T08:53:20+00:00", AT)
    ],
    "comment_removed": [Unsent("10_20", CUSTOMER, occurred_at=AT)],
    "comment_hidden": [],
    "comment_flagged": [unknown("comment flagged", "from", *COMMENT_KEYS)],
    "comment_own": [],
    "comment_of_nobody": [unknown("comment of nobody", "message", *COMMENT_KEYS)],
    "feed_like": [],
    "feed_own_post": [],
    "feed_visitor_post": [unknown("feed post", "from", "item", "message", "post_id", "verb")],
    "change_new": [unknown("mood", "mood")],
}


@pytest.mark.parametrize("name", EVENTS)
def test_means(name: str) -> None:
    assert list(adapter.parse(sign(payload(name)))) == EVENTS[name]


def test_no_file_is_forgotten() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == EVENTS.keys()


def test_one_shard_for_a_page_keeps_the_order_of_everybody() -> None:
    assert {adapter.shard_key(payload(name)) for name in EVENTS} == {PAGE}


def test_what_was_sent_with_our_app_is_foreign_where_the_app_is_not_known() -> None:
    without = Messenger(config(app_id=""))
    assert without.parse(payload("echo_ours")) == [elsewhere(601, "Ours")]


def test_media_of_metas_hosts_is_fetched_without_credentials() -> None:
    asked = adapter.media_request(CDN + "a.jpg")
    assert (asked.url, asked.headers, asked.auth) == (CDN + "a.jpg", {}, None)


# --- Signature and handshake --------------------------------------------------------------------

VECTOR = "sha256=0e9e0080a310f376450c46d999aa4d49ed772bfe43c13205f38a3a6e6611ed2b"
EMPTY = b'{"object":"page","entry":[]}'


def test_the_known_vector() -> None:
    assert ours(EMPTY, "appsecret") == VECTOR
    signed = replace(request(EMPTY), headers={"x-hub-signature-256": VECTOR})
    Messenger(config(app_secret="appsecret")).verify(signed)
    with pytest.raises(BadSignature):
        adapter.verify(signed)


@pytest.mark.parametrize("header", ["", "sha256=", VECTOR[7:], VECTOR.upper(), "sha1=" + "0" * 40])
def test_a_wrong_header_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        Messenger(config(app_secret="appsecret")).verify(
            replace(request(EMPTY), headers={"x-hub-signature-256": header})
        )


def asked(**query: str) -> WebhookRequest:
    found = "&".join(f"hub.{name}={value}" for name, value in query.items())
    return replace(request(b""), method="GET", url=f"{URL}?{found}")


def test_the_challenge_is_given_back() -> None:
    greeting = asked(mode="subscribe", verify_token="verify-me-please", challenge="1158201444")
    adapter.verify(greeting)
    assert adapter.handshake(greeting) == WebhookResponse(200, "1158201444", "text/plain")
    with pytest.raises(BadSignature):
        adapter.verify(asked(mode="subscribe", verify_token="wrong", challenge="1"))
    with pytest.raises(BadSignature):
        Messenger(config(verify_token="")).verify(asked(mode="subscribe", verify_token=""))
    assert SECRET not in adapter.kept_url(greeting)
    assert adapter.kept_url(greeting) == URL
