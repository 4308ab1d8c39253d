"""What WeChat sends, file by file, and what it means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels_social import wechat_crypto as crypto
from channels_social import wechat_xml
from channels_social.wechat import WeChat
from gateway.content.model import Location
from gateway.contract import WebhookResponse
from gateway.errors import BadSignature, Malformed
from gateway.events import (
    Attachment,
    Event,
    InboundMessage,
    Keyword,
    OptOut,
    StatusUpdate,
    UnknownEvent,
    Window,
    WindowOpened,
)
from gateway.states import State
from tests.payloads.wechat.exhibit import (
    ACCOUNT,
    AES_KEY,
    APP_ID,
    CONFIG,
    CUSTOMER,
    FOLDER,
    NOW,
    PLAIN,
    TOKEN,
    digest,
    payload,
    request,
    sealed,
    sign,
)

plain, adapter = WeChat(PLAIN), WeChat(CONFIG)
AT = datetime(2026, 10, 21, 10, 15, 30, tzinfo=UTC)
FIELDS = "CreateTime, Event, EventKey, FromUserName, MsgType, ToUserName"
BRIEF = Window(60, 3)


def written(n: int, text: str = "", **more: Any) -> InboundMessage:
    fields: dict[str, Any] = {"external_id": str(24000000000000000 + n), "occurred_at": AT}
    return InboundMessage(sender=CUSTOMER, recipient=ACCOUNT, text=text, **fields | more)


def file(name: str, kind: str) -> tuple[Attachment, ...]:
    url = f"https://api.weixin.qq.com/cgi-bin/media/get?media_id={name}"
    return (Attachment(url, kind),)


def opt(word: Keyword, kind: str, key: str = "") -> OptOut:
    identity = ":".join(filter(None, (CUSTOMER, "1792577730", kind, key)))
    return OptOut(identity, CUSTOMER, word, kind, answered=True, source="provider")


def failed(status: str, name: str, words: str) -> StatusUpdate:
    return StatusUpdate(
        "200163836",
        State.FAILED,
        status,
        error_class=name,
        error_text=words,
        occurred_at=AT,
    )


OPENED = WindowOpened(CUSTOMER, BRIEF, AT)
EVENTS: dict[str, list[Event]] = {
    "message_text": [written(1, "¿Dónde está mi pedido? 📦 <b> & 你好")],
    "message_menu": [written(2, "Yes, please", payload="order:42:yes")],
    "message_image": [written(3, attachments=file("media%261", "image/jpeg"))],
    "message_voice": [written(4, "Good morning", attachments=file("m4", "audio/amr"))],
    "message_voice_speex": [written(5, attachments=file("m5", "audio/speex"))],
    "message_video": [written(6, attachments=file("m6", "video/mp4"))],
    "message_shortvideo": [written(7, attachments=file("m7", "video/mp4"))],
    "message_location": [written(8, location=Location(23.134521, 113.358803, "Guangzhou"))],
    "message_location_odd": [written(9, "Nowhere")],
    "message_link": [written(10, "Title\nWords\nhttps://example.org/a")],
    "message_new": [written(11, unsupported="hologram")],
    "message_without_id": [
        UnknownEvent("message without id", "Content, CreateTime, FromUserName, MsgType, ToUserName")
    ],
    "message_without_file": [written(13)],
    "message_empty": [written(14)],
    "event_subscribe": [opt(Keyword.START, "subscribe"), OPENED],
    "event_subscribe_scan": [opt(Keyword.START, "subscribe", "qrscene_123123"), OPENED],
    "event_unsubscribe": [opt(Keyword.STOP, "unsubscribe")],
    "event_scan": [OPENED],
    "event_click": [
        written(
            0,
            external_id=f"{CUSTOMER}:1792577730:CLICK:OPENING_HOURS",
            payload="OPENING_HOURS",
            window=BRIEF,
        )
    ],
    "event_view": [UnknownEvent("VIEW", FIELDS)],
    "event_location": [
        UnknownEvent(
            "LOCATION",
            "CreateTime, Event, FromUserName, Latitude, Longitude, MsgType, Precision, ToUserName",
        )
    ],
    "event_template_success": [
        StatusUpdate("200163836", State.DELIVERED, "success", occurred_at=AT)
    ],
    "event_template_blocked": [
        failed("failed:user block", "OptedOut", "The customer has blocked the account")
    ],
    "event_template_failed": [failed("failed: system failed", "Rejected", "failed: system failed")],
    "event_template_nothing": [
        UnknownEvent(
            "TEMPLATESENDJOBFINISH", "CreateTime, Event, FromUserName, MsgType, Status, ToUserName"
        )
    ],
    "event_mass": [
        UnknownEvent(
            "MASSSENDJOBFINISH",
            "CreateTime, Event, FromUserName, MsgID, MsgType, Status, ToUserName",
        )
    ],
    "event_nothing": [UnknownEvent("event", "CreateTime, FromUserName, MsgType, ToUserName")],
}


@pytest.mark.parametrize("name", list(EVENTS))
def test_payload(name: str) -> None:
    """Encrypted or not, it says the same; and what is stored says it again without its query."""
    assert list(plain.parse(payload(name))) == EVENTS[name]
    signed = sign(payload(name))
    adapter.verify(signed)
    stored = replace(signed, url=adapter.kept_url(signed))
    assert "?" not in stored.url
    assert list(adapter.parse(stored)) == EVENTS[name]


def test_every_payload_file_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.xml")} == set(EVENTS)


@pytest.mark.parametrize("name", list(EVENTS))
def test_all_of_a_customer_keeps_one_order(name: str) -> None:
    assert plain.shard_key(payload(name)) == CUSTOMER
    assert adapter.shard_key(sign(payload(name))) == CUSTOMER


# --- Signatures -----------------------------------------------------------------------------------


def test_signature_vector() -> None:
    """Computed apart from us (providers.md, section 19)."""
    expected = "1bfd751338264f73cdc0c80c6376c9dd188488b3"
    assert crypto.signature("wxtoken", "1409735669", "nonce123") == expected
    signed = request(b"", method="GET")
    query = f"signature={expected}&timestamp=1409735669&nonce=nonce123&echostr=42"
    then = datetime.fromtimestamp(1409735669, UTC)
    asked = replace(signed, url=f"{signed.url}?{query}", received_at=then)
    adapter.verify(asked)
    assert adapter.handshake(asked) == WebhookResponse(200, "42", "text/plain")
    with pytest.raises(BadSignature):
        adapter.verify(replace(asked, url=asked.url.replace("nonce123", "nonce124")))


def test_a_signed_request_cannot_be_used_again_later() -> None:
    for apart in (timedelta(minutes=11), timedelta(minutes=-11)):
        for one, encrypted in ((plain, False), (adapter, True)):
            signed = sign(payload("message_text"), encrypted=encrypted, at=NOW + apart)
            with pytest.raises(BadSignature, match="another time"):
                one.verify(signed)


def test_plain_mode() -> None:
    signed = sign(payload("message_text"), encrypted=False)
    plain.verify(signed)
    assert plain.acknowledge(signed) == WebhookResponse(body="success")
    with pytest.raises(BadSignature):
        plain.verify(sign(payload("message_text"), encrypted=False, signature="0" * 40))
    for name in ("timestamp", "nonce", "signature"):
        with pytest.raises(BadSignature):
            plain.verify(replace(signed, url=signed.url.replace(f"{name}=", f"{name}x=")))


def test_once_there_is_a_key_nothing_plain_is_taken() -> None:
    """The signature of a plain request says nothing about its body."""
    for one in (payload("message_text"), request(b"<xml><Encrypt></Encrypt></xml>"), request(b"")):
        with pytest.raises(BadSignature):
            adapter.verify(sign(one, encrypted=False))


def test_what_is_encrypted_without_a_key_is_malformed() -> None:
    signed = sign(payload("message_text"))
    plain.verify(signed)
    with pytest.raises(Malformed, match="EncodingAESKey"):
        plain.shard_key(signed)


def test_another_accounts_message_is_refused() -> None:
    code = sealed(payload("message_text").body, app_id="wx0000000000000000")
    stamp = str(int(NOW.timestamp()))
    body = f"<xml><Encrypt>{code}</Encrypt></xml>".encode()
    right = digest(TOKEN, stamp, "n", code)
    url = f"{request(b'').url}?timestamp={stamp}&nonce=n&msg_signature={right}"
    with pytest.raises(BadSignature, match="another account"):
        adapter.verify(replace(request(body), url=url))


@pytest.mark.parametrize(
    "code", ["", "%", "AAAA", "A" * 44, "AAAAAAAAAAAAAAAAAAAAAA==", "ñ", "A" * 43]
)
def test_what_cannot_be_deciphered(code: str) -> None:
    with pytest.raises(crypto.Undecipherable):
        crypto.decrypt(code, AES_KEY, APP_ID)
    with pytest.raises(crypto.Undecipherable):
        crypto.decrypt(sealed(b"<xml/>"), code, APP_ID)


def test_encrypts_as_it_decrypts() -> None:
    for length in range(70):
        xml = b"x" * length
        code = crypto.encrypt(xml, AES_KEY, APP_ID, b"0123456789abcdef")
        assert code == sealed(xml)
        assert crypto.decrypt(code, AES_KEY, APP_ID) == xml


# --- XML ------------------------------------------------------------------------------------------

LAUGHS = '<!ENTITY l0 "ha">' + "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12)
)


@pytest.mark.parametrize(
    "xml",
    [
        f"<!DOCTYPE xml [{LAUGHS}]><xml><Content>&l11;</Content></xml>",
        '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Content>&a;</Content></xml>',
        '<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/a.dtd"><xml><Content>a</Content></xml>',
        '<!DOCTYPE xml [<!ENTITY % a SYSTEM "http://127.0.0.1:9/">%a;]><xml><C>a</C></xml>',
        "<!DOCTYPE xml><xml><Content>a</Content></xml>",
        "<xml><Content>&undeclared;</Content></xml>",
        "<xml>" + "<a>" * 100_000,
        "<xml><a></xml>",
        "<xml>text</xml>",
        "<other><Content>a</Content></other>",
        '<?xml version="1.0" encoding="no-such"?><xml><a>b</a></xml>',
        "<xml><Content>a\0b</Content></xml>",
    ],
)
def test_xml_that_is_refused(xml: str) -> None:
    with pytest.raises(Malformed):
        wechat_xml.read(xml.encode())


def test_xml_as_fields() -> None:
    found = wechat_xml.read(
        b"<xml><a>1</a><b><c>2</c><c>3</c><c>4</c></b><d/><e>&lt;&#65;</e></xml>"
    )
    assert found == {"a": "1", "b": {"c": ["2", "3", "4"]}, "d": "", "e": "<A"}
