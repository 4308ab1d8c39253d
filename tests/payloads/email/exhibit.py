"""Requests of an e-mail channel: mails from our own process, and Mailgun's reports."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from channels_email import signature
from channels_email.email import Email
from channels_email.handed_in import JSON, RFC822
from gateway.contract import Response, WebhookRequest
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
SECRET = "x" * 43
CONFIG = {
    "from_address": "support@example.com",
    "from_name": "Example Support",
    "secret": SECRET,
    "sending": "mailgun",
    "provider_key": "mailgun-api-key",
    "webhook_key": "key-abc",
    "receiving": "imap",
    "imap_host": "imap.example.com",
    "imap_user": "support@example.com",
    "imap_password": "imap-pa55word",
}
SMTP_CONFIG = {
    name: value
    for name, value in CONFIG.items()
    if name not in {"sending", "provider_key", "webhook_key"}
} | {"smtp_host": "smtp.example.com", "smtp_user": "support", "smtp_password": "smtp-pa55word"}
CHANNEL = "9b2f7c1e-1111-4222-8333-444455556666"
URL = f"https://inbox.example.org/webhooks/{CHANNEL}/"
DELIVERY = "0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"
CUSTOMER = "maya@customers.example"
MESSAGE_ID = f"{DELIVERY}@example.com"


NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
# A few seconds after Mailgun's example was signed.
THEN = datetime.fromtimestamp(1529006860, UTC)


def request(
    body: bytes,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    at: datetime = NOW,
) -> WebhookRequest:
    """An unsigned request with this body."""
    return WebhookRequest(method, URL, headers or {"content-type": JSON}, body, at)


def mail(raw: bytes, *, to: str = "support@example.com") -> WebhookRequest:
    """A mail as our own process hands it in, unsigned."""
    headers = {"content-type": RFC822, signature.TO: to} if to else {"content-type": RFC822}
    return request(raw, method=signature.MAIL, headers=headers)


def sign(unsigned: WebhookRequest) -> WebhookRequest:
    """The request as our own process signs it."""
    key = signature.keys(CONFIG)[0]
    header = {signature.HEADER: signature.signature(key, unsigned)}
    return replace(unsigned, headers={**unsigned.headers, **header})


def payload(name: str) -> WebhookRequest:
    """A payload file as a request; Mailgun's carry their signature."""
    at = THEN if name.startswith("mailgun") else NOW
    return request((FOLDER / f"{name}.json").read_bytes(), at=at)


def question() -> bytes:
    """A customer's mail."""
    return (FOLDER / "question.eml").read_bytes()


def email() -> Exhibit:
    """A mailbox that is read over IMAP and sends by Mailgun."""
    return Exhibit(
        adapter=Email(CONFIG),
        sign=sign,
        inbound=sign(mail(question())),
        inbound_ids=["q1@customers.example"],
        statuses=[payload("mailgun_accepted"), payload("mailgun_delivered")],
        unknown=payload("mailgun_unknown"),
        garbage=[
            mail(b""),
            mail(b" \r\n\r\n "),
            request(b"[]", method=signature.MAIL),
            request(b"{", method=signature.MAIL),
            request(b'{"type": 5}', method=signature.MAIL),
        ],
        recipient=CUSTOMER,
        accepted=Response(200, {}, json.dumps({"id": MESSAGE_ID}).encode()),
        accepted_id=MESSAGE_ID,
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"email": email}
