"""What Twilio sends, file by file, and what it means."""

import uuid
from typing import Any

import pytest

from channels_sms.twilio_account import TWIML
from channels_sms.twilio_sms import TwilioSms
from gateway.contract import WebhookResponse
from gateway.errors import Malformed
from gateway.events import (
    Attachment,
    Event,
    InboundMessage,
    Keyword,
    OptOut,
    StatusUpdate,
    UnknownEvent,
)
from gateway.states import State
from tests.payloads.twilio.exhibit import CONFIG, DELIVERY, JSON, URL, payload, request

adapter = TwilioSms(CONFIG)
CUSTOMER = "+34600123456"
MEDIA = "https://api.twilio.com/2010-04-01/Accounts/AC" + "0" * 32 + "/Messages/MM0f/Media/ME0"


def sid(n: int) -> str:
    return f"SM{n:032x}"


def written(n: int, text: str, sender: str = CUSTOMER, **more: Any) -> InboundMessage:
    return InboundMessage(sid(n), sender, "+14155550100", text, **more)


def opt_out(n: int, word: Keyword, text: str, answered: bool) -> OptOut:
    return OptOut(sid(n), CUSTOMER, word, text, answered)


def report(state: State, word: str, name: str = "", code: str = "", text: str = "") -> StatusUpdate:
    return StatusUpdate(
        sid(20),
        state,
        word,
        uuid.UUID(DELIVERY),
        error_class=name,
        error_code=code,
        error_text=text,
    )


EVENTS: dict[str, list[Event]] = {
    "inbound_text": [written(1, "¿Dónde está mi pedido? 📦 & más = 100%+")],
    "inbound_empty": [written(2, "")],
    "inbound_multiline": [written(3, "line one\r\nline two\n\nline four")],
    "inbound_nul": [written(4, "ab")],
    "inbound_service": [written(5, "Hi")],
    "inbound_short_code": [written(6, "Your code is 1234", "22395")],
    "inbound_name": [written(7, "Parcel ready", "POSTOFFICE")],
    "inbound_stop_answered": [written(8, "Stop"), opt_out(8, Keyword.STOP, "Stop", True)],
    "inbound_stop_plain": [written(9, " STOP. "), opt_out(9, Keyword.STOP, " STOP. ", False)],
    "inbound_start_answered": [written(10, "start"), opt_out(10, Keyword.START, "start", True)],
    "inbound_help": [written(11, "HELP"), opt_out(11, Keyword.HELP, "HELP", False)],
    "inbound_yes": [written(12, "YES")],
    "inbound_stop_in_sentence": [written(13, "Please stop at the corner")],
    "inbound_whatsapp": [UnknownEvent("whatsapp message")],
    "inbound_media": [
        InboundMessage(
            "MM" + "0" * 31 + "f",
            CUSTOMER,
            "+14155550100",
            "see",
            (
                Attachment(MEDIA + "1", "image/jpeg"),
                Attachment(MEDIA + "2", "application/octet-stream"),
            ),
        )
    ],
    "status_accepted": [],
    "status_queued": [],
    "status_sending": [],
    "status_sent": [report(State.SENT, "sent")],
    "status_delivered": [report(State.DELIVERED, "delivered")],
    "status_read": [report(State.READ, "read")],
    "status_undelivered": [
        report(
            State.FAILED,
            "undelivered",
            "Unreachable",
            "30003",
            "The phone is off or out of coverage",
        )
    ],
    "status_too_late": [report(State.EXPIRED, "undelivered")],
    "status_failed_filtered": [
        report(State.FAILED, "failed", "Rejected", "30007", "The carrier filtered the message")
    ],
    "status_failed_bare": [report(State.FAILED, "failed", "Rejected")],
    "status_failed_new_code": [report(State.FAILED, "failed", "Unreachable", "30999")],
    "status_failed_odd_code": [report(State.FAILED, "failed", "Rejected")],
    "status_unsubscribed": [
        report(
            State.FAILED,
            "failed",
            "OptedOut",
            "21610",
            "The recipient has unsubscribed from this sender",
        )
    ],
    "status_teleported": [UnknownEvent("status teleported", sid(20))],
    "voice_call": [UnknownEvent("no message", "AccountSid, CallSid, CallStatus, From, To")],
    "event_stream.json": [UnknownEvent("com.twilio.messaging.message.delivered")],
}


