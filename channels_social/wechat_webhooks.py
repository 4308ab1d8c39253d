"""WeChat's callbacks: their signature, and the one message or event inside.

Source: providers.md sections 12 and 19. A message has a MsgId, an event has none and is told by
its sender, its second and its name.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from channels_social import wechat_crypto as crypto
from channels_social import wechat_xml
from gateway.content.model import Location
from gateway.contract import WebhookRequest
from gateway.errors import BadSignature, Malformed
from gateway.events import (
    Attachment,
    Event,
    InboundMessage,
    Keyword,
    OptOut,
    StatusUpdate,
    UnknownEvent,
    Window,
    WindowOpened,
)
from gateway.states import State

Json = dict[str, Any]
Parts = dict[str, Any]

# How far a request's time may be from ours: it is signed, and so cannot be used again later.
TOLERANCE_S = 600
# A tap on the menu, a scan and a new follower let us write this much.
BRIEF = Window(60, 3)
VOICES = {"amr": "audio/amr", "speex": "audio/speex", "mp3": "audio/mpeg"}
FINISHED = {"success": State.DELIVERED}


@dataclass(frozen=True, slots=True)
class Keys:
    """What callbacks are signed and encrypted with; ``aes_key`` is empty in plain mode."""

    token: str
    aes_key: str
    app_id: str


def verify(request: WebhookRequest, keys: Keys) -> None:
    """Raise BadSignature unless WeChat signed this, a short time ago.

    Once there is a key only what is encrypted counts: the signature of a plain request says nothing
    about its body.
    """
    if not keys.token:
        raise BadSignature("No token is configured.")
    query = dict(parse_qsl(urlsplit(request.url).query))
    stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if request.method == "GET" or not keys.aes_key:
        expected, found = crypto.signature(keys.token, stamp, nonce), query.get("signature", "")
    else:
        sealed = _sealed(request, keys)
        expected = crypto.signature(keys.token, stamp, nonce, sealed)
        found = query.get("msg_signature", "")
    if not found or not crypto.same(expected, found):
        raise BadSignature("The signature is missing or wrong.")
    age = abs(request.received_at.timestamp() - int(stamp)) if _is_number(stamp) else TOLERANCE_S
    if age >= TOLERANCE_S:
        raise BadSignature("The signature is of another time.")


def _sealed(request: WebhookRequest, keys: Keys) -> str:
    """What is encrypted, if it is for us."""
    try:
        sealed = text(wechat_xml.read(request.body), "Encrypt")
        crypto.decrypt(sealed, keys.aes_key, keys.app_id)
    except (Malformed, crypto.Undecipherable) as error:
        raise BadSignature(str(error)) from error
    return sealed


def echo(request: WebhookRequest) -> str | None:
    """What WeChat wants to hear when it asks whether the address is ours; None otherwise."""
    return dict(parse_qsl(urlsplit(request.url).query)).get("echostr")


def read(request: WebhookRequest, keys: Keys) -> Json:
    """The fields of a verified request; Malformed when it is no message and no event."""
    found = wechat_xml.read(request.body)
    if keys.aes_key:
        try:
            plain_xml = crypto.decrypt(text(found, "Encrypt"), keys.aes_key, keys.app_id)
        except crypto.Undecipherable as error:
            raise Malformed(str(error)) from error
        found = wechat_xml.read(plain_xml)
    elif "Encrypt" in found and "MsgType" not in found:
        raise Malformed("It is encrypted, and the channel has no EncodingAESKey.")
    if not text(found, "FromUserName") or not text(found, "MsgType"):
        raise Malformed("It names no sender or no kind.")
    return found


def parse(found: Json, file_url: Callable[[str], str]) -> Sequence[Event]:
    """The events of a callback; ``file_url`` says where a file is by its id."""
    kind = text(found, "MsgType")
    if kind == "event":
        return _event(found)
    identity = text(found, "MsgId")[:255]
    if not identity:
        return [unknown("message without id", found)]
    make = MESSAGES.get(kind)
    parts = make(found, file_url) if make else {"text": "", "unsupported": kind[:64]}
    return [_inbound(found, identity, parts)]


def _inbound(found: Json, identity: str, parts: Parts) -> InboundMessage:
    return InboundMessage(
        external_id=identity,
        sender=text(found, "FromUserName")[:255],
        recipient=text(found, "ToUserName")[:255],
        occurred_at=moment(text(found, "CreateTime")),
        **parts,
    )


# --- Messages -----------------------------------------------------------------------------------


def _written(found: Json, file_url: Callable[[str], str]) -> Parts:
    tapped = text(found, "bizmsgmenuid")
    return {"text": text(found, "Content")} | ({"payload": tapped} if tapped else {})


def _filed(content_type: str) -> Callable[[Json, Callable[[str], str]], Parts]:
    def make(found: Json, file_url: Callable[[str], str]) -> Parts:
        name = text(found, "MediaId")
        kind = VOICES.get(text(found, "Format").lower(), content_type)
        files = (Attachment(file_url(name), kind),) if name else ()
        # What WeChat has understood of a voice, where that is switched on.
        return {"text": text(found, "Recognition"), "attachments": files}

    return make


def _located(found: Json, file_url: Callable[[str], str]) -> Parts:
    latitude, longitude = _degrees(found, "Location_X", 90), _degrees(found, "Location_Y", 180)
    label = text(found, "Label")
    if latitude is None or longitude is None:
        return {"text": label}
    return {"text": "", "location": Location(latitude, longitude, label[:80])}


def _linked(found: Json, file_url: Callable[[str], str]) -> Parts:
    said = (text(found, name) for name in ("Title", "Description", "Url"))
    return {"text": "\n".join(filter(None, said))}


MESSAGES: dict[str, Callable[[Json, Callable[[str], str]], Parts]] = {
    "text": _written,
    "image": _filed("image/jpeg"),
    "voice": _filed("audio/amr"),
    "video": _filed("video/mp4"),
    "shortvideo": _filed("video/mp4"),
    "location": _located,
    "link": _linked,
}

# --- Events -------------------------------------------------------------------------------------


def _event(found: Json) -> Sequence[Event]:
    kind = text(found, "Event")
    make = EVENTS.get(kind.lower())
    return make(found) if make else [unknown(kind or "event", found)]


def _identity(found: Json) -> str:
    """What tells one event from another: WeChat gives it no id."""
    names = ("FromUserName", "CreateTime", "Event", "EventKey")
    return ":".join(filter(None, (text(found, name) for name in names)))[:255]


def _followed(found: Json) -> Sequence[Event]:
    return [_opted(found, Keyword.START), *_opened(found)]


def _left(found: Json) -> Sequence[Event]:
    return [_opted(found, Keyword.STOP)]


def _opted(found: Json, word: Keyword) -> OptOut:
    sender, words = text(found, "FromUserName")[:255], text(found, "Event")
    return OptOut(_identity(found), sender, word, words, answered=True, source="provider")


def _opened(found: Json) -> Sequence[Event]:
    when = moment(text(found, "CreateTime"))
    return [WindowOpened(text(found, "FromUserName")[:255], BRIEF, when)]


def _clicked(found: Json) -> Sequence[Event]:
    """A tap on the account's own menu, which names what was tapped but not how it reads."""
    parts: Parts = {"text": "", "payload": text(found, "EventKey"), "window": BRIEF}
    return [_inbound(found, _identity(found), parts)]


