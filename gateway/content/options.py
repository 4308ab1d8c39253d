"""Numbered options: what was offered by number, and whether an answer is one of them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.content.bounds import LABEL
from gateway.content.model import Answer, Option

# "2", "2.", "2)", "#2", "option 2" is left to people: it may as well be an order of two.
LONGEST = LABEL + 20
NUMBER = re.compile(r"[#(]?\s*(\d{1,3})\s*[.)]?")


def offered(options: Iterable[Option]) -> list[dict[str, Any]]:
    """Options as JSON: ``number``, ``text`` and ``payload``."""
    return [
        {"number": one.number, "text": one.answer.text, "payload": one.answer.payload}
        for one in options
    ]


def with_tappable(
    options: Sequence[dict[str, Any]], content: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Numbered options, and without a number what else the stored content offers to be tapped.

    A channel on which a tap comes back as words says its label, and on one of several cards the
    card's title with it.
    """
    rows = (content.get("list") or {}).get("rows", ())
    cards = content.get("cards", ())
    below = [*_replies(content), *rows]
    found = [(one["text"], one.get("payload", "")) for one in below]
    for card in cards:
        for one in _replies(card):
            title = card.get("title", "") if len(cards) > 1 else ""
            labels = {one["text"], on_card(one["text"], title)}
            found += [(label, one.get("payload", "")) for label in labels]
    known = {(one["text"], one["payload"]) for one in options}
    others = [pair for pair in dict.fromkeys(found) if pair not in known]
    return [*options, *({"number": None, "text": t, "payload": p} for t, p in others)]


def _replies(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in content.get("suggestions", ()) if one.get("type") == "reply"]


def on_card(label: str, title: str) -> str:
    """What a tap on one of several cards says, where it comes back as words."""
    return f"{label} – {title}"[:LONGEST] if title else label


def may_choose(text: str) -> bool:
    """Whether an answer is short enough to be one of the options: labels are."""
    return 0 < len(text) <= LONGEST


def chosen(text: str, options: Sequence[Mapping[str, Any]]) -> Answer | None:
    """The option that an answer means: its number, or its label however it is written."""
    said = " ".join(text.split()).casefold()
    number = NUMBER.fullmatch(said)
    for option in options:
        if number and int(number.group(1)) == option["number"]:
            return Answer(option["text"], option["payload"])
    labels = [option for option in options if _same(option["text"], said)]
    # Two of the same label would be a guess.
    if len(labels) == 1:
        return Answer(labels[0]["text"], labels[0]["payload"])
    return None


def _same(label: str, said: str) -> bool:
    return " ".join(label.split()).casefold().rstrip(".!") == said.rstrip(".!")
