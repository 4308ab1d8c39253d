"""What WhatsApp's Cloud API takes as a message, and how the phone shows it.

The phone page draws RCS's shapes (``static/simulator/rich.js``); ``shown`` makes one of a message.
"""

import re
from collections.abc import Callable
from typing import Any

from simulator.whatsapp_words import Json, Refused, rows_of

FILES = {"image", "video", "audio", "document", "sticker"}
# A line in bold above the rest.
TITLE = re.compile(r"\*([^*\n]+)\*(?:\n|$)")
MAX_TEXT, MAX_CAPTION, MAX_ON_CARD = 4096, 1024, 160
MAX_CONTACTS = 257


def check(body: Json) -> str:
    """The message's type; Refused says what is wrong with it."""
    kind = body.get("type", "text")
    inner = body.get(kind)
    if kind == "contacts":
        _contacts(inner)
        return "contacts"
    if kind not in CHECKS:
        raise Refused(131009, f"Unsupported message type {kind}.")
    if not isinstance(inner, dict):
        raise Refused(131008, f"The parameter {kind} is required.")
    CHECKS[kind](kind, inner)
    return str(kind)


def text_of(value: Any, name: str, limit: int, *, required: bool = True) -> str:
    """A text within a limit."""
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()):
        raise Refused(131008, f"The parameter {name} is required.")
    if len(value) > limit:
        raise Refused(131009, f"{name} must be {limit} characters or less.")
    return value


def _text(kind: str, inner: Json) -> None:
    text_of(inner.get("body"), "text.body", MAX_TEXT)


def _file(kind: str, inner: Json) -> None:
    link = inner.get("link") or inner.get("id")
    if not isinstance(link, str) or ("link" in inner and not link.startswith("http")):
        raise Refused(131009, f"{kind}.link must be a URL.")
    if "caption" in inner and kind in {"audio", "sticker"}:
        raise Refused(131009, f"{kind} takes no caption.")
    text_of(inner.get("caption"), f"{kind}.caption", MAX_CAPTION, required=False)


def _place(kind: str, inner: Json) -> None:
    for name, limit in (("latitude", 90), ("longitude", 180)):
        value = inner.get(name)
        if not isinstance(value, int | float) or abs(value) > limit:
            raise Refused(131009, f"location.{name} is not valid.")


def _contacts(inner: Any) -> None:
    if not isinstance(inner, list) or not 1 <= len(inner) <= MAX_CONTACTS:
        raise Refused(131008, "The parameter contacts is required.")
    for one in inner:
        name = one.get("name") or {}
        text_of(name.get("formatted_name"), "contacts.name.formatted_name", 512)
        if len(name) < 2:  # the whole name, and one part of it at least
            raise Refused(131009, "contacts.name needs a part of the name.")


def _template(kind: str, inner: Json) -> None:
    text_of(inner.get("name"), "template.name", 512)
    language = inner.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    text_of(code, "template.language.code", 20)


def _interactive(kind: str, inner: Json) -> None:
    body, action = inner.get("body"), inner.get("action")
    text_of(body.get("text") if isinstance(body, dict) else None, "body.text", MAX_CAPTION)
    handler = ACTIONS.get(str(inner.get("type")))
    if handler is None or not isinstance(action, dict):
        raise Refused(131009, "interactive.type is not valid.")
    if isinstance(inner.get("header"), dict):
        _header(inner["header"])
    handler(action)


def _header(header: Json) -> None:
    kind = header.get("type")
    if kind not in {"image", "video", "document", "text"}:
        raise Refused(131009, "header.type is not valid.")
    if kind != "text":
        _file(str(kind), header.get(str(kind)) or {})


def _buttons(action: Json) -> None:
    _answers([one.get("reply") for one in action.get("buttons", [])])


def _answers(found: list[Any]) -> None:
    if not 1 <= len(found) <= 3 or not all(isinstance(one, dict) for one in found):
        raise Refused(131009, "There must be 1 to 3 buttons.")
    for one in found:
        text_of(one.get("id"), "reply.id", 256)
        text_of(one.get("title"), "reply.title", 20)
    for name in ("id", "title"):
        if len({one[name] for one in found}) < len(found):
            raise Refused(131009, f"The {name} of each button must be unique.")


def _list(action: Json) -> None:
    text_of(action.get("button"), "action.button", 20)
    rows = rows_of({"action": action})
    if not 1 <= len(rows) <= 10:
        raise Refused(131009, "There must be 1 to 10 rows in total.")
    for row in rows:
        text_of(row.get("id"), "row.id", 200)
        text_of(row.get("title"), "row.title", 24)
        text_of(row.get("description"), "row.description", 72, required=False)


