"""Meta's requests for a page and an Instagram account, signed, for tests and for the suite."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from channels_social.messenger import Messenger
from gateway.contract import Response, WebhookRequest
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
URL = "https://inbox.example.org/webhooks/9b2f7c1e-1111-4222-8333-444455556666/"
SECRET = "5ecre7a0b1c2d3e4f5a6b7c8d9e0f1a2"
PAGE, CUSTOMER = "106540352242922", "5432109876543210"


def config(**fields: str) -> dict[str, str]:
    """A channel's settings."""
    found = {
        "page_id": PAGE,
        "access_token": "EAAGpagetoken0123456789",
        "app_secret": SECRET,
        "verify_token": "verify-me-please",
        "app_id": "1234567890",
    }
    return found | fields


def request(body: bytes) -> WebhookRequest:
    """An unsigned request with this body."""
    headers = {"content-type": "application/json"}
    return WebhookRequest("POST", URL, headers, body, datetime(2026, 10, 21, tzinfo=UTC))


def sign(unsigned: WebhookRequest, secret: str = SECRET) -> WebhookRequest:
    """The request with Meta's signature of its body."""
    digest = hmac.new(secret.encode(), unsigned.body, hashlib.sha256).hexdigest()
    signed = {"x-hub-signature-256": f"sha256={digest}"}
    return replace(unsigned, headers={**unsigned.headers, **signed})


def payload(name: str, folder: Path = FOLDER) -> WebhookRequest:
    """A payload file, unsigned."""
    return request((folder / f"{name}.json").read_bytes())


def garbage() -> list[WebhookRequest]:
    """What Meta would never send."""
    bodies = (b"", b"{", b"[]", b'"x"', b"{}", b"\xff", b"[" * 9999, b'{"object":"page"}')
    return [request(body) for body in bodies]


def messenger() -> Exhibit:
    """A Facebook page."""
    accepted = {"recipient_id": CUSTOMER, "message_id": "m_500"}
    return Exhibit(
        adapter=Messenger(config()),
        sign=sign,
        inbound=sign(payload("message_text")),
        inbound_ids=["m_001"],
        statuses=[sign(payload("delivery_mids"))],
        unknown=sign(payload("event_new")),
        garbage=garbage(),
        recipient=CUSTOMER,
        accepted=Response(200, {}, json.dumps(accepted).encode()),
        accepted_id="m_500",
        names_what_was_read=False,
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"messenger": messenger}
