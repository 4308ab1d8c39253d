"""What the bridge hands in, signed, for the tests of SMPP channels and the conformance suite."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from channels_sms import smpp_signature
from channels_sms.smpp import Smpp
from gateway.contract import Response, WebhookRequest
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
CONFIG = {
    "host": "smsc.example.com",
    "port": "2775",
    "system_id": "omni",
    "password": "pa55word",
    "source": "+14155550100",
}
URL = "https://inbox.example.org/webhooks/9b2f7c1e-1111-4222-8333-444455556666/"
DELIVERY = "0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"
CUSTOMER = "+34600123456"
INBOUND_ID = "5d0f8a4b6c7e4f3a9b1c2d3e4f5a6b7c"
ACCEPTED_ID = "1A2B3C4D/9b2f7c1e1111"


def request(body: bytes, *, url: str = URL) -> WebhookRequest:
    """An unsigned request with this body."""
    moment = datetime(2026, 10, 21, tzinfo=UTC)
    return WebhookRequest("POST", url, {"content-type": "application/json"}, body, moment)


def sign(unsigned: WebhookRequest) -> WebhookRequest:
    """The request as the bridge of this channel signs it."""
    [key, *_older] = smpp_signature.keys(CONFIG)
    signature = smpp_signature.signature(key, unsigned.url, unsigned.body)
    return replace(unsigned, headers={**unsigned.headers, smpp_signature.HEADER: signature})


def payload(name: str) -> WebhookRequest:
    """A payload file as an unsigned request."""
    return request((FOLDER / f"{name}.json").read_bytes())


def smpp() -> Exhibit:
    """A bind with a phone number."""
    return Exhibit(
        adapter=Smpp(CONFIG),
        sign=sign,
        inbound=sign(payload("message_gsm")),
        inbound_ids=[INBOUND_ID],
        statuses=[sign(payload("receipt_enroute")), sign(payload("receipt_delivered"))],
        unknown=sign(payload("receipt_without_id")),
        garbage=[
            request(b""),
            request(b"id:1 stat:DELIVRD"),
            request(b"{"),
            request(b"[]"),
            request(b'"text"'),
            request(b'{"type": 5}'),
            request(b'{"a": "\xff"}'),
        ],
        recipient=CUSTOMER,
        accepted=Response(200, {}, json.dumps({"id": ACCEPTED_ID}).encode()),
        accepted_id=ACCEPTED_ID,
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"smpp": smpp}
