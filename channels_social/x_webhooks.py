"""What X pushes and what it answers when asked: envelopes taken apart into events.

The Activity API (https://docs.x.com/x-api/activity/event-payloads), the older Account Activity API,
and pages of mentions and direct messages, stored when they were asked for.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from channels_social.json_values import loads
from channels_social.x_parts import Json, clean, from_ms, part, rows, text_id
from channels_social.x_posts import Beside, beside, direct, post, pushed_direct
from gateway.contract import WebhookRequest, WebhookResponse
from gateway.errors import BadSignature, Malformed
from gateway.events import Event, InboundMessage, Seen, Tagged, Typing, UnknownEvent, Unsent
from gateway.http import POLLED
from gateway.states import State

HEADER = "x-twitter-webhooks-signature"
# X signs requests with the same key and in the same form as it wants its challenges answered. What
# is answered must not be usable as a signature, so it may never look like a body: no brace, no
# quotation mark. Its tokens are letters and digits in base 64.
CHALLENGE = re.compile(r"[\w+/=.~-]{1,256}", re.ASCII)
FRESH = timedelta(seconds=10)


def signature(secret: str, content: bytes) -> str:
    """HMAC-SHA256 as X writes it: ``sha256=`` and base64."""
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return f"sha256={base64.b64encode(digest).decode()}"


def verify(request: WebhookRequest, secret: str) -> None:
    """BadSignature unless X signed the body. A challenge is not signed: it only asks."""
    if not secret:
        raise BadSignature("No consumer secret is set.")
    if request.method == "GET" and challenge(request):
        return
    given = request.headers.get(HEADER, "").encode("utf-8", "replace")
    if not hmac.compare_digest(given, signature(secret, request.body).encode()):
        raise BadSignature("The signature is missing or wrong.")


def challenge(request: WebhookRequest) -> str:
    """The token of a challenge; empty for every other request."""
    found = parse_qs(urlsplit(request.url).query).get("crc_token", [""])[0]
    return found if CHALLENGE.fullmatch(found) else ""


def answer(token: str, secret: str) -> WebhookResponse:
    """What X wants to hear to its challenge."""
    body = orjson.dumps({"response_token": signature(secret, token.encode())}).decode()
    return WebhookResponse(200, body, "application/json")


def read(request: WebhookRequest) -> dict[str, Any]:
    """The body of one of the three envelopes; Malformed for anything else."""
    found = loads(request.body)
    if not isinstance(found, dict):
        raise Malformed("The body is no JSON object.")
    data = found.get("data")
    if isinstance(data, dict) and isinstance(data.get("event_type"), str):
        return found
    if "for_user_id" in found or "user_event" in found:
        return found
    if request.method == POLLED and isinstance(data, list):
        return found
    raise Malformed("The body is no event of X.")


def parse(request: WebhookRequest, own: str) -> list[Event]:
    """All events of a request, the oldest first; ``own`` is the account's id."""
    found = read(request)
    data = found.get("data")
    if isinstance(data, list):
        events = _answered(data, beside(own, found.get("includes")))
        return _tagged(str(found["hashtag"])[:100], events) if "hashtag" in found else events
    if _whose(found) not in ("", own):
        return [UnknownEvent("event of another account", _whose(found))]
    if isinstance(data, dict):
        return _activity(data, own, request.received_at)
    return _account(found, own, request.received_at)


def _whose(found: Json) -> str:
    """The id of the account that a push is for: an app's webhook may serve several."""
    data = found.get("data")
    named = data.get("filter") if isinstance(data, dict) else None
    return text_id(named, "user_id") if isinstance(named, dict) else text_id(found, "for_user_id")


def _answered(data: list[Any], about: Beside) -> list[Event]:
    """A page of mentions or direct messages, which has the newest first."""
    return [
        event
        for one in reversed(rows(data))
        for event in (direct if "event_type" in one else post)(one, about)
    ]


def _tagged(hashtag: str, events: Sequence[Event]) -> list[Event]:
    """Of a page of posts with a hashtag, those of customers: neither our own nor reposts."""
    return [Tagged(hashtag, one) for one in events if isinstance(one, InboundMessage)]


# --- Activity API -------------------------------------------------------------------------------


def _activity(data: Json, own: str, now: datetime) -> list[Event]:
    kind = clean(data["event_type"])[:100]
    payload = data.get("payload")
    read_kind = KINDS.get(kind)
    if read_kind is None or not isinstance(payload, dict):
        return [UnknownEvent(kind, text_id(data, "event_uuid"))]
    about = beside(own, data.get("includes"), payload.get("users"))
    return read_kind(kind, payload, about, now)


