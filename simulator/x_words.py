"""How X says things: answers, problems, webhooks and their signatures."""

import base64
import hashlib
import hmac
import itertools
import re
import time
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import orjson
import regex

from simulator.postman import Letter
from simulator.world import Message, Phone

# What customers do beside writing, as ``POST /inbound`` calls it.
EVENTS = ("typing", "read", "delete", "like", "follow")
EPOCH_MS = 1_288_834_974_657
PROBLEMS = "https://api.twitter.com/2/problems/"
MAX_DIRECT = 10_000
LINK = re.compile(r"https?://\S+")
HASHTAG = re.compile(r"(?<![\w&/])#(\w+)")
# The newest post of the business to whoever writes.
LAST = "last"
_counter = itertools.count()

# Name: status, type, title, detail.
ERRORS: dict[str, tuple[int, str, str, str]] = {
    "unauthorized": (401, "about:blank", "Unauthorized", "Unauthorized"),
    "too_many_requests": (429, "about:blank", "Too Many Requests", "Too Many Requests"),
    "internal": (500, "about:blank", "Internal Server Error", "Something is broken."),
    "unavailable": (503, "about:blank", "Service Unavailable", "Over capacity"),
    "invalid": (400, f"{PROBLEMS}invalid-request", "Invalid Request", "The `{}` is not valid."),
    "too_long": (403, "about:blank", "Forbidden", "Your Post text is too long."),
    "duplicate": (
        403,
        "about:blank",
        "Forbidden",
        "You are not allowed to create a Tweet with duplicate content.",
    ),
    "not_mentioned": (
        403,
        "about:blank",
        "Forbidden",
        "Reply to this conversation is not allowed because you have not been mentioned or otherwise"
        " engaged by the author of the post you are replying to.",
    ),
    "closed": (403, "about:blank", "Forbidden", "You cannot send messages to this user."),
    "not_found": (
        404,
        f"{PROBLEMS}resource-not-found",
        "Not Found Error",
        "Could not find {}.",
    ),
    "crc": (400, f"{PROBLEMS}invalid-request", "Invalid Request", "CRC check failed: {}"),
}


def problem(name: str, about: str = "") -> tuple[int, dict[str, Any]]:
    """HTTP status and body of an error."""
    status, kind, title, detail = ERRORS[name]
    return status, {
        "title": title,
        "detail": detail.format(about),
        "type": kind,
        "status": status,
    }


def new_id() -> str:
    """An id as X makes them: the time in milliseconds, and a count."""
    return str(((int(time.time() * 1000) - EPOCH_MS) << 22) | (next(_counter) & 0x3FFFFF))


def written(at: float) -> str:
    """A time (Unix seconds) as API v2 writes it."""
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def weight(text: str) -> int:
    """How long a post is: grapheme by grapheme, links as 23."""
    text = unicodedata.normalize("NFC", text)
    links = LINK.findall(text)
    graphemes = regex.findall(r"\X", LINK.sub("", text))
    return 23 * len(links) + sum(map(_grapheme, graphemes))


def _grapheme(one: str) -> int:
    if regex.search(r"\p{Emoji_Presentation}|\ufe0f|\u20e3", one):
        return 2
    return sum(1 if ord(char) <= 0x10FF or 0x2000 <= ord(char) <= 0x2037 else 2 for char in one)


# --- People and what they write -----------------------------------------------------------------


def handle(name: str) -> str:
    """A handle that a person of this name may have."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:15] or "somebody"


def user(id: str, name: str, username: str = "") -> dict[str, Any]:
    """A person or the account."""
    return {"id": id, "name": name, "username": username or handle(name), "verified": False}


def person(id: str, phone: Phone) -> dict[str, Any]:
    """The person with this phone."""
    return user(id, phone.name or phone.number)


def post(message: Message, conversation: str, parent: str, to: str) -> dict[str, Any]:
    """A post of API v2."""
    found: dict[str, Any] = {
        "id": message.sid,
        "author_id": message.sender,
        "text": escape(message.body),
        "created_at": written(message.at),
        "conversation_id": conversation,
        "edit_history_tweet_ids": [message.sid],
        "lang": "und",
    }
    if parent:
        found |= {
            "in_reply_to_user_id": to,
            "referenced_tweets": [{"type": "replied_to", "id": parent}],
        }
    return found | attachments(message)


def hashtags(text: str) -> set[str]:
    """The hashtags in a text, in lower case."""
    return {found.lower() for found in HASHTAG.findall(text)}


def is_to_all(text: str, address: str, reply_to: str) -> bool:
    """Whether a post is to nobody in particular: it has a hashtag, and neither names nor answers
    the account (``LAST`` is no post that somebody chose to answer).
    """
    handle = address.partition(" ")[0].lower()
    return bool(hashtags(text)) and reply_to in ("", LAST) and handle not in text.lower()


def escape(text: str) -> str:
    """A text as X writes it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attachments(message: Message) -> dict[str, Any]:
    """The keys of a message's files."""
    keys = [f"3_{message.sid}{place}" for place, _file in enumerate(message.media)]
    return {"attachments": {"media_keys": keys}} if keys else {}


