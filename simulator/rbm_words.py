"""How Google's RCS Business Messaging says things: answers, errors, limits and webhooks."""

import base64
import hashlib
import hmac
import re
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from simulator.postman import Letter
from simulator.world import ACTION, Message

VERSION = "v1"
STATUSES = {
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
}
FEATURES = [
    "RICHCARD_STANDALONE",
    "RICHCARD_CAROUSEL",
    "ACTION_CREATE_CALENDAR_EVENT",
    "ACTION_DIAL",
    "ACTION_OPEN_URL",
    "ACTION_SHARE_LOCATION",
    "ACTION_VIEW_LOCATION",
]
TRAFFIC = {"AUTHENTICATION", "TRANSACTION", "PROMOTION", "SERVICEREQUEST", "ACKNOWLEDGEMENT"}
ACTIONS = {
    "dialAction",
    "openUrlAction",
    "viewLocationAction",
    "shareLocationAction",
    "createCalendarEventAction",
}
KINDS = ("text", "richCard", "contentInfo", "uploadedRbmFile")
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
MAX_TEXT, MAX_TITLE, MAX_DESCRIPTION = 3072, 200, 2000
MAX_CHIPS, MAX_ON_CARD, MAX_LABEL, MAX_POSTBACK, MAX_URL = 11, 4, 25, 2048, 2048


class Wrong(Exception):
    """A message that Google would not take; the argument says why."""


def problem(word: str, text: str) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"code": STATUSES[word], "message": text, "status": word}}


