"""LINE's webhooks: their signature, and the events inside.

The body is ``{"destination", "events": [...]}``; one request may hold events of several people.
Source: providers.md section 11 (LINE's OpenAPI of 2026-07).
"""

import base64
import hashlib
import hmac
import json
import mimetypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.content.model import Location
from gateway.contract import WebhookRequest
from gateway.errors import BadSignature, Malformed
from gateway.events import (
    Attachment,
    Event,
    InboundMessage,
    Keyword,
    OptOut,
    UnknownEvent,
    Unsent,
)

Json = dict[str, Any]
Parts = dict[str, Any]

SIGNATURE = "x-line-signature"
# Between a button's label and its payload in what comes back of a tap (line_messages.postback).
BETWEEN = "\n"
# What LINE sends files as; it does not say so in the webhook.
KINDS = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/m4a"}
ANY_FILE = "application/octet-stream"
FOLLOWS = {"follow": Keyword.START, "unfollow": Keyword.STOP}
# Tokens are longer than ids.
TOKEN = 1000
# Another system has taken the chat over; what it gets is not for us.
STANDBY = "standby"


@dataclass(frozen=True, slots=True)
class Place:
    """Whose events they are: the account's id, and where its customers' files lie."""

    recipient: str
    content_url: Callable[[str], str]


def sign(body: bytes, secret: str) -> str:
    """LINE's signature of a body."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def verify(request: WebhookRequest, secret: str) -> None:
    """Raise BadSignature unless the body was signed with the channel's secret."""
    if not secret:
        raise BadSignature("No channel secret is configured.")
    found = request.headers.get(SIGNATURE, "").strip()
    if not found:
        raise BadSignature("The signature is missing.")
    given = found.encode("utf-8", "replace")
    if not hmac.compare_digest(sign(request.body, secret).encode(), given):
        raise BadSignature("The signature is wrong.")


def read(request: WebhookRequest) -> Json:
    """The payload; Malformed when it is no JSON object with a list of events."""
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not JSON.") from error
    if not isinstance(found, dict) or not isinstance(found.get("events"), list):
        raise Malformed("The body holds no events.")
    return found


def parse(payload: Json, place: Place) -> Sequence[Event]:
    """All events of a payload. One without any is what LINE's console sends to try the address."""
    return [
        event
        for one in payload["events"]
        for event in _event(one if isinstance(one, dict) else {}, place)
    ]


def _event(found: Json, place: Place) -> Sequence[Event]:
    kind = text(found, "type")
    if text(found, "mode") == STANDBY:
        return []
    source = inside(found, "source")
    sender, whose = text(source, "userId")[:255], text(source, "type")
    if whose not in {"", "user"}:
        return [unknown(f"{kind} in a {whose}", found)]
    if not sender:
        return [unknown(kind or "no event", found)]
    if kind in FOLLOWS:
        return [_follow(found, FOLLOWS[kind], sender, kind)]
    if kind == "unsend":
        return _unsend(found, sender)
    make = READERS.get(kind)
    return make(found, sender, place) if make else [unknown(kind or "no event", found)]


def _follow(found: Json, word: Keyword, sender: str, kind: str) -> OptOut:
    """They added the account as a friend or blocked it; LINE has shown them what that did."""
    named = text(found, "webhookEventId") or plain(f"{kind} {sender} {found.get('timestamp')}")
    return OptOut(named[:255], sender, word, kind, answered=True, source="provider")


def _unsend(found: Json, sender: str) -> Sequence[Event]:
    identity = text(inside(found, "unsend"), "messageId")[:255]
    if not identity:
        return [unknown("unsend", found)]
    # LINE demands that what was unsent can no longer be seen or used.
    return [Unsent(identity, sender, erase=True, occurred_at=moment(found.get("timestamp")))]


# --- Messages -----------------------------------------------------------------------------------


def _message(found: Json, sender: str, place: Place) -> Sequence[Event]:
    message = inside(found, "message")
    identity, kind = text(message, "id")[:255], text(message, "type")
    if not identity:
        return [unknown("message without id", found)]
    make = MESSAGES.get(kind)
    parts = make(message, place) if make else {"text": "", "unsupported": kind[:64] or "message"}
    return [_inbound(found, identity, sender, place, message, parts)]


