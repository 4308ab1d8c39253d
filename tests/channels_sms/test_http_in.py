"""What providers without an adapter send, file by file, and what it means."""

import base64
import hashlib
import hmac
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels_sms.http_signature import Signature
from channels_sms.http_sms import HttpSms
from channels_sms.http_webhooks import address, moment
from gateway.contract import WebhookRequest
from gateway.errors import BadSignature, Malformed
from gateway.events import Event, InboundMessage, Keyword, OptOut, StatusUpdate, UnknownEvent
from gateway.states import State
from tests.payloads.http.exhibit import (
    DELIVERY,
    FOLDER,
    FORM,
    JSON_CONFIG,
    NUMBER,
    PLAIN_CONFIG,
    SECRET,
    STATUS_URL,
    URL,
    payload,
    request,
    sign,
)

CUSTOMER = "+34600123456"
SOME_TIME = datetime(2026, 10, 21, 7, 30, 15, tzinfo=UTC)


def written(name: str, text: str, sender: str = CUSTOMER, **more: Any) -> InboundMessage:
    return InboundMessage(name, sender, NUMBER, text, **more)


def report(state: State, word: str, **more: Any) -> StatusUpdate:
    more.setdefault("delivery_uid", uuid.UUID(DELIVERY))
    return StatusUpdate("prov-20", state, word, **more)


def adapter_of(name: str) -> HttpSms:
    return HttpSms(JSON_CONFIG if name.endswith(".json") else PLAIN_CONFIG)


EVENTS: dict[str, list[Event]] = {
    "inbound_text.json": [
        written("msg-in-1", "¿Dónde está mi pedido? 📦 & más = 100%+", occurred_at=SOME_TIME)
    ],
    "inbound_stop.json": [
        written("msg-in-2", " Stop. ", occurred_at=SOME_TIME),
        OptOut("msg-in-2", CUSTOMER, Keyword.STOP, " Stop. ", answered=False),
    ],
    "inbound_nul.json": [written("msg-in-3", "ab?")],
    "inbound_short_code.json": [written("70001", "Your code is 1234", "22395")],
    "inbound_empty.json": [
        written("msg-in-4", "", occurred_at=SOME_TIME.replace(microsecond=123_000))
    ],
    "status_accepted.json": [],
    "status_sent.json": [report(State.SENT, "SENT")],
    "status_delivered.json": [report(State.DELIVERED, "DELIVRD")],
    "status_read.json": [report(State.READ, "READ")],
    "status_failed.json": [
        report(
            State.FAILED,
            "undeliverable",
            delivery_uid=None,
            error_class="OptedOut",
            error_code="1610",
        )
    ],
    "status_failed_unlisted.json": [
        report(
            State.FAILED,
            "undeliverable",
            delivery_uid=None,
            error_class="Rejected",
            error_code="9999",
        )
    ],
    "status_teleported.json": [UnknownEvent("status TELEPORTED", "prov-20")],
    "status_without_id.json": [UnknownEvent("status delivered", "")],
    "several.json": [
        written("msg-in-5", "one"),
        written("msg-in-6", "two", "+34600123457"),
        report(State.DELIVERED, "delivered", delivery_uid=None),
        UnknownEvent("no message", "type"),
    ],
    "wallet_low.json": [UnknownEvent("no message", "balance, type")],
    "inbound_form.txt": [written("F1", "¿Dónde? & más", occurred_at=SOME_TIME)],
    "status_form.txt": [report(State.DELIVERED, "DELIVRD", delivery_uid=None)],
}
WITHOUT_ID = {"inbound_without_id.json", "inbound_query.txt"}


@pytest.mark.parametrize("name", list(EVENTS))
def test_payload(name: str) -> None:
    assert adapter_of(name).parse(payload(name)) == EVENTS[name]


def test_every_payload_file_is_tried() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.suffix in {".json", ".txt"}}
    assert files == set(EVENTS) | WITHOUT_ID


@pytest.mark.parametrize(
    ("name", "sender", "text"),
    [("inbound_without_id.json", CUSTOMER, "OK"), ("inbound_query.txt", CUSTOMER, "Hola")],
)
def test_a_message_without_id_has_one_of_who_said_what_when(
    name: str, sender: str, text: str
) -> None:
    [event] = adapter_of(name).parse(payload(name))
    assert isinstance(event, InboundMessage)
    assert (event.sender, event.text, event.occurred_at) == (sender, text, SOME_TIME)
    assert event.external_id.startswith("sha256-")
    assert len(event.external_id) == 71


