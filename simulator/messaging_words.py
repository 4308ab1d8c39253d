"""How Messenger and Instagram say things: errors, webhooks, signatures; and how they differ."""

import hashlib
import hmac
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from simulator.identities import identity
from simulator.postman import Letter
from simulator.world import Message, new_sid

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two. ``object`` names it in webhooks, ``edge`` is what takes answers to comments.

    ``delivers``: it reports deliveries, and reading up to a moment instead of each message.
    """

    provider: str
    object: str
    edge: str
    mid: str
    longest: int
    closed: int
    delivers: bool


KINDS = {
    kind.provider: kind
    for kind in (
        Kind("messenger", "page", "comments", "m_", 2000, 2018278, delivers=True),
        Kind("instagram", "instagram", "replies", "aWdfZAG", 1000, 2534022, delivers=False),
    )
}

# By code: HTTP status and words.
ERRORS: dict[int, tuple[int, str]] = {
    1: (500, "An unknown error occurred"),
    2: (503, "Service temporarily unavailable"),
    10: (400, "This message is sent outside of allowed window."),
    100: (400, "Invalid parameter"),
    190: (401, "Error validating access token"),
    551: (400, "This person isn't available right now."),
    613: (429, "Calls to this api have exceeded the rate limit."),
    2500: (404, "Unknown path components"),
}


class Refused(Exception):
    """The call is answered with one of Meta's errors."""

    def __init__(self, code: int, words: str = "", *, subcode: int = 0) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.subcode = subcode


def error(refused: Refused) -> tuple[int, Json]:
    """HTTP status and body of an error."""
    status, words = ERRORS[refused.code]
    found: Json = {
        "message": f"(#{refused.code}) {refused.words or words}",
        "type": "OAuthException",
        "code": refused.code,
        "fbtrace_id": uuid.uuid4().hex[:22],
    }
    if refused.subcode:
        found["error_subcode"] = refused.subcode
    return status, {"error": found}


# --- Webhooks -----------------------------------------------------------------------------------


def letter(body: Json, app_secret: str) -> Letter:
    """A webhook, signed as Meta signs it."""

    def write() -> tuple[bytes, dict[str, str]]:
        raw = orjson.dumps(body)
        digest = hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()
        return raw, {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}

    return write


def entry(kind: Kind, account: str, **parts: Any) -> Json:
    """A webhook about one account."""
    found = {"id": account, "time": int(time.time() * 1000), **parts}
    return {"object": kind.object, "entry": [found]}


def item(kind: Kind, account: str, number: str, *, echo: bool = False, **what: Any) -> Json:
    """A webhook about one person; of an echo the account is the sender."""
    ends = ({"id": identity(kind.provider, number)}, {"id": account})
    sender, recipient = ends[::-1] if echo else ends
    now = int(time.time() * 1000)
    said = {"sender": sender, "recipient": recipient, "timestamp": now, **what}
    return entry(kind, account, messaging=[said])


def said(message: Message, reply_to: str, quick: bool) -> Json:
    """What a customer wrote, sent, or tapped."""
    if message.payload is not None and not quick:
        tap = {"mid": message.sid, "title": message.body, "payload": message.payload}
        return {"postback": tap}
    found: Json = {"mid": message.sid}
    if message.body:
        found["text"] = message.body
    if message.payload is not None:
        found["quick_reply"] = {"payload": message.payload}
    if reply_to:
        found["reply_to"] = {"mid": reply_to}
    files = [attachment(url, kind) for url, kind in message.media]
    if message.location is not None:
        latitude, longitude = message.location
        place = {"coordinates": {"lat": latitude, "long": longitude}}
        files.append({"type": "location", "payload": place})
    return {"message": found | ({"attachments": files} if files else {})}


def attachment(url: str, content_type: str) -> Json:
    """A file as webhooks name it."""
    family = content_type.partition("/")[0]
    kind = family if family in {"image", "video", "audio"} else "file"
    return {"type": kind, "payload": {"url": url}}


def comment(
    kind: Kind, account: str, number: str, name: str, identity_of: str, said: Mapping[str, str]
) -> Json:
    """A webhook about a comment; ``said``: text, verb, post, parent."""
    person = identity(kind.provider, number)
    post, parent = said["post"], said["parent"]
    if kind.provider == "instagram":
        found: Json = {
            "id": identity_of,
            "from": {"id": person, "username": name or person},
            "text": said["text"],
            "media": {"id": post, "media_product_type": "FEED"},
        }
        field = "comments"
        found |= {"parent_id": parent} if parent else {}
    else:
        found = {
            "item": "comment",
            "verb": said["verb"],
            "comment_id": identity_of,
            "post_id": post,
            "parent_id": parent or post,
            "from": {"id": person, "name": name or person},
            "message": said["text"],
            "created_time": int(time.time()),
            "post": {"id": post, "permalink_url": f"https://www.facebook.com/{post}"},
        }
        field = "feed"
    return entry(kind, account, changes=[{"field": field, "value": found}])


def new_mid(kind: Kind) -> str:
    """An id of a message."""
    return new_sid(kind.mid)


def new_comment(kind: Kind, post: str) -> str:
    """An id of a comment, which has digits alone."""
    number = str(uuid.uuid4().int % 10**15 + 10**15)
    return number if kind.provider == "instagram" else f"{post.partition('_')[2] or post}_{number}"


# --- What the phone draws -----------------------------------------------------------------------


def shown(message: Mapping[str, Any]) -> Json:
    """A message of the Send API as the phone page draws it."""
    payload = (message.get("attachment") or {}).get("payload") or {}
    template = payload.get("template_type")
    chips = [_chip(one["title"], one["payload"]) for one in message.get("quick_replies", [])]
    if template == "generic":
        cards = [_card(one) for one in payload["elements"]]
        single = {"standaloneCard": {"cardOrientation": "VERTICAL", "cardContent": cards[0]}}
        several = {"carouselCard": {"cardWidth": "MEDIUM", "cardContents": cards}}
        found: Json = {"richCard": several if len(cards) > 1 else single}
    elif template == "button":
        found = {"text": payload["text"]}
        chips = [_button(one) for one in payload["buttons"]]
    elif payload:
        found = {"contentInfo": {"fileUrl": payload["url"]}}
    else:
        found = {"text": message.get("text", "")}
    return found | ({"suggestions": chips} if chips else {})


def in_words(message: Mapping[str, Any]) -> str:
    """The words of a message, for lists."""
    payload = (message.get("attachment") or {}).get("payload") or {}
    titles = [one["title"] for one in payload.get("elements", [])]
    found = [message.get("text"), payload.get("text"), *titles, payload.get("url")]
    return "\n".join(filter(None, found))


def _chip(title: str, payload: str) -> Json:
    return {"reply": {"text": title, "postbackData": payload}}


def _button(one: Mapping[str, Any]) -> Json:
    if one["type"] == "postback":
        return _chip(one["title"], one["payload"])
    action = (
        {"openUrlAction": {"url": one["url"]}}
        if one["type"] == "web_url"
        else {"dialAction": {"phoneNumber": one["payload"]}}
    )
    return {"action": {"text": one["title"], "postbackData": one["title"], **action}}


def _card(one: Mapping[str, Any]) -> Json:
    found: Json = {"title": one["title"]}
    if one.get("subtitle"):
        found["description"] = one["subtitle"]
    if one.get("image_url"):
        found["media"] = {"height": "MEDIUM", "contentInfo": {"fileUrl": one["image_url"]}}
    if one.get("buttons"):
        found["suggestions"] = [_button(button) for button in one["buttons"]]
    return found