@pytest.mark.parametrize("name", list(EVENTS))
def test_payload(name: str) -> None:
    assert adapter.parse(payload(name)) == EVENTS[name]


def test_every_payload_file_is_tried() -> None:
    from tests.payloads.twilio.exhibit import FOLDER

    files = {path.stem for path in FOLDER.glob("*.txt")} | {p.name for p in FOLDER.glob("*.json")}
    assert files == set(EVENTS)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("inbound_text", CUSTOMER),
        ("status_sent", CUSTOMER),
        ("status_queued", CUSTOMER),
        ("inbound_short_code", "22395"),
        ("event_stream.json", ""),
        ("voice_call", CUSTOMER),
    ],
)
def test_shard_key(name: str, key: str) -> None:
    assert adapter.shard_key(payload(name)) == key


def test_a_webhook_may_be_a_get() -> None:
    body = payload("inbound_text").body.decode()
    got = request(b"", url=f"{URL}?{body}", method="GET", content_type="")
    assert adapter.parse(got) == EVENTS["inbound_text"]
    with pytest.raises(Malformed):
        adapter.shard_key(request(b"", method="GET", content_type=""))


@pytest.mark.parametrize("uid", ["", "x", "1", "00000000", "../../etc"])
def test_a_bad_delivery_id_is_no_delivery_id(uid: str) -> None:
    [event] = adapter.parse(payload("status_sent", url=f"{URL}?delivery={uid}"))
    assert isinstance(event, StatusUpdate)
    assert event.delivery_uid is None


def test_the_first_of_repeated_fields_counts() -> None:
    body = b"MessageSid=SM1&MessageSid=SM2&From=%2B34600123456&To=%2B14155550100&Body=a&Body=b"
    [event] = adapter.parse(request(body))
    assert isinstance(event, InboundMessage)
    assert (event.external_id, event.text) == ("SM1", "a")


@pytest.mark.parametrize("name", ["MessageSid", "SmsSid", "SmsMessageSid"])
def test_each_name_of_the_id(name: str) -> None:
    [event] = adapter.parse(request(f"{name}=SM7&From=22395&To=1&Body=a".encode()))
    assert isinstance(event, InboundMessage)
    assert event.external_id == "SM7"


def test_odd_media_urls_are_kept_for_people() -> None:
    body = b"MessageSid=SM1&From=22395&Body=&NumMedia=x&MediaUrl0=http%3A%2F%2F%5Bbad&MediaUrl1="
    [event] = adapter.parse(request(body))
    assert isinstance(event, InboundMessage)
    assert event.attachments == (Attachment("http://[bad", "application/octet-stream"),)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"5", b"null", b"[]", b"[1]", b"\xff", b"[" * 100_000],
)
def test_json_that_is_no_event_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        adapter.shard_key(request(body, content_type=JSON))


@pytest.mark.parametrize("body", [b"", b"&&", b"=", b"text", b"Body=%FF", b"a=1&b", b"\xff=1"])
def test_a_body_that_is_no_form_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        adapter.shard_key(request(body))


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x"])
def test_neither_form_nor_json_is_malformed(kind: str) -> None:
    with pytest.raises(Malformed):
        adapter.shard_key(request(b"Body=a", content_type=kind))


def test_answers_twiml_to_messages_and_nothing_to_the_rest() -> None:
    twiml = WebhookResponse(200, TWIML, "text/xml")
    assert adapter.acknowledge(payload("inbound_text")) == twiml
    for name in ("status_sent", "voice_call", "event_stream.json"):
        assert adapter.acknowledge(payload(name)) == WebhookResponse(200, "", "text/plain")
