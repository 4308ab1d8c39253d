"""Content as Viber shows it: the type of a message, its fields and its keyboard.

What is tapped comes back as words, so a button says its label, and the label tells which of our
suggestions it was. Texts on buttons are HTML. Source: providers.md section 10.
"""

from html import escape

from channels_social.json_values import Json
from channels_social.menus import words_above
from gateway.content.adapting import map_link
from gateway.content.bounds import LABEL
from gateway.content.model import (
    AskLocation,
    Card,
    Content,
    Location,
    Media,
    OpenUrl,
    Reply,
    ShowLocation,
    Suggestion,
)
from gateway.content.options import on_card
from gateway.content.shows import Buttons, Contacts, Shows
from gateway.errors import TooLong

MAX_TEXT, MAX_CAPTION, MAX_URL = 7000, 512, 2000
MAX_PICTURE, MAX_VIDEO, MAX_FILE = 1_000_000, 26_000_000, 50_000_000
PICTURES = ("image/jpeg", "image/png")
# What a card has room for: its picture, its words and two buttons.
CARDS, CARD_TITLE, CARD_TEXT, CARD_BUTTONS = 6, 80, 120, 2
PICTURE_ROWS, WORDS_ROWS, COLUMNS = 3, 2, 6
BUTTONS: frozenset[type[Suggestion]] = frozenset({Reply, OpenUrl, ShowLocation, AskLocation})
ON_CARDS: frozenset[type[Suggestion]] = frozenset({Reply, OpenUrl, ShowLocation})
SHOWS = Shows(
    text=MAX_TEXT,
    files={
        **dict.fromkeys(PICTURES, MAX_PICTURE),
        "video/mp4": MAX_VIDEO,
        **dict.fromkeys(("image/*", "video/*", "audio/*", "text/*", "application/*"), MAX_FILE),
    },
    file_count=1,
    captioned=True,
    caption_files=frozenset({"image"}),
    caption=MAX_CAPTION,
    cards=CARDS,
    card_title=CARD_TITLE,
    card_text=CARD_TEXT,
    card_buttons=Buttons(ON_CARDS, CARD_BUTTONS, LABEL),
    card_files=dict.fromkeys(PICTURES, MAX_PICTURE),
    buttons=Buttons(BUTTONS, 13, LABEL),
    rows=10,
    row_text=LABEL,
    location=True,
    contacts=Contacts(count=1, name=28, phones=1, needs_phone=True),
)
# The oldest apps that show a keyboard's location picker, and cards.
API_PICKER, API_CARDS = 3, 7


def message_for(content: Content) -> Json:
    """The type, fields and keyboard that show this content; it is one that ``SHOWS`` takes.

    TooLong when a list's descriptions make it so.
    """
    found = {"min_api_version": 1} | _body(content)
    buttons = [_key(row) for row in _replies(content)] + [_key(one) for one in content.suggestions]
    if not buttons:
        return found
    if any(isinstance(one, AskLocation) for one in content.suggestions):
        found["min_api_version"] = max(API_PICKER, found["min_api_version"])
    return found | {"keyboard": {"Type": "keyboard", "DefaultHeight": False, "Buttons": buttons}}


def _replies(content: Content) -> list[Reply]:
    return [Reply(row.text, row.payload) for row in content.menu.rows] if content.menu else []


def _body(content: Content) -> Json:
    if content.cards:
        return _cards(content.cards)
    if content.location is not None:
        return _place(content.location)
    if content.contacts:
        card = content.contacts[0]
        return {"type": "contact", "contact": {"name": card.name, "phone_number": card.phones[0]}}
    if content.media:
        return _file(content.media[0], content.text)
    words = words_above(content.text, content.menu)
    if len(words) > MAX_TEXT:
        raise TooLong(f"The text is longer than {MAX_TEXT} characters")
    return {"type": "text", "text": words}


