"""Content resources as Twilio's Content API keeps them, and what a phone shows of them."""

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator.world import new_sid

TYPES = ("twilio/carousel", "twilio/card", "twilio/media", "twilio/text")
PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
URL = re.compile(r"https?://\S+")
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
TITLE, BODY, ON_CARD, CHIPS, BESIDE = 200, 1600, 4, 11, 160
LABELS = {"QUICK_REPLY": 20, "URL": 25, "PHONE_NUMBER": 25}


class Wrong(Exception):
    """What Twilio would not take; the argument says why."""


@dataclass(frozen=True, slots=True)
class Content:
    """A resource of an account."""

    sid: str
    account: str
    name: str
    language: str
    types: dict[str, Any]
    variables: dict[str, str]
    made_at: float = field(default_factory=time.time)

    def resource(self) -> dict[str, Any]:
        """As the API answers it."""
        made = datetime.fromtimestamp(self.made_at, UTC).isoformat(timespec="seconds")
        return {
            "sid": self.sid,
            "account_sid": self.account,
            "friendly_name": self.name,
            "language": self.language,
            "types": self.types,
            "variables": self.variables,
            "date_created": made,
            "date_updated": made,
            "url": f"https://content.twilio.com/v1/Content/{self.sid}",
            "links": {},
        }


class Contents:
    """All resources, newest last."""

    def __init__(self) -> None:
        self.by_sid: dict[str, Content] = {}

    def make(self, account: str, body: Any) -> Content:
        """A new one; Wrong says what is wrong with it."""
        found = body if isinstance(body, dict) else {}
        types, variables = found.get("types"), found.get("variables") or {}
        if not isinstance(found.get("language"), str) or not isinstance(types, dict) or not types:
            raise Wrong("language and types are required.")
        if not isinstance(variables, dict) or not all(map(_is_text, variables.values())):
            raise Wrong("variables must be an object of strings.")
        for name, value in types.items():
            if name not in CHECKS:
                raise Wrong(f"{name} is no type of content for RCS or SMS.")
            CHECKS[name](value if isinstance(value, dict) else {})
        name = str(found.get("friendly_name") or "")
        content = Content(new_sid("HX"), account, name, found["language"], types, variables)
        self.by_sid[content.sid] = content
        return content

    def of(self, account: str, name: str = "") -> list[Content]:
        """An account's, newest first; those with this in their name."""
        return [
            one
            for one in reversed(self.by_sid.values())
            if one.account == account and name in one.name
        ]

    def find(self, account: str, sid: str) -> Content | None:
        """One of an account."""
        found = self.by_sid.get(sid)
        return found if found and found.account == account else None


