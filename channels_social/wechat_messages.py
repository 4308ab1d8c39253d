"""Content as WeChat shows it: bodies of ``message/custom/send`` and ``message/template/send``.

Source: providers.md section 12, and developers.weixin.qq.com (customer-service messages).
``SHOWS`` keeps everything within these limits before it gets here.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.content.model import Card, Content, Media, OpenUrl, Reply, Suggestion, TemplateUse
from gateway.content.shows import Buttons, Shows, utf8
from gateway.content.templates import ProviderTemplate, TemplateStatus

Json = dict[str, Any]

MAX_TEXT = 2048
MB = 1_000_000
PICTURES = dict.fromkeys(("image/jpeg", "image/png", "image/gif", "image/bmp"), 10 * MB)
FILES = PICTURES | {"video/mp4": 10 * MB}
FILES |= dict.fromkeys(("audio/amr", "audio/mpeg"), 2 * MB)
# What a file is called there, by its family.
FAMILIES = {"image": "image", "video": "video", "audio": "voice"}
SHOWS = Shows(
    text=MAX_TEXT,
    measure=utf8,
    files=FILES,
    file_count=1,
    # An article is opened as a whole, so it has one button.
    cards=1,
    card_title=64,
    card_text=500,
    card_buttons=Buttons(frozenset[type[Suggestion]]({OpenUrl}), 1, 40),
    card_files=PICTURES,
    needs_words=True,
    buttons=Buttons(frozenset[type[Suggestion]]({Reply}), 10, 40, 64),
    buttons_below_text=True,
    templates=True,
)
PARAMETER = re.compile(r"\{\{\s*(\w+)\.DATA\s*\}\}")
LANGUAGE = "zh_CN"


def custom(content: Content, media_id: str = "") -> Json:
    """What goes with ``touser``; ``media_id`` of the file that was uploaded for it."""
    if content.cards:
        return {"msgtype": "news", "news": {"articles": [article(content.cards[0])]}}
    if content.media:
        kind = family(content.media[0])
        return {"msgtype": kind, kind: {"media_id": media_id}}
    if content.suggestions:
        return {"msgtype": "msgmenu", "msgmenu": menu(content)}
    return {"msgtype": "text", "text": {"content": content.text}}


def family(media: Media) -> str:
    """WeChat's word for a kind of file."""
    return FAMILIES[media.content_type.partition("/")[0]]


def article(card: Card) -> Json:
    """A card; the label of its button ends the words, for the whole of it opens the page."""
    links = [one for one in card.suggestions if isinstance(one, OpenUrl)]
    words = [card.text if card.title else "", *(f"{one.text} ›" for one in links)]
    found = {"title": card.title or card.text, "description": "\n".join(filter(None, words))}
    if card.media:
        found["picurl"] = card.media.url
    if links:
        found["url"] = links[0].url
    return found


def menu(content: Content) -> Json:
    """Answers to tap below words; the id comes back as ``bizmsgmenuid``."""
    rows = [
        {"id": _menu_id(one, place), "content": one.text}
        for place, one in enumerate(content.suggestions, 1)
        if isinstance(one, Reply)
    ]
    return {"head_content": content.text, "list": rows, "tail_content": ""}


def _menu_id(one: Reply, place: int) -> str:
    said = one.payload or one.text
    return said if utf8(said) <= SHOWS.buttons.payload else str(place)


# --- Templates ----------------------------------------------------------------------------------


def template(use: TemplateUse) -> Json:
    """What goes with ``touser``. A first button's value is the page that a tap opens."""
    found: Json = {
        "template_id": use.name.rpartition(" ")[2],
        "data": {name: {"value": value} for name, value in use.body},
    }
    pages = [value for _place, value in use.buttons if value]
    return found | ({"url": pages[0]} if pages else {})


def provider_templates(rows: Sequence[Any]) -> tuple[ProviderTemplate, ...]:
    """The account's templates. Titles may be the same, so a name ends in the template's id."""
    return tuple(
        _template(row) for row in rows if isinstance(row, dict) and _text(row, "template_id")
    )


def _template(row: Mapping[str, Any]) -> ProviderTemplate:
    identity = _text(row, "template_id")
    return ProviderTemplate(
        external_id=identity,
        name=f"{_text(row, 'title')} {identity}".strip(),
        language=LANGUAGE,
        category=_text(row, "primary_industry").lower(),
        status=TemplateStatus.APPROVED,
        body=PARAMETER.sub(r"{{\1}}", _text(row, "content")).strip(),
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value.replace("\0", "").strip() if isinstance(value, str) else ""