def test_the_own_id_tells_a_repeat_from_a_second_message() -> None:
    adapter, said = HttpSms(JSON_CONFIG), payload("inbound_without_id.json")

    def own_id(old: bytes = b"", new: bytes = b"") -> str:
        [event] = adapter.parse(replace(said, body=said.body.replace(old, new)))
        assert isinstance(event, InboundMessage)
        return event.external_id

    # Sent again, in another envelope: the same message.
    assert own_id(b'"type": "message"', b'"try": 2, "type": "message"') == own_id()
    # Again OK, a second later; another sender; another text.
    others = [(b"07:30:15", b"07:30:16"), (b"0034600123456", b"0034600123457"), (b"OK", b"ok")]
    assert len({own_id(), *(own_id(*change) for change in others)}) == 4


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("inbound_text.json", CUSTOMER),
        ("inbound_without_id.json", CUSTOMER),
        ("status_sent.json", CUSTOMER),
        ("inbound_short_code.json", "22395"),
        ("several.json", ""),
        ("wallet_low.json", ""),
        ("inbound_form.txt", CUSTOMER),
        ("status_form.txt", CUSTOMER),
        ("inbound_query.txt", CUSTOMER),
    ],
)
def test_shard_key(name: str, key: str) -> None:
    assert adapter_of(name).shard_key(payload(name)) == key


def test_a_list_inside_the_body() -> None:
    names = {"events_path": "data.events", "in_sender": "from", "in_text": "body.0", "in_id": "id"}
    adapter = HttpSms(JSON_CONFIG | names)
    body = b'{"data": {"events": [{"from": "+34600123456", "body": ["Hi"], "id": 9}]}}'
    assert adapter.parse(request(body)) == [InboundMessage("9", CUSTOMER, "", "Hi")]
    # Another kind of request of the same provider, without the list.
    assert adapter.parse(request(b'{"ping": 1}')) == [UnknownEvent("no message", "ping")]


def test_our_own_id_is_the_id_where_the_provider_gives_none() -> None:
    config = {name: value for name, value in JSON_CONFIG.items() if name != "id_path"}
    body = b'{"report": {"message_id": "%s", "status": "sent"}}' % DELIVERY.encode()
    [event] = HttpSms(config).parse(request(body))
    assert isinstance(event, StatusUpdate)
    assert (event.external_id, event.delivery_uid) == (DELIVERY, uuid.UUID(DELIVERY))


def test_the_delivery_in_the_address_counts_where_something_vouches_for_it() -> None:
    status = replace(payload("status_form.txt"), url=STATUS_URL)
    [vouched] = HttpSms(PLAIN_CONFIG).parse(status)
    [signed_body] = HttpSms(PLAIN_CONFIG | {"signature": "hmac_sha256_hex"}).parse(status)
    assert isinstance(vouched, StatusUpdate)
    assert isinstance(signed_body, StatusUpdate)
    assert (vouched.delivery_uid, signed_body.delivery_uid) == (uuid.UUID(DELIVERY), None)


@pytest.mark.parametrize(
    ("value", "country", "normal"),
    [
        ("+34600123456", "", CUSTOMER),
        ("34600123456", "", CUSTOMER),
        ("0034600123456", "", CUSTOMER),
        ("+34 600-12 34 56", "", CUSTOMER),
        ("600123456", "ES", CUSTOMER),
        ("34600123456", "ES", CUSTOMER),
        ("(415) 555-0100", "US", "+14155550100"),
        ("22395", "", "22395"),
        ("22395", "ES", "22395"),
        ("POSTOFFICE", "US", "POSTOFFICE"),
        ("1800FLOWERS", "US", "1800FLOWERS"),
        ("00000000", "", "00000000"),
        ("", "", ""),
        ("+", "ES", "+"),
        ("x" * 400, "", "x" * 320),
    ],
)
def test_addresses(value: str, country: str, normal: str) -> None:
    assert address(value, country) == normal


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("2026-10-21T07:30:15Z", SOME_TIME),
        ("2026-10-21 07:30:15", SOME_TIME),
        ("1792567815", SOME_TIME),
        ("1792567815.0", SOME_TIME),
        ("1792567815000", SOME_TIME),
        ("", None),
        ("noon", None),
        ("9" * 400, None),
        ("0001-01-01T00:00:00+23:00", None),
    ],
)
def test_times(value: str, at: datetime | None) -> None:
    assert moment(value) == at