def _postback(found: Json, sender: str, place: Place) -> Sequence[Event]:
    identity, tap = text(found, "webhookEventId")[:255], inside(found, "postback")
    if not identity:
        return [unknown("postback without id", found)]
    # Ours carry their label, which LINE does not tell; those of a rich menu made at LINE do not.
    label, between, payload = text(tap, "data").partition(BETWEEN)
    chosen = inside(tap, "params")
    parts: Parts = (
        {"text": label, "payload": payload} if between else {"text": "", "payload": label}
    )
    picked = next((value for value in chosen.values() if isinstance(value, str)), "")
    if picked:  # of a date picker, or a rich menu that was switched
        parts["text"] = " ".join(filter(None, (parts["text"], plain(picked))))
    return [_inbound(found, identity, sender, place, {}, parts)]


READERS: dict[str, Callable[[Json, str, Place], Sequence[Event]]] = {
    "message": _message,
    "postback": _postback,
}


def _inbound(
    found: Json, identity: str, sender: str, place: Place, message: Json, parts: Parts
) -> InboundMessage:
    return InboundMessage(
        external_id=identity,
        sender=sender,
        recipient=place.recipient,
        occurred_at=moment(found.get("timestamp")),
        reply_to=text(message, "quotedMessageId")[:255],
        reply_token=text(found, "replyToken")[:255],
        quote_token=text(message, "quoteToken")[:TOKEN],
        read_token=text(message, "markAsReadToken")[:TOKEN],
        **parts,
    )


def _written(message: Json, place: Place) -> Parts:
    return {"text": text(message, "text")}


def _filed(message: Json, place: Place) -> Parts:
    """A file at LINE, or wherever the app that sent it (a mini app) has put it."""
    kind, name = text(message, "type"), text(message, "fileName")[:255]
    source = inside(message, "contentProvider")
    elsewhere = text(source, "originalContentUrl") if text(source, "type") == "external" else ""
    url = elsewhere or place.content_url(text(message, "id"))
    content_type = KINDS.get(kind) or mimetypes.guess_type(name)[0] or ANY_FILE
    size = message.get("fileSize")
    size = size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None
    return {"text": "", "attachments": (Attachment(url, content_type, name, size),)}


def _located(message: Json, place: Place) -> Parts:
    latitude, longitude = _degrees(message, "latitude", 90), _degrees(message, "longitude", 180)
    label = ", ".join(filter(None, (text(message, "title"), text(message, "address"))))
    if latitude is None or longitude is None:
        return {"text": label}
    return {"text": "", "location": Location(latitude, longitude, label[:80])}


def _stuck(message: Json, place: Place) -> Parts:
    """A sticker; some have words that the customer has put in."""
    return {"text": text(message, "text"), "unsupported": "sticker"}


MESSAGES: dict[str, Callable[[Json, Place], Parts]] = {
    "text": _written,
    "image": _filed,
    "video": _filed,
    "audio": _filed,
    "file": _filed,
    "location": _located,
    "sticker": _stuck,
}

# --- Values -------------------------------------------------------------------------------------


def unknown(kind: str, found: Json) -> UnknownEvent:
    """An event that is kept as it came; its fields are named."""
    return UnknownEvent(kind=kind[:64], detail=plain(", ".join(sorted(found)))[:500])


def moment(value: object) -> datetime | None:
    """A time in milliseconds since 1970, in UTC; None when it is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def inside(found: Mapping[str, Any], name: str) -> Json:
    """An object within another; empty when there is none."""
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def text(found: Mapping[str, Any], name: str) -> str:
    """A text within an object; empty when there is none."""
    value = found.get(name)
    return plain(value) if isinstance(value, str) else ""


def plain(words: str) -> str:
    """Text as the database can keep it: no NUL, no half of a surrogate pair."""
    return words.replace("\0", "").encode("utf-8", "replace").decode()


def _degrees(found: Mapping[str, Any], name: str, limit: int) -> float | None:
    value = found.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= limit:
        return float(value)
    return None
