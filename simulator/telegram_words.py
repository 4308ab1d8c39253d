"""How Telegram's Bot API says things: answers, errors, limits and updates."""

import re
import time
from typing import Any
from urllib.parse import urlsplit

import orjson

from simulator.bots import chip, link_chip, place_chip
from simulator.postman import Letter
from simulator.world import Message

MAX_TEXT, MAX_CAPTION, MAX_DATA, MAX_FILE = 4096, 1024, 64, 50_000_000
TOKEN = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{20,200}")
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
# Which field of a method holds its file.
FILES = {
    "sendPhoto": "photo",
    "sendVideo": "video",
    "sendAudio": "audio",
    "sendVoice": "voice",
    "sendAnimation": "animation",
    "sendDocument": "document",
}
METHODS = ("sendMessage", "sendLocation", "sendVenue", "sendContact", "sendMediaGroup", *FILES)
# What an album may hold beside each other.
ALBUMS = ({"photo", "video"}, {"audio"}, {"document"})
MAX_VCARD = 2048
# What a customer's file comes as, by the family of its type.
FIELDS = {"image": "photo", "video": "video", "audio": "voice"}
PATHS = {"photo": "photos", "video": "videos", "voice": "voice", "document": "documents"}


class Wrong(Exception):
    """A call that Telegram would refuse: a code, and its description."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def problem(wrong: Wrong) -> dict[str, Any]:
    """The body of an error."""
    found = {"ok": False, "error_code": wrong.code, "description": wrong.description}
    return found | ({"parameters": wrong.parameters} if wrong.parameters else {})


def message_number(message: Message) -> int:
    """Telegram's number of a message inside its chat."""
    return int(message.sid.rpartition(":")[2])


def accepted(message: Message, fields: dict[str, Any]) -> dict[str, Any]:
    """A message as its method answers it."""
    return {
        "message_id": message_number(message),
        "chat": {"id": int(message.to), "type": "private"},
        "date": int(message.at),
        **({"text": fields["text"]} if "text" in fields else {}),
    }


# --- What is taken ------------------------------------------------------------------------------


def check(method: str, fields: dict[str, Any]) -> None:
    """Raise Wrong for what Telegram would not take."""
    text, caption = fields.get("text"), fields.get("caption", "")
    if method == "sendMessage":
        if not isinstance(text, str) or not text.strip():
            raise Wrong(400, "Bad Request: message text is empty")
        if len(text) > MAX_TEXT:
            raise Wrong(400, "Bad Request: message is too long")
    elif method in ("sendLocation", "sendVenue"):
        if not all(isinstance(fields.get(name), int | float) for name in ("latitude", "longitude")):
            raise Wrong(400, "Bad Request: can't parse location")
    elif method == "sendContact":
        if not fields.get("phone_number") or not fields.get("first_name"):
            raise Wrong(400, "Bad Request: contact phone number and first name are needed")
        if len(str(fields.get("vcard", "")).encode()) > MAX_VCARD:
            raise Wrong(400, "Bad Request: vCard is too long")
    elif method == "sendMediaGroup":
        _check_album(fields)
    elif method not in FILES:
        raise Wrong(404, "Not Found")
    if len(caption) > MAX_CAPTION:
        raise Wrong(400, "Bad Request: message caption is too long")
    for button in _buttons(fields):
        _check_button(button)


def _check_album(fields: dict[str, Any]) -> None:
    media = fields.get("media")
    if not isinstance(media, list) or not 2 <= len(media) <= 10:
        raise Wrong(400, "Bad Request: there must be 2 to 10 media in an album")
    kinds = {one.get("type") for one in media}
    if not any(kinds <= album for album in ALBUMS):
        raise Wrong(400, "Bad Request: these media can't be in one album")
    if any(len(one.get("caption", "")) > MAX_CAPTION for one in media):
        raise Wrong(400, "Bad Request: message caption is too long")
    if "reply_markup" in fields:
        raise Wrong(400, "Bad Request: an album has no keyboard")


def _buttons(fields: dict[str, Any]) -> list[dict[str, Any]]:
    lines = (fields.get("reply_markup") or {}).get("inline_keyboard") or []
    return [one for line in lines for one in line]


