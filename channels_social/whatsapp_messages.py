"""Content as the WhatsApp Cloud API wants it: a message's type and its object.

Source: providers.md section 5, and Meta's pages on interactive messages (May 2026). ``SHOWS`` keeps
everything within these limits before it gets here.
"""

from collections.abc import Callable, Sequence
from typing import Any

from gateway.content.model import (
    AskLocation,
    Card,
    ContactCard,
    Content,
    Location,
    Media,
    Menu,
    OpenUrl,
    Reply,
    Suggestion,
    TemplateUse,
)
from gateway.content.shows import Buttons, Carousel, Contacts, Shows
from gateway.content.templates import ButtonKind

Json = dict[str, Any]

MAX_TEXT, MAX_CAPTION = 4096, 1024
LABEL = 20
PICTURES = dict.fromkeys(("image/jpeg", "image/png"), 5_000_000)
FILMS = dict.fromkeys(("video/mp4", "video/3gpp"), 16_000_000)
SOUNDS = ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")
OFFICE = "application/vnd.openxmlformats-officedocument"
DOCUMENTS = (
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    f"{OFFICE}.wordprocessingml.document",
    f"{OFFICE}.spreadsheetml.sheet",
    f"{OFFICE}.presentationml.presentation",
)
STICKER = "image/webp"
SHOWS = Shows(
    text=MAX_TEXT,
    # 100 KB is for a sticker that does not move; one that moves may have more, but who can tell.
    files=PICTURES
    | FILMS
    | {STICKER: 100_000}
    | dict.fromkeys(SOUNDS, 16_000_000)
    | dict.fromkeys(DOCUMENTS, 100_000_000),
    file_count=1,
    captioned=True,
    caption_files=frozenset({*PICTURES, *FILMS, *DOCUMENTS}),
    caption=MAX_CAPTION,
    worded=MAX_CAPTION,
    cards=10,
    card_title=200,
    card_text=MAX_CAPTION - 204,
    card_buttons=Buttons(
        frozenset({Reply, OpenUrl}), 3, LABEL, payload=256, alone=frozenset({OpenUrl})
    ),
    card_files=PICTURES | FILMS,
    carousel=Carousel(text=157, buttons=3, alike=True),
    buttons=Buttons(
        frozenset({Reply, OpenUrl, AskLocation}),
        3,
        LABEL,
        payload=256,
        alone=frozenset({OpenUrl, AskLocation}),
    ),
    needs_words=True,
    apart=True,
    bare=frozenset({AskLocation}),
    rows=10,
    row_text=24,
    row_more=72,
    row_payload=200,
    menu_button=LABEL,
    location=True,
    # The API takes 257 in one message.
    contacts=Contacts(count=10, name=100, phones=5, emails=5),
    templates=True,
)
# How a template's button is named by what it does, and what its value is.
BUTTONS = {
    ButtonKind.REPLY: ("quick_reply", "payload", "payload"),
    ButtonKind.URL: ("url", "text", "text"),
    ButtonKind.CODE: ("copy_code", "coupon_code", "coupon_code"),
}


def message(content: Content) -> Json:
    """``type`` and the object of that name for content that ``SHOWS`` takes."""
    if content.template is not None:
        return _typed("template", template(content.template))
    if len(content.cards) > 1:
        return _typed("interactive", _carousel(content.cards))
    if content.cards:
        return _card(content.cards[0])
    if content.menu is not None:
        return _typed("interactive", _list(content.text, content.menu))
    if content.location is not None:
        return _typed("location", _place(content.location))
    if content.contacts:
        return {"type": "contacts", "contacts": [contact(one) for one in content.contacts]}
    if content.suggestions:
        media = content.media[0] if content.media else None
        return _typed("interactive", _tapped(content.text, media, content.suggestions))
    if content.media:
        return _file(content.media[0], content.text)
    return _typed("text", {"body": content.text, "preview_url": "://" in content.text})


def _typed(kind: str, value: Json) -> Json:
    return {"type": kind, kind: value}


def family(media: Media) -> str:
    """What WhatsApp calls such a file."""
    if media.content_type == STICKER:
        return "sticker"
    kind = media.content_type.partition("/")[0]
    return kind if kind in {"image", "video", "audio"} else "document"


def _file(media: Media, caption: str) -> Json:
    kind = family(media)
    found: Json = {"link": media.url}
    if caption:
        found["caption"] = caption
    if kind == "document" and media.name:
        found["filename"] = media.name
    return _typed(kind, found)


def _place(place: Location) -> Json:
    found: Json = {"latitude": place.latitude, "longitude": place.longitude}
    return found | ({"name": place.label} if place.label else {})


