"""Requests of two made-up providers, for the generic HTTP channel and the conformance suite."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from channels_sms.http_sms import HttpSms
from gateway.contract import Response, WebhookRequest
from tests.payloads.exhibit import Exhibit

FOLDER = Path(__file__).parent
HOME = HttpSms.provider_url
SECRET = "webhook-secret-0123456789"
NUMBER = "+14155550100"
URL = "https://inbox.example.org/webhooks/9b2f7c1e-1111-4222-8333-444455556666/"
DELIVERY = "0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"
STATUS_URL = f"{URL}?delivery={DELIVERY}"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
SENT_ID = "prov-77"

# Speaks JSON, answers with an id, signs what it sends.
JSON_CONFIG = {
    "send_url": f"{HOME}/v1/messages",
    "method": "POST",
    "body_type": "json",
    "body": '{"to": "{{to}}", "from": "{{from}}", "content": {"type": "text", "body": "{{text}}"}, '
    '"reference": "{{id}}", "callback": "{{status_url}}", "flash": false}',
    "headers": "Authorization: Bearer bearer-0123456789\nIdempotency-Key: {{id}}",
    "from_number": NUMBER,
    "max_text": "1000",
    "accepted": "2xx",
    "id_path": "messages.0.id",
    "error_path": "error.message",
    "code_path": "error.code",
    "error_codes": "1610 = opted_out\n1401 = too_long\n402 = bad_credentials",
    "check_url": f"{HOME}/v1/account",
    "check_path": "account.name",
    "signature": "hmac_sha256_hex",
    "signature_name": "X-Provider-Signature",
    "signature_prefix": "sha256=",
    "webhook_secret": SECRET,
    "in_sender": "message.from",
    "in_recipient": "message.to",
    "in_text": "message.text",
    "in_id": "message.id",
    "in_time": "message.received_at",
    "status_field": "report.status",
    "status_id": "report.message_id",
    "status_to": "report.to",
    "status_code": "report.error",
    "status_reference": "report.reference",
    "status_words": "acceptd = ignored\nsent = sent\ndelivrd = delivered\ndelivered = delivered\n"
    "read = read\nundeliverable = failed",
}

# Takes everything in the address, calls back by GET or with a form, shows a token in the address.
PLAIN_CONFIG = {
    "send_url": f"{HOME}/send/{{{{to_digits}}}}?user=acme&pass={{{{key}}}}&msg={{{{text}}}}"
    "&from={{from}}&dlr={{status_url}}",
    "method": "GET",
    "body_type": "json",
    "key": "p&ss w=rd/1",
    "from_number": NUMBER,
    "signature": "query",
    "webhook_secret": SECRET,
    "in_sender": "msisdn",
    "in_recipient": "shortcode",
    "in_text": "msg",
    "in_id": "msgid",
    "in_time": "ts",
    "status_field": "dlr",
    "status_id": "msgid",
    "status_to": "msisdn",
    "status_words": "DELIVRD = delivered",
}


def request(
    body: bytes, *, url: str = URL, content_type: str = JSON, method: str = "POST"
) -> WebhookRequest:
    """An unsigned request with this body."""
    headers = {"content-type": content_type} if content_type else {}
    return WebhookRequest(method, url, headers, body, datetime(2026, 10, 21, tzinfo=UTC))


def sign(unsigned: WebhookRequest, secret: str = SECRET) -> WebhookRequest:
    """The request as the JSON provider signs it."""
    digest = hmac.new(secret.encode(), unsigned.body, hashlib.sha256).hexdigest()
    headers = {**unsigned.headers, "x-provider-signature": f"sha256={digest}"}
    return replace(unsigned, headers=headers)


def payload(name: str) -> WebhookRequest:
    """A payload file as an unsigned request: JSON, a form, or a query."""
    if name.endswith("_query.txt"):
        query = (FOLDER / name).read_text().strip()
        return request(b"", url=f"{URL}?{query}", content_type="", method="GET")
    body = (FOLDER / name).read_bytes().strip()
    return request(body, content_type=JSON if name.endswith(".json") else FORM)


def http_sms() -> Exhibit:
    """The JSON provider."""
    return Exhibit(
        adapter=HttpSms(JSON_CONFIG),
        sign=sign,
        inbound=sign(payload("inbound_text.json")),
        inbound_ids=["msg-in-1"],
        statuses=[sign(payload(f"status_{word}.json")) for word in ("sent", "delivered", "read")],
        unknown=sign(payload("wallet_low.json")),
        garbage=[
            request(b"no JSON at all"),
            request(b"{"),
            request(b"[]"),
            request(b'"text"'),
            request(b'{"a": "\xff"}'),
            request(b"[" * 100_000),
            request(b"Body=%FF%FE", content_type=FORM),
            request(b"\x00\xff\xfe", content_type=FORM),
        ],
        recipient="+34600123456",
        accepted=Response(201, {}, b'{"messages": [{"id": "%s"}]}' % SENT_ID.encode()),
        accepted_id=SENT_ID,
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"http_sms": http_sms}
