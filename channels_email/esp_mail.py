"""Whole mails out of providers' inbound webhooks: as they came, where the provider says so.

Sources: django-anymail 15.2 for the fields; what a provider has taken apart is put together again
by its views.
"""

import json
from base64 import b64decode, encodebytes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anymail.webhooks import mailgun, postmark
from django.http import HttpRequest

from gateway.errors import Malformed

JSON = "application/json"
# What the views want to be given, although reading needs none of it.
NO_LOGIN: Mapping[str, Any] = {"webhook_secret": "none"}
NO_KEY: Mapping[str, Any] = {"webhook_signing_key": "none", "api_key": "none"}


@dataclass(frozen=True, slots=True)
class ProviderMail:
    """A mail and the envelope it came in; empty where the provider does not say."""

    raw: bytes
    envelope_from: str
    envelope_to: str


def of_mailgun(request: HttpRequest) -> ProviderMail | None:
    """A form is a mail, JSON a report. ``body-mime`` is there when the route asks for it."""
    if request.content_type == JSON:
        return None
    raw: bytes | None = request.raw_fields.get("body-mime")  # type: ignore[attr-defined]
    if raw is None:
        view = mailgun.MailgunInboundWebhookView(**NO_KEY)
        raw = _bytes(view.parse_events(request)[0].message)
    return ProviderMail(raw, request.POST.get("sender", ""), request.POST.get("recipient", ""))


def of_postmark(request: HttpRequest) -> ProviderMail | None:
    """Only mail has no RecordType. ``RawEmail`` is there when the server's settings ask for it."""
    said: dict[str, Any] = json.loads(request.body)
    if said.get("RecordType", "Inbound") != "Inbound" or "FromFull" not in said:
        return None
    view = postmark.PostmarkInboundWebhookView(**NO_LOGIN)
    message = view.parse_events(request)[0].message
    raw = said.get("RawEmail")
    return ProviderMail(
        raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else _bytes(message),
        _word(message.envelope_sender),
        _word(message.envelope_recipient),
    )


def of_amazon_ses(request: HttpRequest) -> ProviderMail | None:
    """A notification of type Received, by a rule that publishes the mail to the topic."""
    event = ses_event(request.body)
    if event.get("notificationType") != "Received":
        return None
    if "content" not in event:
        raise Malformed("The receipt rule must publish the mail to SNS, not to S3.")
    action = event.get("receipt", {}).get("action", {})
    content = str(event["content"])
    mail = event["mail"]
    recipients = event.get("receipt", {}).get("recipients") or mail.get("destination") or [""]
    return ProviderMail(
        b64decode(content)
        if action.get("encoding") == "BASE64"
        else content.encode("utf-8", "surrogateescape"),
        _word(mail.get("source")),
        _word(recipients[0]),
    )


def ses_event(body: bytes) -> dict[str, Any]:
    """What stands in a notification of SNS; empty where it is words."""
    try:
        event = json.loads(json.loads(body).get("Message", ""))
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _bytes(message: Any) -> bytes:
    """A mail that was put together again; its files are octets, whose line ends must not change."""
    for part in message.walk():
        if part.is_multipart() or "Content-Transfer-Encoding" in part:
            continue
        data = part.get_payload(decode=True) or b""
        part.set_payload(encodebytes(data).decode("ascii"))
        part["Content-Transfer-Encoding"] = "base64"
    raw: bytes = message.as_bytes()
    return raw
