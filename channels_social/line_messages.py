"""Content as LINE shows it: message objects of the Messaging API.

Source: providers.md section 11, and developers.line.biz/en/reference/messaging-api. ``SHOWS`` keeps
everything within these limits before it gets here. A card that a template holds is a template,
which every version of the app shows; a longer one is a flex message.
"""

from collections.abc import Sequence
from typing import Any

from channels_social.line_webhooks import BETWEEN
from gateway.content.adapting import map_link
from gateway.content.model import (
    AskLocation,
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
from gateway.content.shows import Buttons, Shows, utf16

Json = dict[str, Any]

MAX_TEXT = 5000
LABEL = 20
# Of the 300 characters that come back of a tap, what is left beside its label.
PAYLOAD = 300 - LABEL - len(BETWEEN)
MB = 1_000_000
PICTURES = dict.fromkeys(("image/jpeg", "image/png"), 10 * MB)
FILES = PICTURES | {"video/mp4": 200 * MB}
FILES |= dict.fromkeys(("audio/m4a", "audio/x-m4a", "audio/mp4", "audio/mpeg"), 200 * MB)
# LINE wants to know how long a sound is, which nobody has looked at; the player finds out.
UNKNOWN_LENGTH_MS = 60_000
BELOW: frozenset[type[Suggestion]] = frozenset({Reply, OpenUrl, Dial, ShowLocation, AskLocation})
ON_CARD: frozenset[type[Suggestion]] = frozenset({Reply, OpenUrl, Dial, ShowLocation})
SHOWS = Shows(
    text=MAX_TEXT,
    measure=utf16,
    files=FILES,
    file_count=1,
    cards=10,
    card_title=200,
    card_text=2000,
    card_buttons=Buttons(ON_CARD, 4, LABEL, PAYLOAD),
    card_files=PICTURES,
    buttons=Buttons(BELOW, 13, LABEL, PAYLOAD),
    location=True,
)
# What templates hold; a text alone may be longer than one below a title or a picture.
TITLE, TEXT_ALONE, TEXT_BELOW, TEXT_CONFIRM = 40, 160, 60, 240
COLUMN_ALONE, COLUMN_BELOW, COLUMN_BUTTONS = 120, 60, 3
ALT_TEXT = 400


def message_object(content: Content, video_preview: str) -> Json:
    """The message object that shows this content; it is one that ``SHOWS`` takes.

    ``video_preview`` is the picture in a video's place until it plays.
    """
    found = _body(content, video_preview)
    if content.suggestions:
        items = [{"type": "action", "action": action(one)} for one in content.suggestions]
        found["quickReply"] = {"items": items}
    return found


def quoting(content: Content, token: str) -> Json:
    """What quotes the message with this token, which only words can."""
    words = Content(text=content.text, suggestions=content.suggestions)
    return {"quoteToken": token} if token and content == words else {}


def _body(content: Content, video_preview: str) -> Json:
    if content.cards:
        return _cards(content.cards)
    if content.media:
        return _file(content.media[0], video_preview)
    if content.location is not None:
        return _place(content.location)
    return {"type": "text", "text": content.text}


def _file(media: Media, video_preview: str) -> Json:
    family = media.content_type.partition("/")[0]
    if family == "audio":
        kind, more = "audio", {"duration": UNKNOWN_LENGTH_MS}
        return {"type": kind, "originalContentUrl": media.url, **more}
    preview = media.url if family == "image" else video_preview
    return {"type": family, "originalContentUrl": media.url, "previewImageUrl": preview}


def _place(place: Location) -> Json:
    where = f"{place.latitude:.6f}, {place.longitude:.6f}"
    return {
        "type": "location",
        "title": place.label or where,
        "address": place.label or where,
        "latitude": place.latitude,
        "longitude": place.longitude,
    }


# --- Cards --------------------------------------------------------------------------------------


def _cards(cards: Sequence[Card]) -> Json:
    words = "\n".join(filter(None, (part for card in cards for part in (card.title, card.text))))
    alt = words[:ALT_TEXT] or "🖼"
    template = _template(cards[0]) if len(cards) == 1 else _carousel(cards)
    if template is not None:
        return {"type": "template", "altText": alt, "template": template}
    bubbles = [bubble(card) for card in cards]
    whole = bubbles[0] if len(bubbles) == 1 else {"type": "carousel", "contents": bubbles}
    return {"type": "flex", "altText": alt, "contents": whole}


def _template(card: Card) -> Json | None:
    """A card as a confirm or buttons template; None when neither holds it."""
    actions = [action(one) for one in card.suggestions]
    if not card.text or not actions:
        return None
    bare = not card.title and card.media is None
    if bare and len(actions) == 2 and len(card.text) <= TEXT_CONFIRM:
        return {"type": "confirm", "text": card.text, "actions": actions}
    if len(card.title) > TITLE or len(card.text) > (TEXT_ALONE if bare else TEXT_BELOW):
        return None
    return {"type": "buttons", **_column(card), "actions": actions}


def _carousel(cards: Sequence[Card]) -> Json | None:
    """Cards as a carousel template, which wants all of its columns alike; None when it can't."""
    first = cards[0]
    shape = (bool(first.title), first.media is None, len(first.suggestions))
    longest = COLUMN_BELOW if first.title or first.media else COLUMN_ALONE
    alike = all(
        (bool(one.title), one.media is None, len(one.suggestions)) == shape
        and len(one.title) <= TITLE
        and 1 <= len(one.text) <= longest
        for one in cards
    )
    if not alike or not 1 <= len(first.suggestions) <= COLUMN_BUTTONS:
        return None
    columns = [
        {**_column(card), "actions": [action(one) for one in card.suggestions]} for card in cards
    ]
    return {"type": "carousel", "columns": columns}


def _column(card: Card) -> Json:
    found: Json = {"text": card.text}
    if card.title:
        found["title"] = card.title
    if card.media:
        found["thumbnailImageUrl"] = card.media.url
    return found


def bubble(card: Card) -> Json:
    """A card of any length, as a bubble of a flex message."""
    found: Json = {"type": "bubble"}
    if card.media:
        found["hero"] = {
            "type": "image",
            "url": card.media.url,
            "size": "full",
            "aspectRatio": "20:13",
            "aspectMode": "cover",
        }
    words = []
    if card.title:
        words.append({"type": "text", "text": card.title, "weight": "bold", "wrap": True})
    if card.text:
        words.append({"type": "text", "text": card.text, "wrap": True})
    if words:
        found["body"] = _box(words)
    if card.suggestions:
        found["footer"] = _box(
            [{"type": "button", "action": action(one)} for one in card.suggestions]
        )
    return found


def _box(contents: list[Json]) -> Json:
    return {"type": "box", "layout": "vertical", "spacing": "sm", "contents": contents}


# --- Actions ------------------------------------------------------------------------------------


def action(one: Suggestion) -> Json:
    """What a button does. A reply's label is shown as if the customer had written it."""
    match one:
        case Reply(text, payload):
            data = f"{text.replace(BETWEEN, ' ')}{BETWEEN}{payload or text}"
            return {"type": "postback", "label": text, "data": data, "displayText": text}
        case OpenUrl(text, url):
            return {"type": "uri", "label": text, "uri": url}
        case Dial(text, phone):
            return {"type": "uri", "label": text, "uri": f"tel:{phone}"}
        case ShowLocation(text, latitude, longitude, label):
            uri = map_link(Location(latitude, longitude, label))
            return {"type": "uri", "label": text, "uri": uri}
        case AskLocation(text):
            return {"type": "location", "label": text}
        case _:
            raise TypeError(f"LINE has no button for {type(one).__name__}.")
