"""How Viber's Bot API says things: answers, statuses, limits and callbacks."""

import hashlib
import hmac
import html
import itertools
import re
import time
from typing import Any

import orjson

from simulator.bots import chip, link_chip, place_chip
from simulator.postman import Letter

STATUSES = {
    "invalidUrl": 1,
    "invalidAuthToken": 2,
    "badData": 3,
    "missingData": 4,
    "receiverNotRegistered": 5,
    "receiverNotSubscribed": 6,
    "tooManyRequests": 12,
    "generalError": 99,
}
MAX_TEXT, MAX_CAPTION, MAX_NAME = 7000, 512, 28
TYPES = ("text", "picture", "video", "file", "contact", "location", "url", "sticker", "rich_media")
WITH_SIZE = {"video": 26_000_000, "file": 50_000_000}
ACTIONS = {"reply", "open-url", "location-picker", "share-phone", "none"}
TAG = re.compile(r"<[^>]*>")


class Wrong(Exception):
    """A call that Viber would refuse: the word of its status, and what it is about."""

    def __init__(self, word: str, about: str = "") -> None:
        super().__init__(word)
        self.word = word
        self.about = about


def problem(wrong: Wrong) -> dict[str, Any]:
    """The body of an error; its HTTP status is 200."""
    words = f"{wrong.word}: {wrong.about}" if wrong.about else wrong.word
    return {"status": STATUSES[wrong.word], "status_message": words}


# --- What is taken ------------------------------------------------------------------------------


def check(body: dict[str, Any]) -> None:
    """Raise Wrong for what Viber would not take."""
    for name in ("receiver", "type"):
        if not body.get(name):
            raise Wrong("missingData", name)
    name = (body.get("sender") or {}).get("name", "")
    if not 1 <= len(name) <= MAX_NAME:
        raise Wrong("badData", "sender.name")
    kind = body["type"]
    if kind not in TYPES:
        raise Wrong("badData", "type")
    _check_kind(kind, body)
    for button in _buttons(body):
        if button.get("ActionType", "reply") not in ACTIONS or not button.get("ActionBody"):
            raise Wrong("badData", "Buttons")


def _check_kind(kind: str, body: dict[str, Any]) -> None:
    text = body.get("text", "")
    if kind == "text" and not 1 <= len(text) <= MAX_TEXT:
        raise Wrong("badData" if text else "missingData", "text")
    if kind == "picture" and len(text) > MAX_CAPTION:
        raise Wrong("badData", "text")
    card = body.get("contact") or {}
    if kind == "contact" and not (1 <= len(card.get("name", "")) <= 28 and card["phone_number"]):
        raise Wrong("badData", "contact")
    if kind in ("picture", "video", "file", "url") and not body.get("media"):
        raise Wrong("missingData", "media")
    if kind in WITH_SIZE and not 0 < int(body.get("size") or 0) <= WITH_SIZE[kind]:
        raise Wrong("badData", "size")
    if kind == "file" and not body.get("file_name"):
        raise Wrong("missingData", "file_name")
    if kind == "location" and not {"lat", "lon"} <= (body.get("location") or {}).keys():
        raise Wrong("missingData", "location")
    if kind == "rich_media":
        _check_cards(body.get("rich_media") or {})


def _check_cards(rich: dict[str, Any]) -> None:
    rows, buttons = rich.get("ButtonsGroupRows", 7), rich.get("Buttons") or []
    if not buttons or not 1 <= rows <= 7 or not _groups(rich):
        raise Wrong("badData", "rich_media")


def _buttons(body: dict[str, Any]) -> list[dict[str, Any]]:
    keyboard, rich = body.get("keyboard") or {}, body.get("rich_media") or {}
    return [*(keyboard.get("Buttons") or []), *(rich.get("Buttons") or [])]


def _groups(rich: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The cards of a carousel: buttons that fill so many rows; none where they do not."""
    groups: list[list[dict[str, Any]]] = []
    room = 0
    for button in rich["Buttons"]:
        if room == 0:
            groups.append([])
            room = rich["ButtonsGroupRows"]
        room -= button.get("Rows", 1)
        if room < 0:
            return []
        groups[-1].append(button)
    return groups if room == 0 else []


# --- As the phone page draws it -------------------------------------------------------------------


def shown(body: dict[str, Any]) -> dict[str, Any]:
    """The message as the phone page draws it, with all that was sent beside it."""
    keys = (body.get("keyboard") or {}).get("Buttons") or []
    found = {"suggestions": [_chip(one) for one in keys], "sent": body}
    if body["type"] == "rich_media":
        cards = [_card(group) for group in _groups(body["rich_media"])]
        return found | {"richCard": _rich_card(cards)}
    text = body.get("text") or (body.get("media") if body["type"] == "url" else "") or ""
    if body["type"] == "location":
        text = "📍 {lat}, {lon}".format_map(body["location"])
    if body["type"] == "contact":
        text = "{name} {phone_number}".format_map(body["contact"])
    return found | {"text": text}


def _rich_card(cards: list[dict[str, Any]]) -> dict[str, Any]:
    if len(cards) == 1:
        return {"standaloneCard": {"cardContent": cards[0]}}
    return {"carouselCard": {"cardWidth": "MEDIUM", "cardContents": cards}}


def _card(group: list[dict[str, Any]]) -> dict[str, Any]:
    card: dict[str, Any] = {"suggestions": []}
    for button in group:
        if "Image" in button:
            card["media"] = {"height": "MEDIUM", "contentInfo": {"fileUrl": button["Image"]}}
        elif button.get("ActionType") != "none":
            card["suggestions"].append(_chip(button))
        elif button.get("Text"):
            title, _break, text = button["Text"].partition("<br>")
            card |= {"title": plain(title), "description": plain(text)}
    return card


def _chip(button: dict[str, Any]) -> dict[str, Any]:
    label, does = plain(button.get("Text", "")), button.get("ActionType", "reply")
    if does == "open-url":
        return link_chip(label, button["ActionBody"])
    return place_chip(label) if does == "location-picker" else chip(label, button["ActionBody"])


def plain(text: str) -> str:
    """HTML as it is read."""
    return html.unescape(TAG.sub("", text))


# --- Callbacks ------------------------------------------------------------------------------------

# Above those of earlier runs; over 2^53, as Viber's are.
TOKENS = itertools.count(time.time_ns() * 4)


def callback(event: str, **about: Any) -> dict[str, Any]:
    """A callback of any kind."""
    base = {"event": event, "timestamp": int(time.time() * 1000), "chat_hostname": "SIMULATOR"}
    return {**base, "message_token": next(TOKENS), **about}


def user(person: str, name: str) -> dict[str, Any]:
    """Who does something."""
    return {
        "id": person,
        "name": name or "Somebody",
        "language": "en",
        "country": "US",
        "api_version": 10,
    }


def letter(payload: dict[str, Any], token: str) -> Letter:
    """A callback as Viber signs it."""

    def write() -> tuple[bytes, dict[str, str]]:
        body = orjson.dumps(payload)
        digest = hmac.digest(token.encode(), body, hashlib.sha256).hex()
        return body, {"Content-Type": "application/json", "X-Viber-Content-Signature": digest}

    return write
