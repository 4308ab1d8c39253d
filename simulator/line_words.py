"""How LINE says things: webhooks, answers, errors, and what it accepts as a message."""

import base64
import hashlib
import hmac
import random
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from simulator.chat_network import Posted, chip, opener
from simulator.lines import Line
from simulator.world import Message

Json = dict[str, Any]

EVENTS = ("unsend", "follow", "unfollow")
# A customer's message can be answered by its token for so long, in seconds.
TOKEN_S = 60.0
MAX_TEXT, MAX_QUICK, MAX_LABEL, MAX_DATA, MAX_ALT = 5000, 13, 20, 300, 1500


class Wrong(Exception):
    """The message is refused; ``about`` names the property."""

    def __init__(self, about: str, words: str) -> None:
        super().__init__(words)
        self.about = about


class LineWords:
    """LINE's webhooks. Reply tokens are remembered until they are used: (account, person, end);
    those that mark as read with (account, person), those that quote with the person.
    """

    events = EVENTS

    def __init__(self) -> None:
        self.tokens: dict[str, tuple[str, str, float]] = {}
        self.readable: dict[str, tuple[str, str]] = {}
        self.quotable: dict[str, str] = {}

    def new_id(self) -> str:
        """A message's id: 18 digits."""
        return str(random.randrange(10**17, 10**18))

    def said(self, line: Line, person: str, message: Message) -> Posted:
        """A message or a postback."""
        if message.payload is not None:
            event = {"type": "postback", "postback": {"data": message.payload}}
        else:
            said: Json = {"id": message.sid, **_message(message)}
            said["markAsReadToken"] = token = uuid.uuid4().hex
            self.readable[token] = (line.address, person)
            if "quoteToken" in said:
                self.quotable[said["quoteToken"]] = person
            event = {"type": "message", "message": said}
        return self._posted(line, person, event, f"said {message.sid}")

    def happened(self, line: Line, person: str, kind: str, about: str) -> Posted:
        """A customer takes a message back, adds the account or blocks it."""
        event: Json = {"type": kind}
        if kind == "unsend":
            event["unsend"] = {"messageId": about}
        elif kind == "follow":
            event["follow"] = {"isUnblocked": False}
        return self._posted(line, person, event, str(uuid.uuid4()))

    def check_quote(self, message: Json, person: str) -> None:
        """Wrong where a message quotes what this person has not written."""
        token = message.get("quoteToken", "")
        if token and (message["type"] != "text" or self.quotable.get(token) != person):
            raise Wrong("messages[0].quoteToken", "Invalid quote token")

    def _posted(self, line: Line, person: str, event: Json, name: str) -> Posted:
        if event["type"] not in {"unsend", "unfollow"}:
            event["replyToken"] = token = uuid.uuid4().hex
            self.tokens[token] = (line.address, person, time.time() + TOKEN_S)
        event |= {
            "mode": "active",
            "timestamp": int(time.time() * 1000),
            "source": {"type": "user", "userId": person},
            # One that is told again is told as the same.
            "webhookEventId": hashlib.sha256(name.encode()).hexdigest()[:26].upper(),
            "deliveryContext": {"isRedelivery": False},
        }
        return Posted(
            line.webhook_url, letter({"destination": bot_id(line), "events": [event]}, line)
        )


def letter(payload: Json, line: Line) -> Callable[[], tuple[bytes, dict[str, str]]]:
    """A payload as LINE signs it."""
    body = orjson.dumps(payload)
    digest = hmac.digest(line.token.encode(), body, hashlib.sha256)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Line-Signature": base64.b64encode(digest).decode(),
        "User-Agent": "LineBotWebhook/2.0",
    }
    return lambda: (body, headers)


def bot_id(line: Line) -> str:
    """The account's own user id."""
    return "U" + hashlib.md5(f"bot {line.address}".encode()).hexdigest()  # noqa: S324 - no secret


def _message(message: Message) -> Json:
    if message.location is not None:
        latitude, longitude = message.location
        return {"type": "location", "latitude": latitude, "longitude": longitude, "address": "Here"}
    if message.media:
        url, content_type = message.media[0]
        family = content_type.partition("/")[0]
        if family in {"image", "video", "audio"}:
            return {"type": family, "contentProvider": {"type": "line"}}
        name = url.partition("?")[0].rpartition("/")[2]
        return {"type": "file", "fileName": f"{name}.{content_type.partition('/')[2]}"}
    return {"type": "text", "text": message.body, "quoteToken": uuid.uuid4().hex}


# --- What the business sends --------------------------------------------------------------------