def contact(card: ContactCard) -> Json:
    """Somebody's card; beside the whole name the API wants a part of it."""
    first, _space, last = card.name.partition(" ")
    name = {"formatted_name": card.name, "first_name": first}
    found: Json = {"name": name | ({"last_name": last} if last else {})}
    if card.phones:
        found["phones"] = [{"phone": one} for one in card.phones]
    if card.emails:
        found["emails"] = [{"email": one} for one in card.emails]
    return found


# --- What can be tapped ---------------------------------------------------------------------------


def _tapped(text: str, media: Media | None, suggestions: Sequence[Suggestion]) -> Json:
    """An interactive message with buttons: answers, one link, or one question for the place."""
    first = suggestions[0]
    found: Json = {"body": {"text": text}}
    if media is not None:
        found["header"] = _file(media, "")
    if isinstance(first, AskLocation):
        return found | {"type": "location_request_message", "action": {"name": "send_location"}}
    if isinstance(first, OpenUrl):
        return found | {"type": "cta_url", "action": _link(first)}
    buttons = [{"type": "reply", "reply": _answer(one)} for one in suggestions]
    return found | {"type": "button", "action": {"buttons": buttons}}


def _link(one: OpenUrl) -> Json:
    return {"name": "cta_url", "parameters": {"display_text": one.text, "url": one.url}}


def _answer(one: Suggestion) -> Json:
    payload = one.payload if isinstance(one, Reply) else ""
    return {"id": payload or one.text, "title": one.text}


def _list(text: str, menu: Menu) -> Json:
    rows = [
        {"id": row.payload or row.text, "title": row.text}
        | ({"description": row.description} if row.description else {})
        for row in menu.rows
    ]
    action = {"button": menu.button, "sections": [{"rows": rows}]}
    return {"type": "list", "body": {"text": text or menu.button}, "action": action}


def _card(card: Card) -> Json:
    words = _words(card)
    if card.suggestions:
        return _typed("interactive", _tapped(words, card.media, card.suggestions))
    if card.media is not None:
        return _file(card.media, words)
    return _typed("text", {"body": words, "preview_url": False})


def _words(card: Card) -> str:
    """A card's title in bold above its text; a line alone is bold where nothing breaks it."""
    title = f"*{card.title}*" if card.title and "*" not in card.title else card.title
    return "\n".join(filter(None, (title, card.text)))


def _carousel(cards: Sequence[Card]) -> Json:
    """Cards side by side; the API wants words above them, and ours stand in a message before."""
    shown = [_beside(place, card) for place, card in enumerate(cards)]
    return {"type": "carousel", "body": {"text": "…"}, "action": {"cards": shown}}


def _beside(place: int, card: Card) -> Json:
    found: Json = {"card_index": place, "body": {"text": _words(card)}}
    if card.media is not None:
        found["header"] = _file(card.media, "")
    first = card.suggestions[0]
    if isinstance(first, OpenUrl):
        return found | {"type": "cta_url", "action": _link(first)}
    buttons = [{"type": "quick_reply", "quick_reply": _answer(one)} for one in card.suggestions]
    return found | {"action": {"buttons": buttons}}


# --- Templates ------------------------------------------------------------------------------------


def template(use: TemplateUse) -> Json:
    """A template by its name, with its values in the places that have some."""
    kinds = dict(use.button_kinds)
    components: list[Json] = [
        *_header_values(use),
        *([{"type": "body", "parameters": _values(use.body)}] if use.body else []),
        *(_button(place, value, kinds.get(place, ButtonKind.URL)) for place, value in use.buttons),
    ]
    found: Json = {
        "name": use.name,
        "language": {"code": use.language, "policy": "deterministic"},
    }
    return found | ({"components": components} if components else {})


def _header_values(use: TemplateUse) -> list[Json]:
    if use.header is not None:
        return [{"type": "header", "parameters": [_file(use.header, "")]}]
    if use.header_values:
        return [{"type": "header", "parameters": _values(use.header_values)}]
    return []


def _values(values: Sequence[tuple[str, str]]) -> list[Json]:
    """Values in the order of their numbers, or by name where a template has names."""
    numbered = all(name.isdecimal() for name, _value in values)
    by_number: Callable[[tuple[str, str]], int] = lambda one: int(one[0])  # noqa: E731
    ordered = sorted(values, key=by_number) if numbered else values
    return [
        {"type": "text", "text": value} | ({} if numbered else {"parameter_name": name})
        for name, value in ordered
    ]


def _button(place: int, value: str, kind: str) -> Json:
    sub_type, parameter, name = BUTTONS.get(ButtonKind(kind), BUTTONS[ButtonKind.URL])
    return {
        "type": "button",
        "sub_type": sub_type,
        "index": str(place),
        "parameters": [{"type": parameter, name: value}],
    }