def written(at: float) -> str:
    """A time (Unix seconds) as Google writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def resource(message: Message) -> dict[str, Any]:
    """A message as its method answers it."""
    return {
        "name": f"phones/{message.to}/agentMessages/{message.sid}",
        "sendTime": written(message.at),
        "contentMessage": message.content,
    }


# --- What is taken ------------------------------------------------------------------------------


def is_uuid(value: str) -> bool:
    """Whether Google would take this as the id of a message."""
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def lifetime(body: dict[str, Any]) -> float | None:
    """The seconds a message has, None for no end; Wrong for both ways at once, or a wrong one."""
    ttl, until = body.get("ttl"), body.get("expireTime")
    if ttl is not None and until is not None:
        raise Wrong("Set either ttl or expireTime.")
    if ttl is not None:
        found = SECONDS.fullmatch(ttl) if isinstance(ttl, str) else None
        if found is None:
            raise Wrong("Invalid ttl: a duration like 3600s is expected.")
        return float(found.group(1))
    if until is None:
        return None
    try:
        return (datetime.fromisoformat(until) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        raise Wrong("Invalid expireTime: RFC 3339 is expected.") from None


def check_message(body: dict[str, Any]) -> dict[str, Any]:
    """The ``contentMessage``; Wrong says what is wrong with it."""
    traffic = body.get("messageTrafficType")
    if traffic not in TRAFFIC:
        raise Wrong("messageTrafficType must be set.")
    content = body.get("contentMessage")
    if not isinstance(content, dict):
        raise Wrong("contentMessage must be set.")
    kinds = [kind for kind in KINDS if kind in content]
    if len(kinds) != 1:
        raise Wrong("contentMessage must have exactly one of text, richCard, contentInfo.")
    CHECKS[kinds[0]](content[kinds[0]])
    check_suggestions(content.get("suggestions", []), MAX_CHIPS)
    return content


def _text(value: Any, name: str, limit: int, *, required: bool = True) -> None:
    if not isinstance(value, str) or (required and not value.strip()) or len(value) > limit:
        raise Wrong(f"{name} must be text of {limit} characters at most.")


def _check_text(value: Any) -> None:
    _text(value, "text", MAX_TEXT)


def _check_file(value: Any) -> None:
    url = value.get("fileUrl") if isinstance(value, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise Wrong("fileUrl must be a public URL.")


def _check_rich_card(value: Any) -> None:
    card = value if isinstance(value, dict) else {}
    carousel, alone = card.get("carouselCard"), card.get("standaloneCard")
    if isinstance(carousel, dict) and alone is None:
        cards = carousel.get("cardContents")
        if carousel.get("cardWidth") not in {"SMALL", "MEDIUM"}:
            raise Wrong("cardWidth must be SMALL or MEDIUM.")
        if not isinstance(cards, list) or not 2 <= len(cards) <= 10:
            raise Wrong("A carousel must have 2 to 10 cards.")
    elif isinstance(alone, dict) and carousel is None:
        if alone.get("cardOrientation") not in {"VERTICAL", "HORIZONTAL"}:
            raise Wrong("cardOrientation must be VERTICAL or HORIZONTAL.")
        cards = [alone.get("cardContent")]
    else:
        raise Wrong("richCard must have exactly one of standaloneCard, carouselCard.")
    for one in cards:
        _check_card(one)


def _check_card(card: Any) -> None:
    if not isinstance(card, dict) or not {"title", "description", "media"} & card.keys():
        raise Wrong("A card must have a title, a description or media.")
    _text(card.get("title", ""), "title", MAX_TITLE, required=False)
    _text(card.get("description", ""), "description", MAX_DESCRIPTION, required=False)
    if "media" in card:
        media = card["media"] if isinstance(card["media"], dict) else {}
        if media.get("height") not in {"SHORT", "MEDIUM", "TALL"}:
            raise Wrong("height must be SHORT, MEDIUM or TALL.")
        _check_file(media.get("contentInfo"))
    check_suggestions(card.get("suggestions", []), MAX_ON_CARD)


def check_suggestions(found: Any, limit: int) -> None:
    """Wrong unless these are suggestions, and few enough."""
    if not isinstance(found, list) or len(found) > limit:
        raise Wrong(f"At most {limit} suggestions are allowed.")
    for one in found:
        inner = one.get("reply") or one.get("action") if isinstance(one, dict) else None
        if not isinstance(inner, dict) or len(one) != 1:
            raise Wrong("A suggestion must be a reply or an action.")
        _text(inner.get("text"), "Suggestion text", MAX_LABEL)
        _text(inner.get("postbackData"), "postbackData", MAX_POSTBACK)
        if "action" in one:
            _check_action(inner)


def _check_action(action: dict[str, Any]) -> None:
    kinds = ACTIONS & action.keys()
    if len(kinds) != 1:
        raise Wrong("An action must have exactly one kind.")
    inner = action[kinds.pop()]
    if not isinstance(inner, dict):
        raise Wrong("An action must be an object.")
    if "openUrlAction" in action:
        _text(inner.get("url"), "url", MAX_URL)
    if "dialAction" in action and not PHONE.fullmatch(str(inner.get("phoneNumber"))):
        raise Wrong("phoneNumber must be in E.164 format.")
    if "createCalendarEventAction" in action:
        _text(inner.get("title"), "title", 100)
        _text(inner.get("description", ""), "description", 500, required=False)


CHECKS: dict[str, Callable[[Any], None]] = {
    "text": _check_text,
    "richCard": _check_rich_card,
    "contentInfo": _check_file,
    "uploadedRbmFile": lambda _value: None,
}


def in_words(content: dict[str, Any]) -> str:
    """The words of a message, for lists."""
    return "\n".join(filter(None, _words(content)))


def _words(content: dict[str, Any]) -> Iterator[str]:
    yield content.get("text", "")
    card = content.get("richCard", {})
    cards = card.get("carouselCard", {}).get("cardContents") or [
        card.get("standaloneCard", {}).get("cardContent", {})
    ]
    for one in cards:
        yield one.get("title", "")
        yield one.get("description", "")
    yield content.get("contentInfo", {}).get("fileUrl", "")


# --- Webhooks -----------------------------------------------------------------------------------


def said(message: Message) -> dict[str, Any]:
    """The payload of something a customer wrote, tapped or shared."""
    payload: dict[str, Any] = {
        "agentId": message.account,
        "senderPhoneNumber": message.sender,
        "messageId": message.sid,
        "sendTime": written(message.at),
    }
    if message.payload is not None:
        kind = ACTION if message.traffic == ACTION else "REPLY"
        tap = {"postbackData": message.payload, "text": message.body, "type": kind}
        return payload | {"suggestionResponse": tap}
    if message.location is not None:
        latitude, longitude = message.location
        return payload | {"location": {"latitude": latitude, "longitude": longitude}}
    if message.media:
        url, kind = message.media[0]
        name = url.partition("?")[0].rpartition("/")[2]
        file = {"mimeType": kind, "fileSizeBytes": 1000, "fileName": name, "fileUri": url}
        return payload | {"userFile": {"payload": file}}
    return payload | {"text": message.body}


def user_event(agent: str, phone: str, kind: str, message_id: str = "") -> dict[str, Any]:
    """The payload of something a phone reports, or a customer switches."""
    payload = {
        "senderPhoneNumber": phone,
        "eventType": kind,
        "eventId": str(uuid.uuid4()),
        "sendTime": written(time.time()),
        "agentId": agent,
    }
    return payload | ({"messageId": message_id} if message_id else {})


def server_event(agent: str, phone: str, kind: str, message_id: str) -> dict[str, Any]:
    """The payload of what Google itself has done with a message."""
    return {
        "phoneNumber": phone,
        "messageId": message_id,
        "agentId": agent,
        "eventType": kind,
        "eventId": str(uuid.uuid4()),
        "sendTime": written(time.time()),
    }


def letter(payload: dict[str, Any], client_token: str) -> Letter:
    """A payload in its envelope, signed as Google signs it."""

    def write() -> tuple[bytes, dict[str, str]]:
        data = orjson.dumps(payload)
        digest = hmac.digest(client_token.encode(), data, hashlib.sha512)
        message = {"data": base64.b64encode(data).decode(), "messageId": str(uuid.uuid4())}
        return orjson.dumps({"message": message, "subscription": "simulator"}), {
            "Content-Type": "application/json",
            "X-Goog-Signature": base64.b64encode(digest).decode(),
            "User-Agent": "APIs-Google",
        }

    return write