def _link(action: Json) -> None:
    found = action.get("parameters") or {}
    text_of(found.get("display_text"), "display_text", 20)
    if action.get("name") != "cta_url" or not str(found.get("url")).startswith("http"):
        raise Refused(131009, "url is not valid.")


def _ask_location(action: Json) -> None:
    if action.get("name") != "send_location":
        raise Refused(131009, "action.name must be send_location.")


def _carousel(action: Json) -> None:
    cards = action.get("cards", [])
    if not 2 <= len(cards) <= 10:
        raise Refused(131009, "There must be 2 to 10 cards.")
    for place, card in enumerate(cards):
        if card.get("card_index") != place or "header" not in card:
            raise Refused(131009, "card_index or header is not valid.")
        _header(card["header"])
        text = card.get("body", {}).get("text")
        text_of(text, "card.body.text", MAX_ON_CARD, required=False)
        if card.get("type") == "cta_url":
            _link(card["action"])
        else:
            _answers([one.get("quick_reply") for one in card["action"].get("buttons", [])])
    alike = {(card["header"]["type"], _count(card)) for card in cards}
    if len(alike) > 1:
        raise Refused(131009, "All cards must have the same header and buttons.")


def _count(card: Json) -> int:
    return 0 if card.get("type") == "cta_url" else len(card["action"]["buttons"])


CHECKS: dict[str, Callable[[str, Json], None]] = {
    "text": _text,
    **dict.fromkeys(FILES, _file),
    "location": _place,
    "template": _template,
    "interactive": _interactive,
}
ACTIONS: dict[str, Callable[[Json], None]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _link,
    "location_request_message": _ask_location,
    "carousel": _carousel,
}


# --- On the phone ---------------------------------------------------------------------------------


def in_words(body: Json, kind: str) -> str:
    """The words of a message, for lists."""
    inner = body[kind]
    if kind == "contacts":
        return "\n".join(map(_card_words, inner))
    if kind == "interactive":
        return str(inner["body"]["text"])
    return str(inner.get("body") or inner.get("caption") or inner.get("link") or "")


def _card_words(card: Json) -> str:
    phones = [one.get("phone", "") for one in card.get("phones", [])]
    emails = [one.get("email", "") for one in card.get("emails", [])]
    return " ".join((card["name"]["formatted_name"], *phones, *emails))


def shown(body: Json, kind: str) -> Json | None:
    """A message in the shape the phone page draws; None for plain words and places."""
    inner = body[kind]
    if kind in FILES:
        file = {"contentInfo": {"fileUrl": inner.get("link", "")}}
        return _card(inner, inner["caption"], kind) if inner.get("caption") else file
    if kind != "interactive":
        return None
    if inner["type"] == "carousel":
        cards = [_card_content(card) for card in inner["action"]["cards"]]
        return {"richCard": {"carouselCard": {"cardWidth": "MEDIUM", "cardContents": cards}}}
    return {"richCard": {"standaloneCard": {"cardContent": _card_content(inner)}}}


def _card(file: Json, caption: str, kind: str) -> Json:
    content = _card_content({"header": {"type": kind, kind: file}, "body": {"text": caption}})
    return {"richCard": {"standaloneCard": {"cardContent": content}}}


def _card_content(inner: Json) -> Json:
    text = inner.get("body", {}).get("text", "")
    bold = TITLE.match(text)
    found: Json = {"description": text}
    if bold:
        found = {"title": bold[1], "description": text[bold.end() :]}
    header = inner.get("header") or {}
    if header.get("type") in FILES:
        link = header[header["type"]].get("link", "")
        found["media"] = {"height": "MEDIUM", "contentInfo": {"fileUrl": link}}
    chips = _chips(inner.get("action") or {})
    return found | ({"suggestions": chips} if chips else {})


def _chips(action: Json) -> list[Json]:
    if action.get("name") == "send_location":
        return [{"action": {"text": "📍", "postbackData": "location", "shareLocationAction": {}}}]
    if action.get("name") == "cta_url":
        link = action["parameters"]
        text, url = link["display_text"], link["url"]
        return [{"action": {"text": text, "postbackData": text, "openUrlAction": {"url": url}}}]
    answers = [one.get("reply") or one.get("quick_reply") for one in action.get("buttons", [])]
    return [
        {"reply": {"text": one["title"], "postbackData": one["id"]}}
        for one in [*answers, *rows_of({"action": action})]
    ]