@pytest.mark.parametrize("body", [b"", b"{", b"5", b"null", b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_no_event_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        HttpSms(JSON_CONFIG).shard_key(request(body))


# --- Proof --------------------------------------------------------------------------------------

BODY = b'{"message": {}}'


def proven(scheme: str, secret: str = SECRET) -> tuple[dict[str, str], WebhookRequest]:
    """A scheme's settings and a request that satisfies it."""
    plain, config = request(BODY), {**JSON_CONFIG, "signature": scheme, "signature_prefix": ""}
    config |= {"signature_name": "X-Proof"}
    headers = dict(plain.headers)
    if scheme == "query":
        return config, replace(plain, url=f"{URL}?a=1&X-Proof={secret}&b=%20")
    if scheme == "basic":
        shown = base64.b64encode(f"X-Proof:{secret}".encode()).decode()
        headers["authorization"] = f"Basic {shown}"
    elif scheme == "header":
        headers["x-proof"] = secret
    else:
        _hmac, algorithm, form = scheme.split("_")
        digest = hmac.new(secret.encode(), BODY, getattr(hashlib, algorithm)).digest()
        headers["x-proof"] = (
            digest.hex().upper() if form == "hex" else base64.b64encode(digest).decode()
        )
    return config, replace(plain, headers=headers)


SCHEMES = [
    "hmac_sha256_hex",
    "hmac_sha256_base64",
    "hmac_sha1_hex",
    "hmac_sha1_base64",
    "header",
    "query",
    "basic",
]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_proof(scheme: str) -> None:
    config, right = proven(scheme)
    HttpSms(config).verify(right)
    _config, wrong = proven(scheme, "another-secret-0123")
    for refused in (wrong, request(BODY)):
        with pytest.raises(BadSignature):
            HttpSms(config).verify(refused)
    with pytest.raises(BadSignature):
        HttpSms(config | {"webhook_secret": ""}).verify(proven(scheme, "")[1])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_another_proof_is_none(scheme: str) -> None:
    config, _right = proven(scheme)
    for other in set(SCHEMES) - {scheme}:
        with pytest.raises(BadSignature):
            HttpSms(config).verify(proven(other)[1])


@pytest.mark.parametrize("scheme", SCHEMES[:4])
def test_a_signed_body_covers_the_body_only(scheme: str) -> None:
    config, right = proven(scheme)
    empty = hmac.new(SECRET.encode(), b"", hashlib.sha256).hexdigest()
    adapter = HttpSms(config)
    with pytest.raises(BadSignature):
        adapter.verify(replace(right, body=BODY + b" "))
    for method in ("GET", "POST"):
        bare = replace(right, method=method, body=b"", url=f"{URL}?msisdn=1&msg=forged")
        with pytest.raises(BadSignature):
            adapter.verify(replace(bare, headers={"x-proof": empty}))


@pytest.mark.parametrize("value", ["", "zz", "é", "sha256=", "0" * 63, " ", "\x00"])
def test_an_odd_signature_is_a_bad_one(value: str) -> None:
    for scheme in (*SCHEMES[:4], "header"):
        config, right = proven(scheme)
        with pytest.raises(BadSignature):
            HttpSms(config).verify(replace(right, headers={"x-proof": value}))


@pytest.mark.parametrize("value", ["Basic", "Basic !", "Bearer " + SECRET, "Basic eDp5", "Basic 4"])
def test_odd_basic_is_refused(value: str) -> None:
    config, right = proven("basic")
    with pytest.raises(BadSignature):
        HttpSms(config).verify(replace(right, headers={"authorization": value}))


def test_a_prefix_must_be_there() -> None:
    right = sign(payload("inbound_text.json"))
    adapter = HttpSms(JSON_CONFIG)
    adapter.verify(right)
    bare = right.headers["x-provider-signature"].removeprefix("sha256=")
    with pytest.raises(BadSignature):
        adapter.verify(replace(right, headers={"x-provider-signature": bare}))


def test_names_unless_said_otherwise() -> None:
    assert Signature("hmac_sha1_hex", "s").place == "x-signature"
    assert Signature("header", "s").place == "x-webhook-token"
    assert Signature("query", "s").place == "token"


def test_the_secret_in_the_address_is_not_kept() -> None:
    config, right = proven("query")
    assert HttpSms(config).kept_url(right) == f"{URL}?a=1&b=+"
    assert HttpSms(JSON_CONFIG).kept_url(right) == right.url


def test_the_secret_in_the_address_is_no_field() -> None:
    query = "msisdn=34600123456&msg=Hola&ts=1&token=" + SECRET
    adapter = HttpSms(PLAIN_CONFIG | {"in_text": "token"})
    asked = request(b"", url=f"{URL}?{query}", content_type="", method="GET")
    adapter.verify(asked)
    [event] = adapter.parse(asked)
    assert isinstance(event, UnknownEvent)
    assert SECRET not in event.detail


def test_a_form_may_come_without_a_known_type() -> None:
    assert HttpSms(PLAIN_CONFIG).shard_key(request(b"msisdn=22395&msg=a", content_type=FORM))
    with pytest.raises(Malformed):
        HttpSms(PLAIN_CONFIG).shard_key(request(b"msisdn=22395&msg=a", content_type="text/plain"))
