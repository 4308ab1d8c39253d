"""Requests of WhatsApp's, signed, for the tests of its channel and for the suite."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from channels_social import meta_account
from channels_social.whatsapp import WhatsApp
from gateway.contract import Response, WebhookRequest
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
APP_SECRET = "6f1c9b2a7d3e4f50a1b2c3d4e5f60718"
ACCESS_TOKEN = "EAAJBtokenOfASystemUser0123456789"
VERIFY_TOKEN = "verify-9876543210"
NUMBER, NUMBER_ID, ACCOUNT_ID = "+15550783881", "106540352242922", "102290129340398"
CUSTOMER, USER = "+34600123456", "ES.7261920374650912"
URL = "https://inbox.example.org/webhooks/9b2f7c1e-1111-4222-8333-444455556666/"
SENT_ID = "wamid.HBgLMTQxNTU1NTAxMTQVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"


def config(**fields: str) -> dict[str, str]:
    """A channel's settings."""
    found = {
        "phone_number": NUMBER,
        "phone_number_id": NUMBER_ID,
        "business_account_id": ACCOUNT_ID,
        "access_token": ACCESS_TOKEN,
        "app_secret": APP_SECRET,
        "verify_token": VERIFY_TOKEN,
    }
    return found | fields


def request(body: bytes) -> WebhookRequest:
    """An unsigned request with this body."""
    headers = {"content-type": "application/json"}
    return WebhookRequest("POST", URL, headers, body, datetime(2026, 10, 21, tzinfo=UTC))


def sign(unsigned: WebhookRequest, secret: str = APP_SECRET) -> WebhookRequest:
    """The request with Meta's signature of its body."""
    signature = meta_account.sign(unsigned.body, secret)
    return replace(unsigned, headers={**unsigned.headers, meta_account.SIGNATURE: signature})


def payload(name: str) -> WebhookRequest:
    """A payload file, unsigned."""
    return request((FOLDER / f"{name}.json").read_bytes())


def accepted(identity: str = SENT_ID) -> Response:
    """The answer to a message that was taken."""
    body = {
        "messaging_product": "whatsapp",
        "contacts": [{"input": CUSTOMER, "wa_id": CUSTOMER.removeprefix("+")}],
        "messages": [{"id": identity, "message_status": "accepted"}],
    }
    return Response(200, {}, json.dumps(body).encode())


GARBAGE = (
    b"",
    b"{",
    b"[]",
    b'"x"',
    b"{}",
    b'{"object": "page", "entry": []}',
    b"\xff",
    b"[" * 9999,
)


def whatsapp() -> Exhibit:
    """A number of WhatsApp's."""
    return Exhibit(
        adapter=WhatsApp(config()),
        sign=sign,
        inbound=sign(payload("message_text")),
        inbound_ids=["wamid.IN01"],
        statuses=[sign(payload(f"status_{word}")) for word in ("sent", "delivered", "read")],
        unknown=sign(payload("account_update")),
        garbage=[request(body) for body in GARBAGE],
        recipient=CUSTOMER,
        accepted=accepted(),
        accepted_id=SENT_ID,
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"whatsapp": whatsapp}
