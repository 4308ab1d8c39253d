"""Viber's webhooks: their signature, and the events inside.

A request is one callback, ``{"event", "timestamp" (ms), "message_token", …}``, signed with the
bot's token over the raw body. Source: providers.md sections 10 and 19.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any

from channels_social.json_values import (
    Json,
    degrees,
    identity,
    inside,
    loads,
    moment,
    plain,
    text,
    whole,
)
from gateway.content.model import Location
from gateway.contract import WebhookRequest
from gateway.errors import BadSignature, Malformed
from gateway.events import (
    Attachment,
    Event,
    InboundMessage,
    Keyword,
    OptOut,
    SharedContact,
    StatusUpdate,
    UnknownEvent,
)
from gateway.states import State

SIGNATURE = "x-viber-content-signature"
STATUSES = {"delivered": State.DELIVERED, "seen": State.READ, "failed": State.FAILED}
SWITCHES = {"subscribed": Keyword.START, "unsubscribed": Keyword.STOP}
SWITCHED = {"subscribed": "Subscribed to the bot", "unsubscribed": "Unsubscribed from the bot"}
# Viber calls with it when it is told the address.
GREETING = "webhook"
OPENED = "conversation_started"
# What Viber is asked to report beside messages.
ASKED = ("delivered", "seen", "failed", "subscribed", "unsubscribed", OPENED)
# Files by the message's type: what they are where neither name nor address says it.
FILES = {
    "picture": "image/jpeg",
    "video": "video/mp4",
    "file": "application/octet-stream",
}


def sign(body: bytes, token: str) -> str:
    """Viber's signature of a body."""
    return hmac.digest(token.encode(), body, hashlib.sha256).hex()


def verify(request: WebhookRequest, token: str) -> None:
    """Raise BadSignature unless this was signed with the bot's token."""
    if not token:
        raise BadSignature("No token is configured.")
    given = request.headers.get(SIGNATURE, "").strip().lower()
    if not given:
        raise BadSignature("The signature is missing.")
    if not hmac.compare_digest(
        given.encode("utf-8", "replace"), sign(request.body, token).encode()
    ):
        raise BadSignature("The signature is wrong.")


def read(request: WebhookRequest) -> Json:
    """The callback of a request; Malformed for what is none."""
    found = loads(request.body)
    if not isinstance(found, dict) or not text(found, "event"):
        raise Malformed("The body is no callback of Viber's.")
    return found


def customer(callback: Json) -> str:
    """The person it is about; empty for what concerns the bot alone."""
    return (
        text(inside(callback, "sender"), "id")
        or text(inside(callback, "user"), "id")
        or text(callback, "user_id")
    ).strip()[:255]


def parse(callback: Json, bot: str) -> Sequence[Event]:
    """The events of a callback. ``bot`` is the address customers write to."""
    event, token, who = (
        text(callback, "event"),
        identity(callback, "message_token"),
        customer(callback),
    )
    if event == "message" and token and who:
        return [_message(callback, token, who, bot)]
    if event in STATUSES and token:
        return [_report(callback, event, token)]
    if event in SWITCHES and who:
        return [_switch(callback, event, token, who)]
    if event == OPENED and who:
        # They look at the bot and have neither written nor subscribed.
        return []
    return [UnknownEvent(plain(event)[:64], plain(", ".join(sorted(callback)))[:500])]


def _report(callback: Json, event: str, token: str) -> StatusUpdate:
    """A report; of a customer's own message too, which no delivery of ours has the token of."""
    when = moment(callback, "timestamp", per_second=1000)
    if event != "failed":
        return StatusUpdate(token, STATUSES[event], event, occurred_at=when)
    return StatusUpdate(
        token,
        State.FAILED,
        event,
        error_class="Rejected",
        error_text=text(callback, "desc")[:500],
        occurred_at=when,
    )


def _switch(callback: Json, event: str, token: str, who: str) -> OptOut:
    when = whole(callback, "timestamp") or ""
    return OptOut(
        external_id=f"{event}:{token or f'{who} {when}'}"[:255],
        sender=who,
        keyword=SWITCHES[event],
        words=SWITCHED[event],
        answered=True,
        source="provider",
    )


# --- Messages -------------------------------------------------------------------------------------

Parts = dict[str, Any]


def _message(callback: Json, token: str, who: str, bot: str) -> InboundMessage:
    message = inside(callback, "message")
    kind = text(message, "type")
    make = MESSAGES.get(kind)
    said = make(message) if make else _unsupported(message)
    return InboundMessage(
        external_id=token,
        sender=who,
        recipient=bot,
        sender_name=text(inside(callback, "sender"), "name")[:200],
        occurred_at=moment(callback, "timestamp", per_second=1000),
        **said,
    )


def _unsupported(message: Json) -> Parts:
    return {"text": text(message, "text"), "unsupported": text(message, "type")[:64] or "message"}


def _text(message: Json) -> Parts:
    return {"text": text(message, "text")}


def _url(message: Json) -> Parts:
    words, link = text(message, "text"), text(message, "media")
    return {"text": "\n".join(dict.fromkeys(filter(None, (words, link))))}


def _file(message: Json) -> Parts:
    url, name = text(message, "media"), text(message, "file_name")
    kind = FILES[text(message, "type")]
    size = whole(message, "size") or None
    files = (Attachment(url, kind, name[:255], size),) if url else ()
    return {"text": text(message, "text"), "attachments": files}


def _sticker(message: Json) -> Parts:
    """Stickers are pictures in Viber's apps; where their address is not sent along, only an id."""
    url = text(message, "media")
    if url:
        return {"text": "", "attachments": (Attachment(url, "image/png"),)}
    return _unsupported(message)


def _location(message: Json) -> Parts:
    place = inside(message, "location")
    latitude, longitude = degrees(place, "lat", 90), degrees(place, "lon", 180)
    if latitude is None or longitude is None:
        return _unsupported(message)
    return {"text": "", "location": Location(latitude, longitude, text(place, "address")[:80])}


def _contact(message: Json) -> Parts:
    card = inside(message, "contact")
    number = text(card, "phone_number")
    return {
        "text": "",
        "shared": (SharedContact(text(card, "name")[:200], (number,) if number else ()),),
    }


MESSAGES: dict[str, Callable[[Json], Parts]] = {
    "text": _text,
    "url": _url,
    "picture": _file,
    "video": _file,
    "file": _file,
    "sticker": _sticker,
    "location": _location,
    "contact": _contact,
}