def files(message: Message) -> list[dict[str, Any]]:
    """The files of a message."""
    return [
        {"media_key": f"3_{message.sid}{place}", "type": "photo", "url": url}
        if kind.startswith("image/")
        else {
            "media_key": f"3_{message.sid}{place}",
            "type": "video",
            "variants": [{"content_type": "video/mp4", "bit_rate": 1, "url": url}],
        }
        for place, (url, kind) in enumerate(message.media)
    ]


def direct(message: Message, own: str) -> dict[str, Any]:
    """A direct message of API v2."""
    other = message.sender if message.direction == "inbound" else message.to
    return {
        "id": message.sid,
        "event_type": "MessageCreate",
        "text": escape(message.body),
        "sender_id": message.sender,
        "dm_conversation_id": "-".join(sorted((own, other))),
        "created_at": written(message.at),
        **attachments(message),
    }


def pushed_direct(message: Message) -> dict[str, Any]:
    """A direct message in the older form, in which it is pushed."""
    said: dict[str, Any] = {"text": escape(message.body), "entities": {"urls": []}}
    if message.media:
        url, kind = message.media[0]
        media: dict[str, Any] = {"type": "photo", "media_url_https": url, "url": url}
        if not kind.startswith("image/"):
            variants = [{"content_type": "video/mp4", "bitrate": 1, "url": url}]
            media |= {"type": "video", "video_info": {"variants": variants}}
        said["attachment"] = {"type": "media", "media": media}
    return {
        "type": "message_create",
        "id": message.sid,
        "created_timestamp": str(int(message.at * 1000)),
        "message_create": {
            "target": {"recipient_id": message.to},
            "sender_id": message.sender,
            "message_data": said,
        },
    }


# --- Webhooks -----------------------------------------------------------------------------------


def activity(own: str, kind: str, payload: Any, includes: Any = None) -> dict[str, Any]:
    """An event as the Activity API pushes it."""
    data = {
        "event_uuid": new_id(),
        "filter": {"user_id": own},
        "event_type": kind,
        "tag": "",
        "payload": payload,
    }
    return {"data": data | ({"includes": includes} if includes else {})}


def letter(body: dict[str, Any], secret: str) -> Letter:
    """A webhook with its signature."""

    def write() -> tuple[bytes, dict[str, str]]:
        raw = orjson.dumps(body)
        return raw, {
            "Content-Type": "application/json",
            "X-Twitter-Webhooks-Signature": seal(raw, secret),
        }

    return write


def seal(content: bytes, secret: str) -> str:
    """The signature of a body, and the right answer to a challenge."""
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(digest).decode()


# --- Signed calls -------------------------------------------------------------------------------


def oauth_fields(header: str) -> dict[str, str]:
    """The fields of an OAuth 1.0a header; none of any other."""
    if not header.startswith("OAuth "):
        return {}
    return {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}


def oauth_signature(
    method: str, url: str, fields: Mapping[str, str], secrets: tuple[str, str]
) -> str:
    """The signature that such a call must have (RFC 5849, 3.4)."""
    parts = urlsplit(url)
    own = [(name, value) for name, value in fields.items() if name != "oauth_signature"]
    params = own + parse_qsl(parts.query, keep_blank_values=True)
    line = "&".join(sorted(f"{_escaped(name)}={_escaped(value)}" for name, value in params))
    bare = f"{parts.scheme}://{parts.netloc}{parts.path}"
    base = "&".join(map(_escaped, (method, bare, line)))
    digest = hmac.new("&".join(map(_escaped, secrets)).encode(), base.encode(), hashlib.sha1)
    return base64.b64encode(digest.digest()).decode()


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")
