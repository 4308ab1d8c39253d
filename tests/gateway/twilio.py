"""Signed Twilio requests for tests, made with Twilio's own package."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client
from django.urls import reverse
from twilio.request_validator import RequestValidator

from gateway.models import Channel
from tests import builders


def sid() -> str:
    """A message id as Twilio makes them."""
    return f"SM{uuid.uuid4().hex}"


def inbound_fields(channel: Channel, sender: str, text: str, **fields: str) -> dict[str, str]:
    """The fields of an inbound text."""
    message_sid = fields.pop("sid", None) or sid()
    return {
        "MessageSid": message_sid,
        "SmsSid": message_sid,
        "AccountSid": builders.SID,
        "From": sender,
        "To": channel.address,
        "Body": text,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
    } | fields


def status_fields(message_sid: str, status: str, **fields: str) -> dict[str, str]:
    """The fields of a status callback."""
    return {
        "MessageSid": message_sid,
        "SmsSid": message_sid,
        "MessageStatus": status,
        "SmsStatus": status,
        "AccountSid": builders.SID,
        "ApiVersion": "2010-04-01",
    } | fields


def post(
    channel: Channel, fields: dict[str, str], *, query: str = "", token: str = builders.TOKEN
) -> Any:
    """Post fields to the channel's webhook, signed with ``token``."""
    path = reverse("webhook", args=[channel.pk]) + (f"?{query}" if query else "")
    signature = RequestValidator(token).compute_signature(settings.PUBLIC_URL + path, fields)
    return Client().post(
        path,
        urlencode(fields),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    )
