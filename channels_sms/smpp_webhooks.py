"""What the SMPP bridge hands in: messages and receipts, as JSON with the octets as they came."""

import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from channels_sms.keywords import NONE, keyword
from channels_sms.smpp_errors import RECEIPTS
from channels_sms.smpp_text import joined
from gateway.addresses import PHONE, InvalidAddress, normalize
from gateway.contract import WebhookRequest
from gateway.errors import Malformed
from gateway.events import Event, InboundMessage, Keyword, OptOut, StatusUpdate, UnknownEvent

JSON = "application/json"
# Stands where a part of a long message never came.
GAP = "[…]"
# An international number; "unknown" is what many SMSCs say of those.
INTERNATIONAL, UNKNOWN_TYPE = 1, 0
SHORTEST_NUMBER = 8


def read(request: WebhookRequest) -> Mapping[str, Any]:
    """The event of a request. Malformed when the bridge would not write it so."""
    try:
        event = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise Malformed("The body is not JSON.") from error
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise Malformed("The body is no event.")
    return event


def address(value: str, ton: int) -> str:
    """E.164 when it is an international number; short codes and names stay as they are."""
    value = value.strip()
    digits = value.lstrip("+")
    if ton in {INTERNATIONAL, UNKNOWN_TYPE} and digits.isdecimal():
        if len(digits) < SHORTEST_NUMBER:
            return value
        try:
            return normalize(PHONE, f"+{digits}")
        except InvalidAddress:
            return value
    return value


def customer(event: Mapping[str, Any]) -> str:
    """The customer's address an event is about: what keeps its order."""
    if event["type"] == "receipt":
        return str(event.get("to", ""))
    return address(str(event.get("from", "")), _number(event.get("from_ton")))


def parse(request: WebhookRequest, alphabet: str, own: Mapping[str, Keyword] = NONE) -> list[Event]:
    """All events of a request; none for a receipt that changes nothing.

    ``own`` are the channel's keywords.
    """
    event = read(request)
    if event["type"] == "message":
        return _message(event, alphabet, own)
    if event["type"] == "receipt":
        return _receipt(event)
    return [UnknownEvent(kind=event["type"][:64])]


def _message(event: Mapping[str, Any], alphabet: str, own: Mapping[str, Keyword]) -> list[Event]:
    coding = _number(event.get("data_coding"))
    pieces = [None if one is None else bytes.fromhex(one) for one in event["parts"]]
    text = joined(pieces, coding, alphabet, GAP)
    if text is None:
        return [UnknownEvent(kind="binary message", detail=f"data_coding {coding}")]
    message = InboundMessage(
        external_id=str(event["id"]),
        sender=customer(event),
        recipient=address(str(event.get("to", "")), _number(event.get("to_ton"))),
        text=text.replace("\0", ""),
    )
    word = keyword(message.text, own)
    if word is None:
        return [message]
    return [
        message,
        OptOut(message.external_id, message.sender, word, message.text, answered=False),
    ]


def _receipt(event: Mapping[str, Any]) -> list[Event]:
    word, code = str(event.get("stat", "")), str(event.get("err", ""))
    if word not in RECEIPTS:
        return [UnknownEvent(kind=f"receipt {word[:40]}", detail=str(event["id"])[:255])]
    state, known = RECEIPTS[word]
    if state is None:
        return []
    return [
        StatusUpdate(
            external_id=str(event["id"]),
            state=state,
            provider_word=word,
            delivery_uid=uuid.UUID(event["delivery"]) if event.get("delivery") else None,
            error_class=known.error.__name__ if known else "",
            error_code=f"{word} {code}".strip()[:32] if known else "",
            error_text=known.text if known else "",
        )
    ]


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
