"""LINE's requests, signed, for the tests of its channel and for the conformance suite."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from channels_social.line import Line
from gateway.contract import Response, WebhookRequest
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
SECRET = "0123456789abcdef0123456789abcdef"
ACCESS_TOKEN = "bNl4YEFPI/hjFWhTqexp4MuEw5YPs7qhr6dJDXKwNPuLka/89=="
CONFIG = {"basic_id": "@123abcde", "channel_secret": SECRET, "access_token": ACCESS_TOKEN}
CUSTOMER = "U4af4980629b0e5f5bfa6b1a1c1a3f4d2"
ACCOUNT = "U8e742f61d673b39c7fff3cecb7536ef0"
URL = "https://inbox.example.org/webhooks/9b2f7c1e-1111-4222-8333-444455556666/"
SENT = {"sentMessages": [{"id": "461230966842064897", "quoteToken": "IStG5h1Tz7b..."}]}


def request(body: bytes) -> WebhookRequest:
    """An unsigned request with this body."""
    headers = {"content-type": "application/json; charset=utf-8"}
    return WebhookRequest("POST", URL, headers, body, datetime(2026, 10, 21, tzinfo=UTC))


def sign(unsigned: WebhookRequest, secret: str = SECRET) -> WebhookRequest:
    """The request as LINE's documentation says that it is signed."""
    digest = hmac.new(secret.encode(), unsigned.body, hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    return replace(unsigned, headers={**unsigned.headers, "x-line-signature": signature})


def payload(name: str) -> WebhookRequest:
    """A payload file as an unsigned request."""
    return request((FOLDER / f"{name}.json").read_bytes())


def line() -> Exhibit:
    """A LINE official account."""
    return Exhibit(
        adapter=Line(CONFIG),
        sign=sign,
        inbound=sign(payload("message_text")),
        inbound_ids=["468353770545201"],
        statuses=[],
        unknown=sign(payload("video_play_complete")),
        garbage=[request(body) for body in (b"", b"{", b"[]", b'"x"', b"{}", b"\xff", b"[" * 9999)],
        recipient=CUSTOMER,
        accepted=Response(200, {}, json.dumps(SENT).encode()),
        accepted_id="461230966842064897",
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"line": line}
