"""How WhatsApp's Cloud API says things: errors, answers, webhooks and their signature."""

import hashlib
import hmac
import time
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from simulator.identities import identity
from simulator.postman import Letter
from simulator.world import Message

PROVIDER = "whatsapp"
Json = dict[str, Any]

# HTTP status, what Meta says, and whether it thinks that another try may succeed.
ERRORS: dict[int, tuple[int, str]] = {
    1: (500, "An unknown error occurred"),
    33: (400, "Unsupported request: object does not exist"),
    100: (400, "Invalid parameter"),
    190: (401, "Error validating access token"),
    130429: (429, "Rate limit hit"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (503, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131047: (400, "Re-engagement message"),
    131050: (400, "User has stopped marketing messages"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
}
DETAILS = {
    131026: "Message Undeliverable.",
    131047: "Message failed to send because more than 24 hours have passed since the customer "
    "last replied to this number.",
    131050: "The recipient has chosen to stop receiving marketing messages on WhatsApp.",
}


class Refused(Exception):
    """The call is answered with one of Meta's errors."""

    def __init__(self, code: int, details: str = "", *, subcode: int = 0) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.subcode = subcode


def error(refused: Refused) -> tuple[int, Json]:
    """HTTP status and body of an error."""
    status, text = ERRORS.get(refused.code, (400, "Something went wrong"))
    found: Json = {
        "message": f"(#{refused.code}) {text}",
        "type": "OAuthException",
        "code": refused.code,
        "fbtrace_id": uuid.uuid4().hex[:22],
    }
    if refused.details:
        data = {"messaging_product": "whatsapp", "details": refused.details}
        found["error_data"] = data
    if refused.subcode:
        found |= {"error_subcode": refused.subcode, "error_user_msg": refused.details}
    return status, {"error": found}


def accepted(message: Message) -> Json:
    """The answer to a message that is on its way."""
    contact = {"input": message.to.removeprefix("+"), **_ids(message.to)}
    return {
        "messaging_product": "whatsapp",
        "contacts": [contact],
        "messages": [{"id": message.sid, "message_status": "accepted"}],
    }


# --- Webhooks -----------------------------------------------------------------------------------


def letter(body: Json, app_secret: str) -> Letter:
    """A webhook as Meta signs it."""

    def write() -> tuple[bytes, dict[str, str]]:
        raw = orjson.dumps(body)
        digest = hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()
        return raw, {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": f"sha256={digest}",
            "User-Agent": "facebookexternalua",
        }

    return write


def change(account: str, field: str, value: Json) -> Json:
    """A request with one change."""
    entry = {"id": account, "changes": [{"field": field, "value": value}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def of_number(account: str, number_id: str, number: str, field: str, **found: Any) -> Json:
    """A request about one of the account's numbers."""
    metadata = {"display_phone_number": number.removeprefix("+"), "phone_number_id": number_id}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **found}
    return change(account, field, value)


def status(message: Message, word: str, code: int = 0) -> Json:
    """A report on a message."""
    found: Json = {
        "id": message.sid,
        "status": word,
        "timestamp": str(int(time.time())),
        "recipient_id": message.to.removeprefix("+"),
    }
    if message.reference:
        found["biz_opaque_callback_data"] = message.reference
    if code:
        text = ERRORS.get(code, (400, "Message undeliverable"))[1]
        data = {"details": DETAILS.get(code, text)}
        found["errors"] = [{"code": code, "title": text, "message": text, "error_data": data}]
    return found


def contact(person: str, name: str) -> Json:
    """Who wrote, as it stands beside a message."""
    return {"profile": {"name": name or person}, **_ids(person)}


def _ids(person: str) -> Json:
    """Of who shows a number: number and user id; of the others: the user id alone."""
    if person.startswith("+"):
        return {"wa_id": person[1:], "user_id": identity(PROVIDER, person)}
    return {"user_id": person}


def sender(person: str) -> Json:
    """A message's own fields for who wrote it."""
    if person.startswith("+"):
        return {"from": person[1:], "from_user_id": identity(PROVIDER, person)}
    return {"from_user_id": person}


def said(message: Message, files: Mapping[str, str], *, context: str, tap: Json) -> Json:
    """A message of a customer's; ``files`` are the ids of its files by URL."""
    found: Json = {
        **sender(message.sender),
        "id": message.sid,
        "timestamp": str(int(message.at)),
        **_content(message, files, tap),
    }
    if context:
        found["context"] = {"from": message.to.removeprefix("+"), "id": context}
    return found


def _content(message: Message, files: Mapping[str, str], tap: Json) -> Json:
    if tap:
        return tap
    if message.location is not None:
        latitude, longitude = message.location
        return {"type": "location", "location": {"latitude": latitude, "longitude": longitude}}
    if not message.media:
        return {"type": "text", "text": {"body": message.body}}
    url, content_type = message.media[0]
    kind = "sticker" if content_type == "image/webp" else content_type.partition("/")[0]
    kind = kind if kind in {"image", "video", "audio", "sticker"} else "document"
    file: Json = {"id": files[url], "mime_type": content_type, "sha256": "simulated"}
    if message.body and kind not in {"audio", "sticker"}:
        file["caption"] = message.body
    if kind == "document":
        file["filename"] = url.partition("?")[0].rpartition("/")[2] or "file"
    return {"type": kind, kind: file}


# --- Taps -----------------------------------------------------------------------------------------


def tapped(content: Json, payload: str, label: str) -> Json:
    """What a tap on this message of the business's says; empty if it has no such button."""
    if content.get("type") == "template":
        return {"type": "button", "button": {"payload": payload, "text": label}}
    inner = content.get("interactive", {})
    for row in rows_of(inner):
        if row["id"] == payload:
            reply = {"type": "list_reply", "list_reply": row}
            return {"type": "interactive", "interactive": reply}
    for one in buttons_of(inner):
        if one["id"] == payload:
            reply = {"type": "button_reply", "button_reply": one}
            return {"type": "interactive", "interactive": reply}
    return {}


def rows_of(inner: Json) -> list[Json]:
    """The rows of a list."""
    sections = inner.get("action", {}).get("sections", [])
    return [row for section in sections for row in section["rows"]]


def buttons_of(inner: Json) -> list[Json]:
    """The answers below a message, or on its cards."""
    action = inner.get("action", {})
    actions = [action, *(card["action"] for card in action.get("cards", []))]
    buttons = [one for each in actions for one in each.get("buttons", [])]
    return [one.get("reply") or one.get("quick_reply") for one in buttons]
