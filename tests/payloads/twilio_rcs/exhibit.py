"""Twilio's requests for an RCS sender, signed, for the tests of its channel and for the suite."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from channels_sms.twilio_rcs import TwilioRcs
from gateway.contract import WebhookRequest
from tests.payloads.exhibit import Exhibit
from tests.payloads.twilio.exhibit import (
    DELIVERY,
    STATUS_URL,
    TOKEN,
    URL,
    request,
    sign,
    twilio_sms,
)

FOLDER = Path(__file__).parent
SENDER = "brand_xyz123_agent"
ACCOUNT = "AC" + "0" * 32
SERVICE = "MG" + "0" * 32
CUSTOMER = "+34600123456"


def config(**fields: str) -> dict[str, str]:
    """A channel's settings."""
    found = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender_id": SENDER}
    return found | {"sms_fallback": "ours"} | fields


def payload(name: str) -> WebhookRequest:
    """A payload file as an unsigned request; statuses come to the status URL."""
    body = (FOLDER / f"{name}.txt").read_bytes().strip()
    return request(body, url=STATUS_URL if name.startswith("status") else URL)


def twilio_rcs() -> Exhibit:
    """An RCS sender by itself; what it is sent and answered is as with SMS."""
    return replace(
        twilio_sms(),
        adapter=TwilioRcs(config()),
        inbound=sign(payload("inbound_text")),
        inbound_ids=["SM" + "0" * 31 + "1"],
        statuses=[sign(payload(f"status_{word}")) for word in ("sent", "delivered", "read")],
        unknown=sign(payload("voice_call")),
        recipient=CUSTOMER,
    )


EXHIBITS: dict[str, Callable[[], Exhibit]] = {"twilio_rcs": twilio_rcs}
__all__ = ["DELIVERY", "EXHIBITS", "STATUS_URL", "TOKEN", "URL", "sign"]
