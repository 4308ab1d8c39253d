"""What our own mail process hands in: mails as they came, and what a server said of an address."""

from collections.abc import Sequence
from email import message_from_bytes
from email.policy import compat32
from email.utils import parseaddr
from typing import Any

import orjson

from channels_email.parsing import events_of
from channels_email.signature import FROM, TO
from gateway.addresses import EMAIL, InvalidAddress, normalize
from gateway.contract import WebhookRequest
from gateway.errors import Malformed
from gateway.events import BadAddress, Event, UnknownEvent

JSON = "application/json"
RFC822 = "message/rfc822"
# Enough to find who wrote; the whole head may be megabytes.
HEAD_BYTES = 65_536


def customer(request: WebhookRequest) -> str:
    """Who keeps the order: the writer of a mail, by its head, else by its envelope.

    Raises Malformed for what is no mail at all.
    """
    if request.headers.get("content-type") == JSON:
        return str(_told(request).get("address", ""))
    if not request.body.strip():
        raise Malformed("The mail is empty.")
    return writer(request.body) or request.headers.get(FROM, "").lower()


def writer(raw: bytes) -> str:
    """The mailbox in a mail's From; empty where there is none."""
    try:
        head = message_from_bytes(_head(raw), policy=compat32)
        return mailbox(parseaddr(str(head.get("From", "")))[1])
    except (ValueError, IndexError, LookupError, TypeError):
        return ""  # the envelope will do; what the mail says is found out when it is read


def mailbox(value: str) -> str:
    """An address in its normal form; empty for what is none."""
    try:
        return normalize(EMAIL, value)
    except InvalidAddress:
        return ""


def parse(request: WebhookRequest, own: frozenset[str], secret: bytes) -> Sequence[Event]:
    """All events of a request."""
    if request.headers.get("content-type") != JSON:
        return events_of(
            request.body,
            envelope_from=request.headers.get(FROM, ""),
            envelope_to=request.headers.get(TO, ""),
            own_addresses=own,
            secret=secret,
        )
    told = _told(request)
    if told["type"] == "bad_address":
        return [BadAddress(address=str(told["address"]), evidence=str(told["evidence"])[:500])]
    return [UnknownEvent(kind=told["type"][:64])]


def _told(request: WebhookRequest) -> dict[str, Any]:
    try:
        told = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise Malformed("The body is not JSON.") from error
    if not isinstance(told, dict) or not isinstance(told.get("type"), str):
        raise Malformed("The body is no event.")
    return told


def _head(raw: bytes) -> bytes:
    """The first lines of a mail, up to the empty one."""
    start = raw[:HEAD_BYTES].replace(b"\r\n", b"\n")
    return start.partition(b"\n\n")[0] + b"\n\n"
