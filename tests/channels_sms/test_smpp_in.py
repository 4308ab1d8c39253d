"""What the bridge hands in: every payload file, and what it means."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from channels_sms.smpp import Smpp
from channels_sms.smpp_webhooks import address
from gateway.errors import BadSignature, Malformed
from gateway.events import InboundMessage, Keyword, OptOut, StatusUpdate, UnknownEvent
from gateway.states import State
from tests.payloads.smpp.exhibit import (
    ACCEPTED_ID,
    CONFIG,
    CUSTOMER,
    DELIVERY,
    FOLDER,
    INBOUND_ID,
    payload,
    request,
    sign,
)

NUMBER = CONFIG["source"]
TEXTS = {
    "message_gsm": (CUSTOMER, NUMBER, "Hola, precio: € []"),
    "message_ucs2": (CUSTOMER, NUMBER, "Mañana 👋"),
    "message_latin1": (CUSTOMER, NUMBER, "¿Qué tal?"),
    "message_parts_cut_in_a_pair": (CUSTOMER, NUMBER, "Perdón 👋 adiós"),
    "message_gap": (CUSTOMER, NUMBER, "one […] three"),
    "message_short_code": ("72345", "4711", "Hi"),
    "message_name": ("BANK", NUMBER, "Your code is 1"),
    "message_unknown_ton": (CUSTOMER, NUMBER, "Hi"),
    "message_nul": (CUSTOMER, NUMBER, "AB"),
    "message_empty": (CUSTOMER, NUMBER, ""),
}
RECEIPTS = {
    "receipt_enroute": (State.SENT, "ENROUTE", "", ""),
    "receipt_accepted": (State.SENT, "ACCEPTD", "", ""),
    "receipt_delivered": (State.DELIVERED, "DELIVRD", "", ""),
    "receipt_undeliverable": (State.FAILED, "UNDELIV", "Rejected", "UNDELIV 034"),
    "receipt_expired": (State.EXPIRED, "EXPIRED", "", ""),
    "receipt_rejected": (State.FAILED, "REJECTD", "Rejected", "REJECTD 011"),
    "receipt_deleted": (State.FAILED, "DELETED", "Rejected", "DELETED"),
}
OTHERS = {
    "message_stop",
    "message_binary",
    "receipt_unknown",
    "receipt_new_word",
    "receipt_of_others",
    "receipt_without_id",
}


@pytest.fixture
def adapter() -> Smpp:
    return Smpp(CONFIG)


def test_no_payload_file_is_forgotten() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == TEXTS.keys() | RECEIPTS.keys() | OTHERS


@pytest.mark.parametrize("name", TEXTS)
def test_messages(adapter: Smpp, name: str) -> None:
    sender, recipient, text = TEXTS[name]
    assert adapter.parse(payload(name)) == [InboundMessage(INBOUND_ID, sender, recipient, text)]
    assert adapter.shard_key(payload(name)) == sender


@pytest.mark.parametrize("name", RECEIPTS)
def test_receipts(adapter: Smpp, name: str) -> None:
    state, word, error_class, code = RECEIPTS[name]
    [event] = adapter.parse(payload(name))
    assert isinstance(event, StatusUpdate)
    assert (event.external_id, event.delivery_uid) == (ACCEPTED_ID, UUID(DELIVERY))
    assert (event.state, event.provider_word) == (state, word)
    assert (event.error_class, event.error_code) == (error_class, code)
    assert bool(event.error_text) == (state == State.FAILED)
    assert adapter.shard_key(payload(name)) == CUSTOMER


def test_a_keyword_is_a_message_and_an_opt_out_that_nobody_has_answered(adapter: Smpp) -> None:
    assert adapter.parse(payload("message_stop")) == [
        InboundMessage(INBOUND_ID, CUSTOMER, NUMBER, "Stop."),
        OptOut(INBOUND_ID, CUSTOMER, Keyword.STOP, "Stop.", answered=False),
    ]


def test_what_is_neither_text_nor_a_known_word_is_kept_as_unknown(adapter: Smpp) -> None:
    for name, kind in (
        ("message_binary", "binary message"),
        ("receipt_new_word", "receipt TELEPORTED"),
        ("receipt_without_id", "receipt without id"),
    ):
        [event] = adapter.parse(payload(name))
        assert isinstance(event, UnknownEvent)
        assert event.kind == kind


def test_an_smsc_that_does_not_know_changes_nothing(adapter: Smpp) -> None:
    assert adapter.parse(payload("receipt_unknown")) == []


def test_a_receipt_of_another_systems_message_names_no_delivery(adapter: Smpp) -> None:
    [event] = adapter.parse(payload("receipt_of_others"))
    assert isinstance(event, StatusUpdate)
    assert (event.external_id, event.delivery_uid) == ("77aa", None)


def test_the_default_alphabet_is_a_setting() -> None:
    latin = Smpp(CONFIG | {"alphabet": "latin1"})
    event = {"type": "message", "id": "1", "from": "1", "data_coding": 0, "parts": ["e1"]}
    [message] = latin.parse(request(json.dumps(event).encode()))
    assert isinstance(message, InboundMessage)
    assert message.text == "á"


@pytest.mark.parametrize(
    ("value", "ton", "found"),
    [
        ("34600123456", 1, "+34600123456"),
        ("+34600123456", 1, "+34600123456"),
        ("34600123456", 0, "+34600123456"),
        ("600123456", 2, "600123456"),
        ("72345", 0, "72345"),
        ("99999999999999999999", 1, "99999999999999999999"),
        ("Bank 24", 5, "Bank 24"),
        ("", 0, ""),
    ],
)
def test_addresses(value: str, ton: int, found: str) -> None:
    assert address(value, ton) == found


def test_another_channels_path_makes_the_signature_wrong(adapter: Smpp) -> None:
    signed = sign(payload("message_gsm"))
    adapter.verify(signed)
    with pytest.raises(BadSignature):
        adapter.verify(replace(signed, url=signed.url.replace("9b2f7c1e", "9b2f7c1f")))


def test_an_old_secret_key_still_verifies_while_it_is_a_fallback(settings: object) -> None:
    signed = sign(payload("message_gsm"))
    old = settings.SECRET_KEY  # type: ignore[attr-defined]
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]
    with pytest.raises(BadSignature):
        Smpp(CONFIG).verify(signed)
    settings.SECRET_KEY_FALLBACKS = [old]  # type: ignore[attr-defined]
    Smpp(CONFIG).verify(signed)


def test_json_that_is_no_event_is_malformed(adapter: Smpp) -> None:
    with pytest.raises(Malformed):
        adapter.shard_key(request(b'{"id": "1"}'))