def check(message: object) -> Json:
    """A message object that LINE would take; Wrong says why not."""
    if not isinstance(message, dict) or message.get("type") not in SHOWN:
        raise Wrong("messages[0].type", "must be one of the types of message")
    kind = message["type"]
    if kind == "text" and not 0 < units(message.get("text")) <= MAX_TEXT:
        raise Wrong("messages[0].text", f"Length must be between 0 and {MAX_TEXT}")
    for name in ("originalContentUrl", "previewImageUrl"):
        if name in message and not str(message[name]).startswith(("https://", "http://127.0.0.1")):
            raise Wrong(f"messages[0].{name}", "Must be a valid HTTPS URL")
    if kind in {"template", "flex"} and not 0 < units(message.get("altText")) <= MAX_ALT:
        raise Wrong("messages[0].altText", "May not be empty")
    items = message.get("quickReply", {}).get("items", [])
    if len(items) > MAX_QUICK:
        raise Wrong("messages[0].quickReply.items", f"Size must be between 1 and {MAX_QUICK}")
    for one in (item.get("action") for item in items):
        _check_action(one)
    if kind == "template":
        _check_template(message["template"])
    return message


def _check_template(template: Json) -> None:
    columns = template.get("columns", [template])
    if len({len(one.get("actions", ())) for one in columns}) != 1:
        raise Wrong("messages[0].template.columns", "must have the same number of actions")
    for one in columns:
        if not one.get("text") or len(one.get("title", "")) > 40:
            raise Wrong("messages[0].template.text", "May not be empty")
        for action in one["actions"]:
            _check_action(action)


def _check_action(action: Any) -> None:
    if not isinstance(action, dict) or not 0 < units(action.get("label")) <= MAX_LABEL:
        raise Wrong("action.label", f"Length must be between 1 and {MAX_LABEL}")
    if action.get("type") == "postback" and not 0 < units(action.get("data")) <= MAX_DATA:
        raise Wrong("action.data", f"Length must be between 1 and {MAX_DATA}")


def units(value: object) -> int:
    """How long a text is as LINE counts it; 0 for what is none."""
    return len(value.encode("utf-16-le")) // 2 if isinstance(value, str) else 0


# --- As the phone page draws it -----------------------------------------------------------------


def drawn(message: Json) -> Json | None:
    """The content as the phone shows it; None where the words or the file are all there is."""
    shown = SHOWN[message["type"]](message)
    items = message.get("quickReply", {}).get("items", [])
    if not items:
        return shown
    return (shown or {}) | {"suggestions": [_drawn_action(one["action"]) for one in items]}


def _text(message: Json) -> Json | None:
    return {"text": message["text"]} if message.get("quickReply") else None


def _file(message: Json) -> Json | None:
    return {"contentInfo": {"fileUrl": message["originalContentUrl"]}}


def _place(message: Json) -> Json | None:
    words = f"{message['title']}\n{message['latitude']}, {message['longitude']}"
    return {"text": words}


def _template(message: Json) -> Json | None:
    template = message["template"]
    return _cards([_card(one) for one in template.get("columns", [template])])


def _flex(message: Json) -> Json | None:
    whole = message["contents"]
    bubbles = whole["contents"] if whole["type"] == "carousel" else [whole]
    cards = []
    for one in bubbles:
        words = [part["text"] for part in one.get("body", {}).get("contents", ())]
        actions = [part["action"] for part in one.get("footer", {}).get("contents", ())]
        picture = one.get("hero", {}).get("url")
        cards.append(
            _card({"text": "\n".join(words), "actions": actions, "thumbnailImageUrl": picture})
        )
    return _cards(cards)


SHOWN: Mapping[str, Callable[[Json], Json | None]] = {
    "text": _text,
    "image": _file,
    "video": _file,
    "audio": _file,
    "location": _place,
    "template": _template,
    "flex": _flex,
}


def _cards(cards: list[Json]) -> Json:
    if len(cards) == 1:
        return {"richCard": {"standaloneCard": {"cardContent": cards[0]}}}
    return {"richCard": {"carouselCard": {"cardWidth": "MEDIUM", "cardContents": cards}}}


def _card(found: Json) -> Json:
    card: Json = {"title": found.get("title", ""), "description": found["text"]}
    if found.get("thumbnailImageUrl"):
        info = {"fileUrl": found["thumbnailImageUrl"]}
        card["media"] = {"height": "MEDIUM", "contentInfo": info}
    return card | {"suggestions": [_drawn_action(one) for one in found.get("actions", ())]}


def _drawn_action(action: Json) -> Json:
    if action["type"] == "uri":
        return opener(action["label"], action["uri"])
    if action["type"] == "location":
        here = {"text": action["label"], "postbackData": "", "shareLocationAction": {}}
        return {"action": here}
    return chip(action["label"], action["data"])


def in_words(message: Json) -> str:
    """The words of a message, for lists."""
    return str(message.get("text") or message.get("altText") or message.get("title") or "")
