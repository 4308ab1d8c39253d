"""Looks as a page shows them: a phone for each channel, what was changed, and what it counts.

``templates/content/_looks.html`` shows them; whoever has a preview includes it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.translation import ngettext

from gateway.branding import Brand, brand_of
from gateway.content.adapting import in_words
from gateway.content.looks import Look, LookPart
from gateway.content.model import (
    AskLocation,
    Calendar,
    Card,
    Content,
    Dial,
    Media,
    OpenUrl,
    Reply,
    ShowLocation,
    Suggestion,
)
from gateway.marks import medium_icon
from gateway.media import words
from gateway.media.kinds import PICTURES, family
from gateway.registry import adapters

ICONS: dict[type[Suggestion], str] = {
    Reply: "reply",
    OpenUrl: "external-link",
    Dial: "phone",
    ShowLocation: "map-pin",
    AskLocation: "map-pin",
    Calendar: "calendar",
}
FILE_ICONS = {"image": "image", "video": "play", "audio": "play", "text/vcard": "contact"}


@dataclass(frozen=True, slots=True)
class ShownMedia:
    """A file. ``url`` only of a picture of our own: others' are not fetched by the page."""

    name: str
    about: str
    icon: str
    url: str


@dataclass(frozen=True, slots=True)
class Tap:
    """Something to tap; ``title`` says what it does."""

    icon: str
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card and what can be tapped on it."""

    title: str
    text: str
    media: ShownMedia | None
    taps: Sequence[Tap]


@dataclass(frozen=True, slots=True)
class ShownPart:
    """One message. ``size`` is what the channel counts, in words; empty where it counts nothing."""

    text: str
    files: Sequence[ShownMedia]
    cards: Sequence[ShownCard]
    menu: str
    rows: Sequence[Tap]
    place: str
    people: Sequence[str]
    taps: Sequence[Tap]
    size: str


@dataclass(frozen=True, slots=True)
class ShownLook:
    """A channel's phone. ``size`` is of all parts, where there are several and all are counted."""

    name: str
    medium: str
    icon: str
    sender: str
    when: str
    skipped: bool
    problem: str
    size: str
    parts: Sequence[ShownPart]
    changes: Sequence[str]
    brand: Brand | None = None


def shown_looks(looks: Iterable[Look]) -> list[ShownLook]:
    """For ``_looks.html``; files of our own at the address where members see them."""
    return [_look(look) for look in looks]


def _look(look: Look) -> ShownLook:
    adapter = adapters().get(look.channel.kind)
    return ShownLook(
        name=look.channel.name,
        medium=look.medium,
        icon=medium_icon(adapter.medium if adapter else ""),
        sender=look.channel.address or look.channel.name,
        when=look.when,
        skipped=look.skipped,
        problem=look.problem,
        size=_size(look.segments, look.medium) if _all_counted(look) else "",
        parts=[_part(part, look.medium) for part in look.parts],
        changes=[change.text for change in look.changes],
        brand=brand_of(look.channel),
    )


def _all_counted(look: Look) -> bool:
    """A sum that leaves messages out would be a wrong one."""
    return len(look.parts) > 1 and all(part.segments for part in look.parts)


def _part(part: LookPart, medium: str) -> ShownPart:
    content, use = part.content, part.content.template
    files = (use.header,) if use and use.header else content.media
    rows = content.menu.rows if content.menu else ()
    return ShownPart(
        text=use.text if use else content.text,
        files=[_media(one) for one in files],
        cards=[_card(card) for card in content.cards],
        menu=content.menu.button if content.menu else "",
        rows=[Tap("circle", row.text, row.description) for row in rows],
        place=_place(content),
        people=[" · ".join((one.name, *one.phones, *one.emails)) for one in content.contacts],
        taps=[_tap(one) for one in content.suggestions],
        size=_size(part.segments, medium),
    )


def _size(segments: int, medium: str) -> str:
    if not segments:
        return ""
    # Translators: as many messages are counted, as in "3 × SMS".
    counted = ngettext("%(count)d %(medium)s", "%(count)d %(medium)s", segments)
    return counted % {"count": segments, "medium": medium}


def _card(card: Card) -> ShownCard:
    media = _media(card.media) if card.media else None
    return ShownCard(card.title, card.text, media, [_tap(one) for one in card.suggestions])


def _tap(one: Suggestion) -> Tap:
    return Tap(ICONS[type(one)], one.text, "" if isinstance(one, Reply) else in_words(one))


def _media(one: Media) -> ShownMedia:
    kind = one.content_type
    ours = bool(one.file) and kind in PICTURES
    host = "" if one.file else urlsplit(one.url).hostname or ""
    about = [words.kind(kind), words.size(one.size), host]
    return ShownMedia(
        name=one.name,
        about=" · ".join(filter(None, about)),
        icon=FILE_ICONS.get(kind) or FILE_ICONS.get(family(kind)) or "file-text",
        url=reverse("file", args=[one.file]) if ours else "",
    )


def _place(content: Content) -> str:
    place = content.location
    if place is None:
        return ""
    return place.label or f"{place.latitude:.5f}, {place.longitude:.5f}"
