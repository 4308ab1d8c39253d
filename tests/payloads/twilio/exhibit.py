"""Twilio's requests, signed, for the tests of its channels and for the conformance suite."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

from twilio.request_validator import RequestValidator

from channels_sms.twilio_sms import TwilioSms
from gateway.contract import Response, WebhookRequest
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
TOKEN = "0123456789abcdef0123456789abcdef"
NUMBER = "+14155550100"
CONFIG = {"account_sid": "AC" + "0" * 32, "auth_token": TOKEN, "from_number": NUMBER}
SERVICE = {
    "account_sid": "AC" + "0" * 32,
    "auth_token": TOKEN,
    "messaging_service_sid": "MG" + "0" * 32,
}
URL = "https://inbox.example.org/webhooks/9b2f7c1e-1111-4222-8333-444455556666/"
DELIVERY = "0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"
STATUS_URL = f"{URL}?delivery={DELIVERY}"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
SENT_SID = "SM" + "f" * 32


def request(
    body: bytes, *, url: str = URL, content_type: str = FORM, method: str = "POST"
) -> WebhookRequest:
    """An unsigned request with this body."""
    headers = {"content-type": content_type} if content_type else {}
    return WebhookRequest(method, url, headers, body, datetime(2026, 10, 21, tzinfo=UTC))


def sign(unsigned: WebhookRequest, token: str = TOKEN) -> WebhookRequest:
    """The request with the signature that Twilio's own package computes for it."""
    validator = RequestValidator(token)
    url, params = unsigned.url, Fields(unsigned.body)
    if unsigned.headers.get("content-type") != FORM:
        digest = hashlib.sha256(unsigned.body).hexdigest()
        url, params = f"{url}{'&' if '?' in url else '?'}bodySHA256={digest}", Fields(b"")
    signature = validator.compute_signature(url, params)
    return replace(unsigned, url=url, headers={**unsigned.headers, "x-twilio-signature": signature})


class Fields(dict[str, str]):
    """A form as Django's QueryDict gives it to Twilio's validator."""

    def __init__(self, body: bytes) -> None:
        self.lists = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        super().__init__({name: values[0] for name, values in self.lists.items()})

    def getlist(self, name: str) -> list[str]:
        """All values of a field."""
        return self.lists[name]


def payload(name: str, *, url: str | None = None) -> WebhookRequest:
    """A payload file as an unsigned request; statuses come to the status URL."""
    if name.endswith(".json"):
        return request((FOLDER / name).read_bytes(), url=url or URL, content_type=JSON)
    body = (FOLDER / f"{name}.txt").read_bytes().strip()
    return request(body, url=url or (STATUS_URL if name.startswith("status") else URL))


def twilio_sms() -> Exhibit:
    """Twilio SMS with one number."""
    return Exhibit(
        adapter=TwilioSms(CONFIG),
        sign=sign,
        inbound=sign(payload("inbound_text")),
        inbound_ids=["SM" + "0" * 31 + "1"],
        statuses=[sign(payload(f"status_{word}")) for word in ("sent", "delivered", "read")],
        unknown=sign(payload("voice_call")),
        garbage=[
            request(b""),
            request(b"no form at all"),
            request(b"Body=%FF%FE"),
            request(b"\x00\xff\xfe"),
            request(b"{", content_type=JSON),
            request(b"[]", content_type=JSON),
            request(b'"text"', content_type=JSON),
            request(b'{"a": "\xff"}', content_type=JSON),
        ],
        recipient="+34600123456",
        accepted=Response(201, {}, b'{"sid": "%s", "status": "queued"}' % SENT_SID.encode()),
        accepted_id=SENT_SID,
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"twilio_sms": twilio_sms}
