"""Rich content as the thread shows it, and what a customer chose of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse

from conversations.models import Kind, Message
from gateway.content.adapting import in_words
from gateway.content.model import (
    Content,
    Media,
    Reply,
    Suggestion,
)
from gateway.content.reading import read
from gateway.media.attaching import each_media
from gateway.pages.looks import ICONS


@dataclass(frozen=True, slots=True)
class Button:
    """A suggestion. ``title`` says what it does; ``number`` is 0 where it is tapped."""

    icon: str
    text: str
    title: str
    number: int


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card and its buttons."""

    title: str
    text: str
    media: Media | None
    buttons: Sequence[Button]


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is beside the text."""

    media: Sequence[Media]
    cards: Sequence[ShownCard]
    menu: str
    rows: Sequence[Button]
    place: str
    people: Sequence[str]
    buttons: Sequence[Button]


def shown(message: Message) -> Shown | None:
    """The message's rich content; None when it is nothing but text."""
    stored = message.data.get("content")
    if not stored:
        return None
    content = each_media(read(stored), _here)
    if content.template is not None:
        # Its words are the message's text.
        content = Content(media=(content.template.header,) if content.template.header else ())
    numbering = _Numbering(message.data.get("options", []))
    cards = [
        ShownCard(card.title, card.text, card.media, numbering.buttons(card.suggestions))
        for card in content.cards
    ]
    rows = content.menu.rows if content.menu else ()
    return Shown(
        # Our own are shown as files of the message, which a campaign's messages have none of.
        media=[one for one in content.media if not one.file or message.kind == Kind.CAMPAIGN],
        cards=cards,
        menu=content.menu.button if content.menu else "",
        rows=[Button("list", row.text, row.description, numbering.next(row.text)) for row in rows],
        place=_place(content),
        people=[" · ".join((one.name, *one.phones, *one.emails)) for one in content.contacts],
        buttons=numbering.buttons(content.suggestions),
    )


def _here(one: Media, path: str) -> Media:
    """A file of our own at the address where members see it."""
    return replace(one, url=reverse("file", args=[one.file])) if one.file else one


def tapped(message: Message) -> str:
    """The label of what the customer chose, unless they wrote just that; empty for nothing."""
    tap = message.data.get("tap")
    label = str(tap.get("text", "")) if isinstance(tap, Mapping) else ""
    return "" if label.casefold() == message.text.strip().casefold() else label


def _place(content: Content) -> str:
    place = content.location
    if place is None:
        return ""
    return place.label or f"{place.latitude:.5f}, {place.longitude:.5f}"


class _Numbering:
    """Which number each answer was offered by, in the order in which they were."""

    def __init__(self, options: Sequence[Mapping[str, Any]]) -> None:
        self.left = list(options)

    def next(self, text: str) -> int:
        """The number of the next answer; 0 when it was not offered by number."""
        if self.left and self.left[0].get("text") == text:
            return int(self.left.pop(0)["number"])
        return 0

    def buttons(self, suggestions: Sequence[Suggestion]) -> list[Button]:
        """Suggestions of a card or of the message."""
        return [
            Button(
                ICONS[type(one)],
                one.text,
                "" if isinstance(one, Reply) else in_words(one),
                self.next(one.text) if isinstance(one, Reply) else 0,
            )
            for one in suggestions
        ]
