"""Google's webhooks for an RCS agent: their envelope, its signature, and the events inside.

The envelope is that of a Pub/Sub push, ``{"message": {"data": "<base64 of JSON>"}}``, and what is
signed are the decoded bytes of ``data``. The JSON inside has no type: it is told by its fields.
Source: providers.md sections 3 and 19.
"""

import base64
import binascii
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from channels_sms.keywords import NONE, keyword
from gateway.addresses import PHONE, InvalidAddress, normalize
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
    Typing,
    UnknownEvent,
    Withdrawal,
)
from gateway.states import State

Json = dict[str, Any]

SIGNATURE = "x-goog-signature"
ADDRESS_LIMIT = 320
STATUSES = {"DELIVERED": State.DELIVERED, "READ": State.READ}
WITHDRAWN = {"TTL_EXPIRATION_REVOKED": True, "TTL_EXPIRATION_REVOKE_FAILED": False}
# The switches of the phone's own menu.
SWITCHES = {"UNSUBSCRIBE": Keyword.STOP, "SUBSCRIBE": Keyword.START}
# A tap on an action (a page opened, a number called) is no answer somebody gave.
ACTION = "ACTION"


def greeting(request: WebhookRequest) -> tuple[str, str] | None:
    """The client token and the secret of Google's first request to an address; None for others."""
    body = _loads(request.body)
    if not isinstance(body, dict) or "message" in body:
        return None
    token, secret = body.get("clientToken"), body.get("secret")
    if isinstance(token, str) and isinstance(secret, str):
        return token, secret
    return None


def verify(request: WebhookRequest, client_token: str) -> None:
    """Raise BadSignature unless this was signed, or introduces itself, with our client token."""
    if not client_token:
        raise BadSignature("No client token is configured.")
    signature = request.headers.get(SIGNATURE, "")
    if signature:
        expected = sign(signed_bytes(request), client_token)
        if not hmac.compare_digest(expected.encode(), signature.strip().encode("utf-8", "replace")):
            raise BadSignature("The signature is wrong.")
        return
    found = greeting(request)
    if found is None:
        raise BadSignature("The signature is missing.")
    if not hmac.compare_digest(found[0].encode("utf-8", "replace"), client_token.encode()):
        raise BadSignature("The client token is wrong.")


def sign(data: bytes, client_token: str) -> str:
    """Google's signature of the decoded bytes of ``message.data``."""
    return base64.b64encode(hmac.digest(client_token.encode(), data, hashlib.sha512)).decode()


def signed_bytes(request: WebhookRequest) -> bytes:
    """The decoded ``message.data``; BadSignature where there is nothing that could be signed."""
    body = _loads(request.body)
    message = body.get("message") if isinstance(body, dict) else None
    data = message.get("data") if isinstance(message, dict) else None
    try:
        if not isinstance(data, str):
            raise BadSignature("The body is no envelope, so nothing in it can be signed.")
        return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadSignature("The envelope's data is not base64.") from error


def read(request: WebhookRequest) -> Json:
    """The payload of a verified request; Malformed when it is no JSON object."""
    try:
        found = _loads(signed_bytes(request))
    except BadSignature as error:
        raise Malformed(str(error)) from error
    if not isinstance(found, dict) or not found:
        raise Malformed("The envelope holds no event.")
    return found


def customer(payload: Json) -> str:
    """The customer's number; empty for what concerns the agent alone."""
    return address(_text(payload, "senderPhoneNumber") or _text(payload, "phoneNumber"))


def address(value: str) -> str:
    """E.164 when it is a phone number; anything else stays as it is."""
    value = value.strip()[:ADDRESS_LIMIT]
    try:
        return normalize(PHONE, value)
    except InvalidAddress:
        return value


def parse(payload: Json, agent_id: str, own: Mapping[str, Keyword] = NONE) -> Sequence[Event]:
    """The events of a payload; one for another agent (of the same partner) is unknown.

    ``own`` are the channel's keywords.
    """
    agent = _text(payload, "agentId")
    if agent and bare(agent) != bare(agent_id):
        return [UnknownEvent("another agent", agent[:255])]
    if "eventType" in payload:
        return [_event(payload)]
    for name, make in MESSAGES.items():
        if name in payload:
            return _message(payload, make, own)
    return [_unknown("no message", payload)]


