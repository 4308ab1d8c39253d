"""Content as Twilio's Content API describes it for RCS: cards, carousels and chips.

Sources: Twilio's pages on twilio/card, twilio/carousel and media types (July 2026). RCS takes
these, text and files, but neither places nor lists.

A message names a content resource (HX…) and gives it values. Texts of a line and the paths of
addresses are values, so that messages that differ in a name or a link share one resource; all else
is part of it. Its name is a hash of what it is, so that it can be found again.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gateway.content.adapting import GAP, adapt, map_link
from gateway.content.model import (
    Card,
    Content,
    Dial,
    Location,
    Media,
    OpenUrl,
    Reply,
    ShowLocation,
    Suggestion,
)
from gateway.content.shows import Buttons, Carousel, Shows

Json = dict[str, Any]

MAX_TEXT = 1600
TITLE = 200
# A card without a picture has one text; the title stands in it.
CARD_TEXT = MAX_TEXT - TITLE - 1
# Twilio's least: 20 for answers on a card, 25 elsewhere.
LABEL = 20
MAX_FILE = 16_000_000
KINDS: frozenset[type[Suggestion]] = frozenset({Reply, OpenUrl, Dial, ShowLocation})
SEEN = dict.fromkeys(("image/jpeg", "image/png", "image/gif", "video/*"), MAX_FILE)
SHOWS = Shows(
    text=MAX_TEXT,
    files=SEEN | dict.fromkeys(("audio/*", "application/pdf"), MAX_FILE),
    file_count=1,
    captioned=True,
    caption_files=frozenset({"image", "video"}),
    cards=10,
    card_title=TITLE,
    card_text=CARD_TEXT,
    card_buttons=Buttons(KINDS, 4, LABEL),
    card_files=SEEN,
    carousel=Carousel(text=160, buttons=2),
    buttons=Buttons(KINDS, 11, LABEL),
    needs_words=True,
)
# What a value may be for certain: nothing empty, and no line breaks, tabs or rows of spaces.
CARRIED = re.compile(r"(?! |.*(?:[\x00-\x1f\x7f\u2028\u2029]| {4})).{1,1000}(?<! )")
BRACES = "{{"


@dataclass(frozen=True, slots=True)
class Template:
    """A content resource and the values that make it this message."""

    name: str
    body: Json
    variables: dict[str, str]


@dataclass(frozen=True, slots=True)
class Plain:
    """What needs no content resource: words and files."""

    text: str
    media: tuple[Media, ...] = ()


@dataclass(slots=True)
class Pen:
    """Writes texts with places for values, and keeps the values and samples of them."""

    values: dict[str, str] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)

    def text(self, words: str) -> str:
        """A text, as a value where one can carry it."""
        return self._value(words, "…") if CARRIED.fullmatch(words) else self.fixed(words)

    def address(self, url: str) -> str:
        """A URL whose path is a value. Its sample is the path itself: it has to lead somewhere."""
        parts = urlsplit(url)
        start = f"{parts.scheme}://{parts.netloc}/"
        path = url.removeprefix(start)
        if path in {"", url} or not CARRIED.fullmatch(path):
            return self.fixed(url)
        return start + self._value(path, path)

    def fixed(self, words: str) -> str:
        """A text of the resource itself; two braces in it would be a value's place."""
        if BRACES not in words:
            return words
        return words.replace(BRACES, self._value(BRACES, BRACES))

    def _value(self, value: str, sample: str) -> str:
        known = next((name for name, one in self.values.items() if one == value), None)
        name = known or str(len(self.values) + 1)
        self.values[name] = value
        self.samples.setdefault(name, sample)
        return f"{{{{{name}}}}}"


def written(content: Content, *, for_sms: bool) -> Template | Plain:
    """How a content that ``SHOWS`` takes is sent.

    ``for_sms``: with words beside it, for whom Twilio sends an SMS. TooLong is for the caller to
    raise when those have no room.
    """
    plain = _plain(content)
    if plain is not None:
        return plain
    pen = Pen()
    several = len(content.cards) > 1
    types: Json = (
        {
            "twilio/carousel": _carousel(content.cards, pen),
        }
        if several
        else {"twilio/card": _card(content, pen)}
    )
    if for_sms:
        types["twilio/text"] = {"body": pen.text(in_words(content))}
    body = {"language": "en", "types": types}
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]
    body |= {"friendly_name": f"omnichannel-{digest}", "variables": pen.samples}
    return Template(f"omnichannel-{digest}", body, pen.values)


def in_words(content: Content) -> str:
    """The content for a phone without RCS, in one text."""
    parts = adapt(content, Shows(text=MAX_TEXT)).parts
    return GAP.join(part.text for part in parts)


def _plain(content: Content) -> Plain | None:
    """Words and files; a card that is nothing but words is words."""
    if content.suggestions or len(content.cards) > 1:
        return None
    if not content.cards:
        return Plain(content.text, content.media)
    card = content.cards[0]
    if card.suggestions:
        return None
    if card.media and card.title and card.text:
        return None
    return Plain(_words(card), (card.media,) if card.media else ())


def _words(card: Card) -> str:
    return "\n".join(filter(None, (card.title, card.text)))


def _card(content: Content, pen: Pen) -> Json:
    """A card, or a text with chips. Chips of the message stay apart from a card's own buttons."""
    if not content.cards:
        files = [pen.address(one.url) for one in content.media]
        found: Json = {"body": pen.text(content.text), "media": files}
        own: list[Json] = []
    else:
        card = content.cards[0]
        found = _titled(card, pen) if card.media else {"body": pen.text(_words(card))}
        own = [_action(one, pen) for one in card.suggestions]
    chips = [_action(one, pen) for one in content.suggestions]
    if found.get("media"):
        own = [one | {"chip_list": False} for one in own]
        chips = [one | {"chip_list": True} for one in chips]
    return {name: value for name, value in (found | {"actions": own + chips}).items() if value}


def _titled(card: Card, pen: Pen) -> Json:
    found: Json = {"media": _files(card.media, pen), "height": "MEDIUM"}
    if card.title:
        found["title"] = pen.text(card.title)
    if card.text:
        found["body"] = pen.text(card.text)
    return found


def _carousel(cards: Iterable[Card], pen: Pen) -> Json:
    """Cards side by side. RCS shows no words above them, but the API wants some."""
    return {"body": "…", "cards": [_beside(card, pen) for card in cards]}


def _beside(card: Card, pen: Pen) -> Json:
    found: Json = {"body": pen.text(card.text or card.title)}
    if card.title and card.text:
        found["title"] = pen.text(card.title)
    found["media"] = _files(card.media, pen)[0]
    found["actions"] = [_action(one, pen) for one in card.suggestions]
    return found


def _files(media: Media | None, pen: Pen) -> list[str]:
    return [pen.address(media.url)] if media else []


def _action(one: Suggestion, pen: Pen) -> Json:
    """A button. What comes back of an answer is its ``id``."""
    title = pen.fixed(one.text)
    match one:
        case Reply(text, payload):
            return {"type": "QUICK_REPLY", "title": title, "id": pen.fixed(payload or text)}
        case Dial(_text, phone):
            return {"type": "PHONE_NUMBER", "title": title, "phone": phone}
        case OpenUrl(_text, url):
            return {"type": "URL", "title": title, "url": pen.address(url)}
        case ShowLocation(_text, latitude, longitude, label):
            place = map_link(Location(latitude, longitude, label))
            return {"type": "URL", "title": title, "url": pen.address(place)}
    raise TypeError(f"No button of Twilio's for RCS: {type(one).__name__}")
