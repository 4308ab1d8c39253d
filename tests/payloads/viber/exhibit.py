"""Viber's callbacks for a bot, signed, for the tests of its channel and for the suite."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from channels_social.viber import Viber
from gateway.contract import Response, WebhookRequest
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
TOKEN = "4453b6ac12345678-e02c5f12174805f9-daec9cbb5448c51f"
CUSTOMER = "01234567890A="
URL = "https://inbox.example.org/webhooks/9b2f7c1e-1111-4222-8333-444455556666/"
# Over 2^53: read as a floating-point number it would be another.
MESSAGE_TOKEN = "4912661846655238300"
ACCEPTED = Response(
    200,
    {},
    b'{"status":0,"status_message":"ok","message_token":%s}' % MESSAGE_TOKEN.encode(),
)


def config(**fields: str) -> dict[str, str]:
    """A channel's settings."""
    return {"auth_token": TOKEN, "uri": "corner_shop", "sender_name": "Corner Shop"} | fields


def request(body: bytes) -> WebhookRequest:
    """An unsigned request."""
    headers = {"content-type": "application/json"}
    return WebhookRequest("POST", URL, headers, body, datetime(2026, 10, 21, tzinfo=UTC))


def sign(unsigned: WebhookRequest, token: str = TOKEN) -> WebhookRequest:
    """The request with Viber's signature of its body."""
    digest = hmac.new(token.encode(), unsigned.body, hashlib.sha256).hexdigest()
    return replace(unsigned, headers={**unsigned.headers, "x-viber-content-signature": digest})


def payload(name: str) -> WebhookRequest:
    """A payload file as an unsigned request."""
    return request((FOLDER / f"{name}.json").read_bytes())


def viber() -> Exhibit:
    """A bot."""
    return Exhibit(
        adapter=Viber(config()),
        sign=sign,
        inbound=sign(payload("message_text")),
        inbound_ids=["4912661846655238145"],
        statuses=[sign(payload(word)) for word in ("delivered", "seen")],
        unknown=sign(payload("client_status")),
        garbage=[request(body) for body in (b"", b"{", b"[]", b"5", b"{}", b"\xff", b"[" * 9999)],
        recipient=CUSTOMER,
        accepted=ACCEPTED,
        accepted_id=MESSAGE_TOKEN,
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"viber": viber}