def _created(kind: str, payload: Json, about: Beside, now: datetime) -> list[Event]:
    return post(payload, about)


def _deleted(kind: str, payload: Json, about: Beside, now: datetime) -> list[Event]:
    return _gone(text_id(payload, "id"), text_id(payload, "author_id"), about.own)


def _dms(kind: str, payload: Json, about: Beside, now: datetime) -> list[Event]:
    found = rows(payload.get("direct_message_events"))
    return [event for one in found for event in pushed_direct(one, about)]


def _sealed(kind: str, payload: Json, about: Beside, now: datetime) -> list[Event]:
    """An encrypted chat: that somebody wrote is all that can be told."""
    id, sender = text_id(payload, "id"), text_id(payload, "sender_id")
    if not id or not sender or sender == about.own:
        return [UnknownEvent(kind, id)]
    at = from_ms(payload.get("created_at_msec"))
    name = about.name(sender)
    return [
        InboundMessage(
            id,
            sender,
            about.own,
            "",
            sender_name=name,
            sender_handle=about.handle(sender),
            occurred_at=at,
            unsupported=kind,
        )
    ]


def _read(kind: str, payload: Json, about: Beside, now: datetime) -> list[Event]:
    found = rows(payload.get("direct_message_mark_read_events")) or [dict(payload)]
    return [event for one in found for event in _seen(kind, one, about.own)]


def _typing(kind: str, payload: Json, about: Beside, now: datetime) -> list[Event]:
    found = rows(payload.get("direct_message_indicate_typing_events")) or [dict(payload)]
    return [event for one in found for event in _types(kind, one, about.own, now)]


Read = Callable[[str, Json, Beside, datetime], list[Event]]
KINDS: Mapping[str, Read] = {
    "post.create": _created,
    "post.mention.create": _created,
    "post.reply.create": _created,
    "post.quote.create": _created,
    "post.delete": _deleted,
    "dm.received": _dms,
    "dm.sent": _dms,
    "dm.read": _read,
    "dm.indicate_typing": _typing,
    "chat.received": _sealed,
}


# --- Account Activity API -----------------------------------------------------------------------


def _account(found: Json, own: str, now: datetime) -> list[Event]:
    about = beside(own, None, found.get("users"))
    events: list[Event] = []
    for name, value in found.items():
        if name == "user_event":
            said = ", ".join(value) if isinstance(value, dict) else ""
            events.append(UnknownEvent("user_event", clean(said)[:100]))
            continue
        for one in rows(value):
            read_one = OLD_KINDS.get(name)
            events += read_one(one, about, now) if read_one else [UnknownEvent(clean(name)[:100])]
    return events


def _old_delete(one: Json, about: Beside, now: datetime) -> list[Event]:
    status = part(one, "status")
    return _gone(text_id(status, "id"), text_id(status, "user_id"), about.own)


OLD_KINDS: Mapping[str, Callable[[Json, Beside, datetime], list[Event]]] = {
    "tweet_create_events": lambda one, about, now: post(one, about),
    "tweet_delete_events": _old_delete,
    "direct_message_events": lambda one, about, now: pushed_direct(one, about),
    "direct_message_indicate_typing_events": lambda one, about, now: _types(
        "direct_message_indicate_typing", one, about.own, now
    ),
    "direct_message_mark_read_events": lambda one, about, now: _seen(
        "direct_message_mark_read", one, about.own
    ),
}


# --- Both ---------------------------------------------------------------------------------------


def _gone(id: str, author: str, own: str) -> list[Event]:
    """X's rules want deleted posts deleted everywhere. One of our own is for its author to know."""
    if not id or not author or author == own:
        return [UnknownEvent("post.delete", id)]
    return [Unsent(id, author, erase=True)]


def _seen(kind: str, one: Json, own: str) -> list[Event]:
    sender, until = text_id(one, "sender_id"), from_ms(one.get("created_timestamp"))
    if sender == own:
        return []
    if not sender or until is None:
        return [UnknownEvent(kind, text_id(one, "last_read_event_id"))]
    return [Seen(sender, State.READ, until, kind)]


def _types(kind: str, one: Json, own: str, now: datetime) -> list[Event]:
    sender, at = text_id(one, "sender_id"), from_ms(one.get("created_timestamp"))
    if not sender:
        return [UnknownEvent(kind)]
    if sender == own or (at is not None and now - at > FRESH):
        return []
    return [Typing(sender)]
