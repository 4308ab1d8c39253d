"""What the adapter asks of the bridge, and what it makes of the answers."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from channels_sms import smpp_signature
from channels_sms.smpp import Smpp
from gateway.channels import clean_config
from gateway.contract import Found, Response
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    NotCapable,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
)
from gateway.events import OutboundMessage
from gateway.secrets import unseal
from tests.gateway.test_conformance import drive
from tests.payloads.smpp.exhibit import CONFIG, CUSTOMER, DELIVERY, URL

CHANNEL = "9b2f7c1e-1111-4222-8333-444455556666"
BRIDGE = "http://127.0.0.1:8011"
AT = datetime(2026, 10, 21, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def adapter() -> Smpp:
    return Smpp(CONFIG, base_url=BRIDGE)


def message(text: str = "Hi") -> OutboundMessage:
    return OutboundMessage(DELIVERY, CUSTOMER, text, f"{URL}?delivery={DELIVERY}")


def said(status: int, **body: Any) -> Response:
    return Response(status, {}, json.dumps(body).encode())


def test_a_message_is_one_request_to_the_bridge(adapter: Smpp) -> None:
    sent, [request] = drive(adapter.send(message()), said(200, id="1A/2"))
    assert sent.external_id == "1A/2"
    assert (request.method, request.url) == ("POST", f"{BRIDGE}/channels/{CHANNEL}/messages")
    assert request.json == {"uid": DELIVERY, "to": CUSTOMER, "text": "Hi"}
    [key] = smpp_signature.keys(CONFIG)
    assert request.headers == {"Authorization": f"Bearer {smpp_signature.token(key)}"}


@pytest.mark.parametrize(
    ("response", "error", "code"),
    [
        (said(422, error="Rejected", code="0x0B", text="No"), Rejected, "0x0B"),
        (said(422, error="TooLong", code="0x01", text="No"), TooLong, "0x01"),
        (said(422, error="NotCapable", code="0x67", text="No"), NotCapable, "0x67"),
        (said(422, error="BadCredentials", text="No"), Rejected, "422"),
        (said(400), Rejected, "400"),
        (said(404), Unreachable, "404"),
        (said(401, error="BadCredentials", code="0x0E", text="No"), BadCredentials, "0x0E"),
        (said(429, error="Throttled", code="0x58", text="No"), Throttled, "0x58"),
        (said(502, error="Ambiguous", text="No"), Ambiguous, "502"),
        (said(503, error="Unreachable", text="No"), Unreachable, "503"),
        (said(200), Ambiguous, ""),
        (said(200, id=""), Ambiguous, ""),
    ],
)
def test_answers(adapter: Smpp, response: Response, error: type[SendError], code: str) -> None:
    with pytest.raises(error) as raised:
        drive(adapter.send(message()), response)
    assert (type(raised.value), raised.value.code) == (error, code)


def test_find_asks_the_journal_since_the_attempt(adapter: Smpp) -> None:
    found, [request] = drive(adapter.find(message(), AT), said(200, known=True, id="1A/2"))
    assert found == Found("1A/2")
    assert request.url == f"{BRIDGE}/channels/{CHANNEL}/messages/{DELIVERY}"
    assert request.params == [("since", "2026-10-21T12:00:00.123456+00:00")]
    assert drive(adapter.find(message(), AT), said(200, known=False, id=None))[0] == Found(None)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (said(200, known=True, id=None), Rejected),
        (said(200), Unreachable),
        (said(503), Unreachable),
        (said(500), Unreachable),
    ],
)
def test_what_find_cannot_tell(adapter: Smpp, response: Response, error: type[SendError]) -> None:
    with pytest.raises(error):
        drive(adapter.find(message(), AT), response)


def test_check_hands_over_sealed_credentials(adapter: Smpp) -> None:
    checked, [request] = drive(adapter.check(), said(200, summary="omni, bound"))
    assert checked.summary == "omni, bound"
    assert request.url == f"{BRIDGE}/check"
    assert unseal(request.json["config"].encode()) == CONFIG
    with pytest.raises(BadCredentials):
        drive(adapter.check(), said(401, error="BadCredentials", code="0x0E", text="No"))


def test_segments_follow_the_default_alphabet() -> None:
    assert Smpp(CONFIG).segments("x" * 161) == 2
    assert Smpp(CONFIG).segments("") == 1
    assert Smpp(CONFIG).segments("€" + "x" * 70) == 1
    assert Smpp(CONFIG | {"alphabet": "latin1"}).segments("€" + "x" * 70) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", "smsc.example.com:2775"),
        ("host", "http://smsc"),
        ("port", "0"),
        ("port", "65536"),
        ("tls", "true"),
        ("system_id", "x" * 16),
        ("password", "x" * 9),
        ("source", "A name too long"),
        ("source", "12"),
        ("alphabet", "ucs2"),
        ("long_messages", "no"),
        ("receipt_ids", "octal"),
        ("window", "1001"),
    ],
)
def test_bad_settings_are_refused_by_their_field(field: str, value: str) -> None:
    assert clean_config("smpp", CONFIG) == CONFIG
    with pytest.raises(ValidationError) as raised:
        clean_config("smpp", CONFIG | {field: value})
    assert list(raised.value.message_dict) == [field]


@pytest.mark.parametrize("source", ["+14155550100", "4711", "My Shop", "ACME-24"])
def test_senders(source: str) -> None:
    assert clean_config("smpp", CONFIG | {"source": source})["source"] == source


def test_another_channel_has_another_token() -> None:
    tokens = {
        smpp_signature.token(key)
        for config in (
            CONFIG,
            CONFIG | {"password": "other"},
            CONFIG | {"system_id": str(uuid.UUID(int=1))[:15]},
        )
        for key in smpp_signature.keys(config)
    }
    assert len(tokens) == 3