def _check_button(button: dict[str, Any]) -> None:
    if not button.get("text"):
        raise Wrong(400, "Bad Request: can't parse inline keyboard button: Text is empty")
    data, url = button.get("callback_data"), button.get("url")
    if (data is None) == (url is None):
        raise Wrong(400, "Bad Request: can't parse inline keyboard button: one action is expected")
    if data is not None and not 1 <= len(data.encode()) <= MAX_DATA:
        raise Wrong(400, "Bad Request: BUTTON_DATA_INVALID")
    if url is not None and "." not in (urlsplit(url).hostname or ""):
        raise Wrong(400, f"Bad Request: inline keyboard button URL '{url}' is invalid")


def shown(fields: dict[str, Any]) -> dict[str, Any]:
    """The message as the phone page draws it, with all that was sent beside it."""
    keys = [
        one for line in (fields.get("reply_markup") or {}).get("keyboard") or [] for one in line
    ]
    chips = [_chip(button) for button in _buttons(fields)]
    chips += [
        place_chip(k["text"]) if "request_location" in k else chip(k["text"], "") for k in keys
    ]
    text = fields.get("text") or fields.get("caption") or fields.get("title") or ""
    text = text or next((one["caption"] for one in fields.get("media", ()) if "caption" in one), "")
    if "latitude" in fields:
        text = f"{text} 📍 {fields['latitude']}, {fields['longitude']}".strip()
    if "phone_number" in fields:
        names = (fields["first_name"], fields.get("last_name", ""), fields["phone_number"])
        text = " ".join(filter(None, names))
    return {"text": text, "suggestions": chips, "sent": fields}


def _chip(button: dict[str, Any]) -> dict[str, Any]:
    if "url" in button:
        return link_chip(button["text"], button["url"])
    return chip(button["text"], button["callback_data"])


# --- Updates ------------------------------------------------------------------------------------


def user(person: str, name: str) -> dict[str, Any]:
    """Who does something."""
    return {"id": int(person), "is_bot": False, "first_name": name or "Somebody"}


def chat(person: str, name: str) -> dict[str, Any]:
    """The private chat with somebody."""
    return {"id": int(person), "first_name": name or "Somebody", "type": "private"}


def message(number: int, person: str, name: str, at: float, **said: Any) -> dict[str, Any]:
    """A message of a customer's."""
    return {
        "message_id": number,
        "from": user(person, name),
        "chat": chat(person, name),
        "date": int(at),
        **said,
    }


def file(file_id: str, kind: str, size: int) -> dict[str, Any]:
    """The field of a message that holds a file."""
    field = FIELDS.get(kind.partition("/")[0], "document")
    about = {"file_id": file_id, "file_unique_id": file_id[-8:], "file_size": size}
    if field == "photo":
        return {
            "photo": [about | {"width": 90, "height": 60}, about | {"width": 900, "height": 600}]
        }
    return {field: about | {"mime_type": kind, "file_name": f"{field}.{kind.rpartition('/')[2]}"}}


def reaction(number: int, person: str, name: str, emoji: str) -> dict[str, Any]:
    """What somebody thinks of a message."""
    new = [{"type": "emoji", "emoji": emoji}] if emoji else []
    return {
        "chat": chat(person, name),
        "message_id": number,
        "user": user(person, name),
        "date": int(time.time()),
        "old_reaction": [],
        "new_reaction": new,
    }


def member(person: str, name: str, old: str, new: str) -> dict[str, Any]:
    """The bot was blocked or unblocked."""
    bot = {"id": 1, "is_bot": True, "first_name": "Bot"}
    return {
        "chat": chat(person, name),
        "from": user(person, name),
        "date": int(time.time()),
        "old_chat_member": {"user": bot, "status": old},
        "new_chat_member": {"user": bot, "status": new},
    }


def letter(update: dict[str, Any], secret: str) -> Letter:
    """An update with the secret that the business gave."""

    def write() -> tuple[bytes, dict[str, str]]:
        return orjson.dumps(update), {
            "Content-Type": "application/json",
            "X-Telegram-Bot-Api-Secret-Token": secret,
        }

    return write