def _finished(found: Json) -> Sequence[Event]:
    """A template message arrived, or did not: ``failed:user block``, ``failed: system failed``."""
    identity, status = text(found, "MsgID") or text(found, "MsgId"), text(found, "Status")
    if not identity or not status:
        return [unknown("TEMPLATESENDJOBFINISH", found)]
    when = moment(text(found, "CreateTime"))
    if status in FINISHED:
        return [StatusUpdate(identity[:255], FINISHED[status], status, occurred_at=when)]
    blocked = "block" in status
    return [
        StatusUpdate(
            external_id=identity[:255],
            state=State.FAILED,
            provider_word=status[:64],
            error_class="OptedOut" if blocked else "Rejected",
            error_text="The customer has blocked the account" if blocked else status[:500],
            occurred_at=when,
        )
    ]


EVENTS: dict[str, Callable[[Json], Sequence[Event]]] = {
    "subscribe": _followed,
    "unsubscribe": _left,
    "scan": _opened,
    "click": _clicked,
    "templatesendjobfinish": _finished,
}

# --- Values -------------------------------------------------------------------------------------


def unknown(kind: str, found: Json) -> UnknownEvent:
    """An event that is kept as it came; its fields are named."""
    return UnknownEvent(kind=kind[:64], detail=", ".join(sorted(found))[:500])


def text(found: Mapping[str, Any], name: str) -> str:
    """A text among the fields; empty when there is none. XML cannot hold what PostgreSQL can't."""
    value = found.get(name)
    return value.strip() if isinstance(value, str) else ""


def moment(seconds: str) -> datetime | None:
    """A time in seconds since 1970, in UTC; None when it is none."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC) if _is_number(seconds) else None
    except (ValueError, OverflowError, OSError):
        return None


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) <= 12


def _degrees(found: Mapping[str, Any], name: str, limit: int) -> float | None:
    try:
        value = float(json.loads(text(found, name)))
    except (ValueError, TypeError, RecursionError):
        return None
    return value if abs(value) <= limit else None