def bare(agent_id: str) -> str:
    """An agent's id however it is written: ``brands/…/agents/…``, with or without its domain."""
    return agent_id.strip().rpartition("/")[2].partition("@")[0]


# --- Messages -----------------------------------------------------------------------------------

Parts = dict[str, Any]


def _written(payload: Json) -> Parts:
    return {"text": _text(payload, "text")}


def _tapped(payload: Json) -> Parts:
    tap = _inside(payload, "suggestionResponse")
    return {"text": _text(tap, "text"), "payload": _text(tap, "postbackData")}


def _located(payload: Json) -> Parts:
    place = _inside(payload, "location")
    latitude, longitude = _degrees(place, "latitude", 90), _degrees(place, "longitude", 180)
    if latitude is None or longitude is None:
        return {"text": ""}
    # What is not there is zero: that is how Google writes zero.
    return {"text": "", "location": Location(latitude, longitude, _text(place, "label")[:80])}


def _filed(payload: Json) -> Parts:
    # The inner shape is not certain: with ``payload`` in between, or without.
    file = _inside(payload, "userFile")
    file = _inside(file, "payload") or file
    url = _text(file, "fileUri")
    kind = _text(file, "mimeType") or "application/octet-stream"
    files = (Attachment(url, kind[:255], _text(file, "fileName")[:255]),) if url else ()
    return {"text": "", "attachments": files}


MESSAGES: dict[str, Callable[[Json], Parts]] = {
    "suggestionResponse": _tapped,
    "location": _located,
    "userFile": _filed,
    "text": _written,
}


def _message(
    payload: Json, make: Callable[[Json], Parts], own: Mapping[str, Keyword]
) -> list[Event]:
    identity, sender = _text(payload, "messageId")[:255], customer(payload)
    if not identity or not sender:
        return [_unknown("message of nobody", payload)]
    message = InboundMessage(
        external_id=identity,
        sender=sender,
        recipient=bare(_text(payload, "agentId")),
        occurred_at=moment(payload.get("sendTime")),
        **make(payload),
    )
    acted = _text(_inside(payload, "suggestionResponse"), "type").upper() == ACTION
    word = None if acted else keyword(message.text, own)
    if word is None:
        return [message]
    return [message, OptOut(identity, sender, word, message.text, answered=False)]


# --- Events -------------------------------------------------------------------------------------


def _event(payload: Json) -> Event:
    kind, sender = _text(payload, "eventType"), customer(payload)
    about, when = _text(payload, "messageId")[:255], moment(payload.get("sendTime"))
    if kind in STATUSES and about:
        return StatusUpdate(about, STATUSES[kind], kind, _uuid(about), occurred_at=when)
    if kind in WITHDRAWN and about:
        return Withdrawal(about, WITHDRAWN[kind], kind, _uuid(about), occurred_at=when)
    if kind in SWITCHES and sender:
        identity = _text(payload, "eventId")[:255] or f"{kind} {sender} {when}"
        # Their phone has shown them what the switch did: nobody waits for an answer.
        return OptOut(identity, sender, SWITCHES[kind], kind, answered=True)
    if kind == "IS_TYPING" and sender:
        return Typing(sender)
    return _unknown(kind or "event", payload)


def _unknown(kind: str, payload: Json) -> UnknownEvent:
    return UnknownEvent(kind=kind[:64], detail=_plain(", ".join(sorted(payload)))[:500])


def moment(value: object) -> datetime | None:
    """A time as Google writes it (RFC 3339, up to nanoseconds), in UTC; None when it is none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):
        return None


# --- Values -------------------------------------------------------------------------------------


def _loads(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _inside(found: Mapping[str, Any], name: str) -> Json:
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return _plain(value) if isinstance(value, str) else ""


def _plain(text: str) -> str:
    """Text as the database can keep it: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _degrees(found: Mapping[str, Any], name: str, limit: int) -> float | None:
    value = found.get(name, 0.0)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= limit:
        return float(value)
    return None


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
