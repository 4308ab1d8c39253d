"""What Google sends for an RCS agent, file by file, and what it means."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from channels_sms.google_rcs import GoogleRcs
from channels_sms.rbm_webhooks import sign as signature_of
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
    Typing,
    UnknownEvent,
    Withdrawal,
)
from gateway.states import State
from tests.payloads.google_rcs.exhibit import (
    CLIENT_TOKEN,
    CUSTOMER,
    FOLDER,
    MESSAGE_ID,
    config,
    envelope,
    payload,
    request,
    sign,
)

adapter = GoogleRcs(config())
AT = datetime(2026, 10, 21, 10, 15, 30, 123456, tzinfo=UTC)
UID = uuid.UUID(MESSAGE_ID)


def written(n: int, text: str = "", **more: Any) -> InboundMessage:
    fields: dict[str, Any] = {"occurred_at": AT} | more
    return InboundMessage(f"Mx{n:03d}", CUSTOMER, "shop_agent", text, **fields)


def report(state: State, word: str) -> StatusUpdate:
    return StatusUpdate(MESSAGE_ID, state, word, UID, occurred_at=AT)


EVENTS: dict[str, list[Event]] = {
    "message_text": [written(1, "¿Dónde está mi pedido? 📦")],
    "message_tap": [written(2, "Yes, please", payload="order:42:yes")],
    "message_tap_bare": [written(3, "", payload='{"a": 1}')],
    "message_tap_action": [written(4, "Stop", payload="Stop")],
    "message_location": [written(5, location=Location(40.4168, -3.7038))],
    "message_location_null_island": [written(6, location=Location(0.0, 0.0))],
    "message_location_odd": [written(7)],
    "message_file": [
        written(
            8,
            attachments=(
                Attachment(
                    "https://rcs-copper-eu.googleapis.com/6c5f", "image/jpeg", "receipt.jpeg"
                ),
            ),
        )
    ],
    "message_file_flat": [
        written(
            9,
            attachments=(
                Attachment("https://rcs-copper-eu.googleapis.com/77", "application/pdf", "a.pdf"),
            ),
        )
    ],
    "message_stop": [
        written(10, " Stop. "),
        OptOut("Mx010", CUSTOMER, Keyword.STOP, " Stop. ", answered=False),
    ],
    "message_tap_stop": [
        written(11, "STOP", payload="bye"),
        OptOut("Mx011", CUSTOMER, Keyword.STOP, "STOP", answered=False),
    ],
    "message_nul": [written(12, "ab")],
    "message_full_agent": [written(13, "Hi", occurred_at=None)],
    "message_other_agent": [UnknownEvent("another agent", "other_agent")],
    "message_nobody": [UnknownEvent("message of nobody", "agentId, text")],
    "event_delivered": [report(State.DELIVERED, "DELIVERED")],
    "event_read": [report(State.READ, "READ")],
    "event_read_not_ours": [StatusUpdate("not-a-uuid", State.READ, "READ")],
    "event_delivered_bare": [
        UnknownEvent("DELIVERED", "agentId, eventId, eventType, senderPhoneNumber")
    ],
    "event_typing": [Typing(CUSTOMER)],
    "event_unsubscribe": [
        OptOut("Ev-UNSUBSCRIBE", CUSTOMER, Keyword.STOP, "UNSUBSCRIBE", answered=True)
    ],
    "event_subscribe": [
        OptOut("Ev-SUBSCRIBE", CUSTOMER, Keyword.START, "SUBSCRIBE", answered=True)
    ],
    "event_new": [
        UnknownEvent("HOLOGRAM_SHOWN", "agentId, eventId, eventType, messageId, senderPhoneNumber")
    ],
    "event_expired": [Withdrawal(MESSAGE_ID, True, "TTL_EXPIRATION_REVOKED", UID, AT)],
    "event_expired_failed": [
        Withdrawal(MESSAGE_ID, False, "TTL_EXPIRATION_REVOKE_FAILED", UID, AT)
    ],
    "agent_launched": [UnknownEvent("no message", "agentId, launchState, regionId")],
}


@pytest.mark.parametrize("name", list(EVENTS))
def test_payload(name: str) -> None:
    assert list(adapter.parse(payload(name))) == EVENTS[name]


def test_every_payload_file_is_tried() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize("name", list(EVENTS))
def test_all_of_a_customer_keeps_one_order(name: str) -> None:
    alone = {"agent_launched": "", "message_nobody": ""}
    assert adapter.shard_key(payload(name)) == alone.get(name, CUSTOMER)


# --- Signatures -----------------------------------------------------------------------------------


def test_signature_vector() -> None:
    """Computed apart from us (providers.md, section 19)."""
    data = (
        b'{"senderPhoneNumber":"+12223334444","eventType":"DELIVERED","eventId":"e1",'
        b'"messageId":"m1","agentId":"a1"}'
    )
    expected = (
        "67OrPevHmTUmfwIW9FdYkp4BkrbESZPr4z6RRstUAKecWpB1m/i0iai+MgYBchcuyECQb1QN4SUdxrPGm3VEKw=="
    )
    assert signature_of(data, "CLIENTTOKEN") == expected
    signed = sign(envelope(data), "CLIENTTOKEN")
    assert signed.headers["x-goog-signature"] == expected
    GoogleRcs(config(client_token="CLIENTTOKEN")).verify(signed)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"message": 5}',
        b'{"message": {}}',
        b'{"message": {"data": 5}}',
        b'{"message": {"data": "%"}}',
        '{"message": {"data": "ñ"}}'.encode(),
        b"[" * 99_999,
    ],
)
def test_without_an_envelope_nothing_can_be_signed(body: bytes) -> None:
    unsigned = request(body)
    signed = type(unsigned)(
        unsigned.method,
        unsigned.url,
        {**unsigned.headers, "x-goog-signature": signature_of(body, CLIENT_TOKEN)},
        body,
        unsigned.received_at,
    )
    for one in (unsigned, signed):
        with pytest.raises(BadSignature):
            adapter.verify(one)
        with pytest.raises(Malformed):
            adapter.shard_key(one)


# --- The handshake --------------------------------------------------------------------------------


def greeting(**fields: Any) -> Any:
    return request(
        json.dumps({"clientToken": CLIENT_TOKEN, "secret": "1234567890"} | fields).encode()
    )


def test_handshake_is_answered_with_the_bare_secret() -> None:
    adapter.verify(greeting())
    assert adapter.handshake(greeting()) == WebhookResponse(200, "1234567890", "text/plain")


@pytest.mark.parametrize(
    "fields",
    [
        {"clientToken": "x"},
        {"clientToken": ""},
        {"clientToken": None},
        {"clientToken": "ñ"},
        {"secret": None},
        {"secret": 5},
        {"message": {"data": "e30="}},
    ],
)
def test_handshake_of_a_stranger_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(greeting(**fields))


def test_no_token_no_handshake() -> None:
    with pytest.raises(BadSignature):
        GoogleRcs(config(client_token="")).verify(greeting(clientToken=""))


def test_events_are_no_handshake() -> None:
    for name in EVENTS:
        assert adapter.handshake(sign(payload(name))) is None
    assert adapter.acknowledge(payload("message_text")) == WebhookResponse()