def _place(place: Location) -> Json:
    if place.label:  # a place has no name there
        return {"type": "text", "text": f"{place.label}\n{map_link(place)}"}
    return {"type": "location", "location": {"lat": place.latitude, "lon": place.longitude}}


def _file(media: Media, caption: str) -> Json:
    if media.content_type in PICTURES:
        return {"type": "picture", "text": caption, "media": media.url}
    if caption:
        # A picture of another type goes as a file, which has no words: both go as words.
        return {"type": "text", "text": f"{caption}\n{media.url}"}
    if not media.size:
        # Viber wants the size of everything else; an address opens without.
        return {"type": "url", "media": media.url}
    if media.content_type == "video/mp4":
        return {"type": "video", "media": media.url, "size": media.size}
    name = (media.name or "file")[-256:]
    return {"type": "file", "media": media.url, "size": media.size, "file_name": name}


# --- Buttons --------------------------------------------------------------------------------------


def _key(one: Suggestion) -> Json:
    return {"Columns": COLUMNS, "Rows": 1, "Text": escape(one.text), **_action(one)}


def _action(one: Suggestion) -> Json:
    match one:
        case Reply(words):
            return {"ActionType": "reply", "ActionBody": words}
        case OpenUrl(_words, url):
            return {"ActionType": "open-url", "ActionBody": url}
        case ShowLocation(_words, latitude, longitude, label):
            link = map_link(Location(latitude, longitude, label))
            return {"ActionType": "open-url", "ActionBody": link}
        case AskLocation(words):
            return {"ActionType": "location-picker", "ActionBody": words}
    raise TypeError(f"Viber has no button for {type(one).__name__}.")


# --- Cards ----------------------------------------------------------------------------------------


def _cards(cards: tuple[Card, ...]) -> Json:
    """Cards side by side, each of the same rows: a picture, words, buttons."""
    picture = PICTURE_ROWS if any(card.media for card in cards) else 0
    words = WORDS_ROWS if any(card.title or card.text for card in cards) else 0
    taps = max(len(card.suggestions) for card in cards)
    several = len(cards) > 1
    buttons = [one for card in cards for one in _card(card, picture, words, taps, several)]
    return {
        "type": "rich_media",
        "min_api_version": API_CARDS,
        "alt_text": "\n\n".join(_alternative(card) for card in cards)[:MAX_TEXT],
        "rich_media": {
            "Type": "rich_media",
            "ButtonsGroupColumns": COLUMNS,
            "ButtonsGroupRows": picture + words + taps,
            "BgColor": "#FFFFFF",
            "Buttons": buttons,
        },
    }


def _alternative(card: Card) -> str:
    """What an app shows that has no cards."""
    labels = [one.text for one in card.suggestions]
    return "\n".join(filter(None, (card.title, card.text, *labels)))


def _card(card: Card, picture: int, words: int, taps: int, several: bool) -> list[Json]:
    shown = []
    if picture:
        image = {"Image": card.media.url} if card.media else {"Text": ""}
        shown.append(_still(picture) | image)
    if words:
        title = f"<b>{escape(card.title)}</b>" if card.title else ""
        text = "<br>".join(filter(None, (title, escape(card.text))))
        shown.append(_still(words) | {"Text": text, "TextHAlign": "left", "TextVAlign": "middle"})
    title = card.title if several else ""
    shown += [_on_card(_key(one), one, title) for one in card.suggestions]
    return shown + [_still(1) | {"Text": ""}] * (taps - len(card.suggestions))


def _on_card(key: Json, one: Suggestion, title: str) -> Json:
    """With the card's title in what comes back: cards may have buttons of the same label."""
    said = on_card(one.text, title)
    return key | {"ActionBody": said} if isinstance(one, Reply) else key


def _still(rows: int) -> Json:
    return {"Columns": COLUMNS, "Rows": rows, "ActionType": "none", "ActionBody": "none"}