def filled(content: Content, given: str) -> dict[str, Any]:
    """The types with their values; Wrong when the values are none, or one is missing."""
    try:
        values = json.loads(given) if given else {}
    except ValueError:
        raise Wrong("not a JSON string") from None
    if not isinstance(values, dict) or not all(map(_is_text, values.values())):
        raise Wrong("not an object of strings that say something")
    values = content.variables | values

    def put(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise Wrong(f"{match[1]} is missing")
        return str(values[match[1]])

    def fill(part: Any) -> Any:
        if isinstance(part, str):
            return PLACE.sub(put, part)
        if isinstance(part, dict):
            return {name: fill(value) for name, value in part.items()}
        return [fill(value) for value in part] if isinstance(part, list) else part

    found: dict[str, Any] = fill(content.types)
    return found


# --- What is taken ------------------------------------------------------------------------------


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _text(value: Any, name: str, limit: int) -> None:
    if not _is_text(value) or len(value) > limit:
        raise Wrong(f"{name} must be text of {limit} characters at most.")


def _check_text(value: dict[str, Any]) -> None:
    _text(value.get("body"), "body", BODY)


def _check_media(value: dict[str, Any]) -> None:
    files = value.get("media")
    if not isinstance(files, list) or len(files) != 1 or not URL.fullmatch(str(files[0])):
        raise Wrong("media must be a list of one public URL.")


def _check_card(value: dict[str, Any]) -> None:
    if not value.get("title") and not value.get("body"):
        raise Wrong("A card needs a title or a body.")
    if len([name for name in ("title", "body", "media", "actions") if value.get(name)]) < 2:
        raise Wrong("A card needs one field more.")
    for name, limit in (("title", TITLE), ("body", BODY)):
        if name in value:
            _text(value[name], name, limit)
    if "media" in value:
        _check_media(value)
    actions = value.get("actions") or []
    own = [one for one in actions if value.get("media") and one.get("chip_list") is False]
    if len(own) > ON_CARD or len(actions) - len(own) > CHIPS:
        raise Wrong("Too many buttons.")
    for one in actions:
        _check_action(one, LABELS)


def _check_carousel(value: dict[str, Any]) -> None:
    _text(value.get("body"), "body", BODY)
    cards = value.get("cards")
    if not isinstance(cards, list) or not 2 <= len(cards) <= 10:
        raise Wrong("A carousel has 2 to 10 cards.")
    for card in cards:
        _text(card.get("body"), "body", BESIDE - len(card.get("title", "")))
        _check_media({"media": [card.get("media")]})
        if not 1 <= len(card.get("actions", [])) <= 2:
            raise Wrong("A card of a carousel has one button or two.")
        for one in card["actions"]:
            _check_action(one, dict.fromkeys(LABELS, 25))
    if len({tuple(one["type"] for one in card["actions"]) for card in cards}) > 1:
        raise Wrong("All cards must have the same buttons in the same order.")


def _check_action(one: Any, labels: dict[str, int]) -> None:
    kind = one.get("type") if isinstance(one, dict) else None
    if kind not in labels:
        raise Wrong("type of an action must be QUICK_REPLY, URL or PHONE_NUMBER.")
    _text(one.get("title"), "title of an action", labels[kind])
    if kind == "URL" and not URL.fullmatch(str(one.get("url"))):
        raise Wrong("url must be a public URL.")
    if kind == "PHONE_NUMBER" and not PHONE.fullmatch(str(one.get("phone"))):
        raise Wrong("phone must be in E.164 format.")


CHECKS = {
    "twilio/text": _check_text,
    "twilio/media": _check_media,
    "twilio/card": _check_card,
    "twilio/carousel": _check_carousel,
}


# --- What a phone shows -------------------------------------------------------------------------


def shown(types: dict[str, Any]) -> dict[str, Any]:
    """The richest of the types, as phones are given it (Google's ``contentMessage``)."""
    name = next(one for one in TYPES if one in types)
    value = types[name]
    if name == "twilio/carousel":
        cards = [_card(one, [one["media"]], one["actions"]) for one in value["cards"]]
        return {"richCard": {"carouselCard": {"cardWidth": "MEDIUM", "cardContents": cards}}}
    if name != "twilio/card":
        return plain(value.get("body", ""), value.get("media", []))
    actions, media = value.get("actions") or [], value.get("media") or []
    own = [one for one in actions if media and not one.get("chip_list")][:ON_CARD]
    chips = [_suggestion(one) for one in actions if one not in own]
    if media:
        card = {"cardOrientation": "VERTICAL", "cardContent": _card(value, media, own)}
        found: dict[str, Any] = {"richCard": {"standaloneCard": card}}
    else:
        found = {"text": value.get("body") or value["title"]}
    return found | ({"suggestions": chips} if chips else {})


def plain(text: str, media: list[str]) -> dict[str, Any]:
    """Words and files; both together are a card."""
    if media and text:
        card = {"cardOrientation": "VERTICAL", "cardContent": _card({"body": text}, media, [])}
        return {"richCard": {"standaloneCard": card}}
    return {"contentInfo": {"fileUrl": media[0]}} if media else {"text": text}


def _card(value: dict[str, Any], media: list[str], actions: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": value.get("title", ""),
        "description": value.get("body", ""),
        "media": {"height": value.get("height", "TALL"), "contentInfo": {"fileUrl": media[0]}},
        "suggestions": [_suggestion(one) for one in actions],
    }
    return {name: part for name, part in found.items() if part}


def _suggestion(one: dict[str, Any]) -> dict[str, Any]:
    title, back = one["title"], one.get("id") or one["title"]
    if one["type"] == "QUICK_REPLY":
        return {"reply": {"text": title, "postbackData": back}}
    if one["type"] == "URL":
        doing = {"openUrlAction": {"url": one["url"]}}
    else:
        doing = {"dialAction": {"phoneNumber": one["phone"]}}
    return {"action": {"text": title, "postbackData": back, **doing}}
