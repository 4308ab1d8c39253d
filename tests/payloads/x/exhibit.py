"""X's requests, signed, for its tests and for the conformance suite."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from channels_social.x import X
from gateway.contract import Response, WebhookRequest
from gateway.http import POLLED
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
OWN = "1111111111111111111"
BOB = "2222222222222222222"
SECRET = "consumer-secret-0123456789"
CONFIG = {
    "username": "@acme",
    "consumer_key": "ConsumerKey0123456789",
    "consumer_secret": SECRET,
    "access_token": f"{OWN}-AccessToken0123456789",
    "access_token_secret": "access-token-secret-0123456789",
    "receive": "poll",
    "post_length": "280",
}
URL = "https://inbox.example.org/webhooks/9b2f7c1e-1111-4222-8333-444455556666/"
# When typing in the payloads was a moment ago.
NOW = datetime.fromtimestamp(1_784_928_233, UTC)


def request(body: bytes, method: str = "POST", url: str = URL) -> WebhookRequest:
    """An unsigned request with this body."""
    return WebhookRequest(method, url, {"content-type": "application/json"}, body, NOW)


def sign(unsigned: WebhookRequest) -> WebhookRequest:
    """The request with X's signature for it."""
    digest = hmac.new(SECRET.encode(), unsigned.body, hashlib.sha256).digest()
    signature = f"sha256={base64.b64encode(digest).decode()}"
    headers = {**unsigned.headers, "x-twitter-webhooks-signature": signature}
    return replace(unsigned, headers=headers)


def payload(name: str) -> WebhookRequest:
    """A payload file as an unsigned request."""
    method = POLLED if name.startswith("polled") else "POST"
    return request((FOLDER / f"{name}.json").read_bytes(), method)


def x() -> Exhibit:
    """An account that is written to directly."""
    answer = {"data": {"dm_conversation_id": f"{OWN}-{BOB}", "dm_event_id": "2080765901528539999"}}
    return Exhibit(
        adapter=X(CONFIG),
        sign=sign,
        inbound=sign(payload("dm_received")),
        inbound_ids=["2080765901528535096"],
        statuses=[],
        unknown=sign(payload("profile_update")),
        garbage=[
            request(b""),
            request(b"{"),
            request(b"[]"),
            request(b'"text"'),
            request(b"{}"),
            request(b'{"data": []}'),
            request(b'{"data": {"event_type": 5}}'),
            request(b'{"a": "\xff"}'),
            request(b"[" * 100_000),
        ],
        recipient=BOB,
        accepted=Response(201, {}, json.dumps(answer).encode()),
        accepted_id="2080765901528539999",
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"x": x}
