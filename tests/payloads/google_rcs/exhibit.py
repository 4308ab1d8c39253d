"""Google's requests for an RCS agent, signed, for the tests of its channels and for the suite."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from channels_sms.google_rcs import GoogleRcs
from gateway.contract import Response, WebhookRequest
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
CLIENT_TOKEN = "SJENCPGJESMGUFPY"
AGENT = "shop_agent"
EMAIL = "rbm@shop-project.iam.gserviceaccount.com"
CUSTOMER = "+34600123456"
URL = "https://inbox.example.org/webhooks/9b2f7c1e-1111-4222-8333-444455556666/"
MESSAGE_ID = "0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"


@lru_cache
def private_key(number: int = 0) -> str:
    """A private key as key files hold it; another one for each number."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def key_file(**fields: Any) -> str:
    """A service account's key file."""
    found = {
        "type": "service_account",
        "project_id": "shop-project",
        "private_key_id": "k1",
        "private_key": private_key(),
        "client_email": EMAIL,
        "client_id": "117",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return json.dumps(found | fields, indent=2)


def config(**fields: str) -> dict[str, str]:
    """A channel's settings."""
    found = {"agent_id": AGENT, "service_account": key_file(), "client_token": CLIENT_TOKEN}
    return found | fields


def envelope(data: bytes, **more: Any) -> WebhookRequest:
    """An unsigned request with these decoded bytes inside."""
    message = {"data": base64.b64encode(data).decode(), "messageId": "1", **more}
    return request(json.dumps({"message": message, "subscription": "s"}).encode())


def request(body: bytes) -> WebhookRequest:
    """An unsigned request with this body."""
    headers = {"content-type": "application/json"}
    return WebhookRequest("POST", URL, headers, body, datetime(2026, 10, 21, tzinfo=UTC))


def sign(unsigned: WebhookRequest, token: str = CLIENT_TOKEN) -> WebhookRequest:
    """The request with Google's signature of what is in its envelope."""
    data = base64.b64decode(json.loads(unsigned.body)["message"]["data"])
    digest = hmac.new(token.encode(), data, hashlib.sha512).digest()
    signature = base64.b64encode(digest).decode()
    return replace(unsigned, headers={**unsigned.headers, "x-goog-signature": signature})


def payload(name: str) -> WebhookRequest:
    """A payload file in its envelope, unsigned."""
    return envelope((FOLDER / f"{name}.json").read_bytes())


def google_rcs() -> Exhibit:
    """An agent of Google's."""
    name = f"phones/{CUSTOMER}/agentMessages/{MESSAGE_ID}"
    return Exhibit(
        adapter=GoogleRcs(config()),
        sign=sign,
        inbound=sign(payload("message_text")),
        inbound_ids=["Mx001"],
        statuses=[sign(payload(f"event_{word}")) for word in ("delivered", "read")],
        unknown=sign(payload("event_new")),
        garbage=[
            envelope(data) for data in (b"", b"{", b"[]", b'"x"', b"{}", b"\xff", b"[" * 9999)
        ],
        recipient=CUSTOMER,
        accepted=Response(200, {}, json.dumps({"name": name, "sendTime": "x"}).encode()),
        accepted_id=MESSAGE_ID,
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"google_rcs": google_rcs}
