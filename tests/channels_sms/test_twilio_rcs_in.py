"""What Twilio sends for an RCS sender, file by file, and what it means."""

import uuid
from typing import Any

import pytest

from channels_sms.twilio_account import TWIML
from channels_sms.twilio_rcs import TwilioRcs
from channels_sms.twilio_signature import sign as ours
from gateway.content.model import Location
from gateway.contract import WebhookResponse
from gateway.errors import BadSignature
from gateway.events import (
    Attachment,
    Event,
    InboundMessage,
    Keyword,
    OptOut,
    StatusUpdate,
    UnknownEvent,
    Withdrawal,
)
from gateway.states import State
from tests.payloads.twilio_rcs.exhibit import (
    CUSTOMER,
    DELIVERY,
    FOLDER,
    SENDER,
    TOKEN,
    config,
    payload,
    sign,
)

adapter = TwilioRcs(config())
MEDIA = "https://api.twilio.com/2010-04-01/Accounts/AC" + "0" * 32 + "/Messages/MM01/Media/ME0"


def sid(n: int, prefix: str = "SM") -> str:
    return f"{prefix}{n:032x}"


def written(n: int, text: str, **more: Any) -> InboundMessage:
    return InboundMessage(**{"external_id": sid(n), "recipient": SENDER} | more, **about(text))


def about(text: str) -> dict[str, Any]:
    return {"sender": CUSTOMER, "text": text}


def opt_out(n: int, word: Keyword, text: str, answered: bool) -> OptOut:
    return OptOut(sid(n), CUSTOMER, word, text, answered)


def report(state: State, word: str, name: str = "", code: str = "", text: str = "") -> StatusUpdate:
    uid = uuid.UUID(DELIVERY)
    return StatusUpdate(
        sid(20), state, word, uid, error_class=name, error_code=code, error_text=text
    )


def over(word: str) -> Withdrawal:
    return Withdrawal(sid(20), True, word, uuid.UUID(DELIVERY))


EVENTS: dict[str, list[Event]] = {
    "inbound_text": [written(1, "¿Dónde está mi pedido? 📦")],
    "inbound_upper_prefix": [written(2, "Hi")],
    "inbound_tap": [written(3, "Buy", payload="buy:1 & more")],
    "inbound_tap_bare": [written(4, "Yes", payload="Yes")],
    "inbound_tap_action": [written(5, "Stop", payload="open")],
    "inbound_tap_stop": [
        written(6, "Stop", payload="stop"),
        opt_out(6, Keyword.STOP, "Stop", False),
    ],
    "inbound_media": [
        written(
            7,
            "see",
            external_id=sid(7, "MM"),
            attachments=(
                Attachment(MEDIA + "1", "image/jpeg"),
                Attachment(MEDIA + "2", "application/octet-stream"),
            ),
        )
    ],
    "inbound_location": [written(8, "", location=Location(40.416775, -3.70379, "Puerta del Sol"))],
    "inbound_location_odd": [written(9, "here")],
    "inbound_stop_answered": [written(10, "STOP"), opt_out(10, Keyword.STOP, "STOP", True)],
    "inbound_stop_plain": [written(11, " stop! "), opt_out(11, Keyword.STOP, " stop! ", False)],
    "inbound_start": [written(12, "START"), opt_out(12, Keyword.START, "START", True)],
    "inbound_help": [written(13, "HELP"), opt_out(13, Keyword.HELP, "HELP", False)],
    "inbound_nul": [written(14, "ab")],
    # Who got it by SMS from the Messaging Service answers its number.
    "inbound_by_sms": [written(15, "2", recipient="+14155550100")],
    "inbound_whatsapp": [UnknownEvent("whatsapp message")],
    "status_accepted": [],
    "status_queued": [],
    "status_sending": [],
    "status_sent": [report(State.SENT, "sent")],
    "status_delivered": [report(State.DELIVERED, "delivered")],
    "status_delivered_event": [report(State.DELIVERED, "delivered")],
    "status_read": [report(State.READ, "read")],
    "status_read_event": [report(State.READ, "read")],
    "status_teleported": [UnknownEvent("status teleported", sid(20))],
    "status_not_capable": [
        report(
            State.FAILED,
            "failed",
            "NotCapable",
            "63036",
            "The number cannot be reached over RCS now",
        )
    ],
    "status_not_launched": [
        report(
            State.FAILED,
            "failed",
            "NotCapable",
            "63035",
            "The agent is not launched for this recipient",
        )
    ],
    "status_no_such_phone": [
        report(
            State.FAILED,
            "undelivered",
            "NotCapable",
            "63003",
            "The recipient was not found on this channel",
        )
    ],
    "status_validity_over": [over("undelivered 30036")],
    "status_validity_over_failed": [over("failed 30036")],
    "status_blocked": [
        report(
            State.FAILED,
            "undelivered",
            "OptedOut",
            "63033",
            "The recipient has blocked this sender",
        )
    ],
    "status_content_refused": [
        report(
            State.FAILED, "failed", "Rejected", "63005", "The channel did not accept the content"
        )
    ],
    "status_failed_new_code": [report(State.FAILED, "failed", "NotCapable", "63999")],
    "status_failed_bare": [report(State.FAILED, "failed", "Rejected")],
    "status_sent_by_sms": [report(State.SENT, "sent (SMS)")],
    "status_delivered_by_sms": [report(State.DELIVERED, "delivered (SMS)")],
    "status_undelivered_by_sms": [
        report(
            State.FAILED,
            "undelivered (SMS)",
            "Unreachable",
            "30003",
            "The phone is off or out of coverage",
        )
    ],
    "voice_call": [UnknownEvent("no message", "AccountSid, CallSid, From")],
}


@pytest.mark.parametrize("name", list(EVENTS))
def test_payload(name: str) -> None:
    assert adapter.parse(payload(name)) == EVENTS[name]


def test_every_payload_file_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(EVENTS)


@pytest.mark.parametrize("name", list(EVENTS))
def test_what_concerns_a_person_keeps_one_order(name: str) -> None:
    kept = adapter.shard_key(payload(name))
    assert kept == ("whatsapp:" if "whatsapp" in name else "") + CUSTOMER


@pytest.mark.parametrize("name", list(EVENTS))
def test_signatures_are_those_of_twilios_own_package(name: str) -> None:
    signed = sign(payload(name))
    assert signed.headers["x-twilio-signature"] == ours(TOKEN, signed.url, signed.form())
    adapter.verify(signed)
    with pytest.raises(BadSignature):
        TwilioRcs(config(auth_token="f" * 32)).verify(signed)


def test_a_known_signature() -> None:
    """Computed by hand (HMAC-SHA1 with the token 12345), not with anybody's package."""
    fields = [
        ("MessageSid", "SM0123456789abcdef0123456789abcdef"),
        ("From", "rcs:+14155550100"),
        ("To", "rcs:brand_xyz123_agent"),
        ("Body", "Buy"),
        ("ButtonText", "Buy"),
        ("ButtonPayload", "buy:1"),
    ]
    url = "https://msg.example.com/hooks/twilio/rcs/"
    assert ours("12345", url, fields) == "LZrDdkZS+E9c/pCxuRV2JMTh0Fw="


def test_what_twilio_expects_back() -> None:
    assert adapter.acknowledge(payload("inbound_tap")) == WebhookResponse(200, TWIML, "text/xml")
    assert adapter.acknowledge(payload("status_read")) == WebhookResponse()
