"""Content as RCS Business Messaging shows it: a message's ``contentMessage``.

Source: providers.md section 3. ``shows`` keeps everything within these limits before it gets here.
"""

from datetime import UTC, datetime
from typing import Any

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
from gateway.content.shows import Buttons, Shows

Json = dict[str, Any]

MAX_TEXT = 3072
MAX_FILE = 100_000_000
LABEL = 25
KINDS: frozenset[type[Suggestion]] = frozenset(
    {Reply, OpenUrl, Dial, ShowLocation, AskLocation, Calendar}
)
PICTURES = dict.fromkeys(("image/jpeg", "image/png", "image/gif"), MAX_FILE)
FILES = PICTURES | dict.fromkeys(("video/*", "audio/*", "application/pdf"), MAX_FILE)
SHOWS = Shows(
    text=MAX_TEXT,
    files=FILES,
    file_count=1,
    cards=10,
    card_title=200,
    card_text=2000,
    # Google's schema of 2025 says ten; phones and integrators show four.
    card_buttons=Buttons(KINDS, 4, LABEL),
    card_files=PICTURES | {"video/*": MAX_FILE},
    buttons=Buttons(KINDS, 11, LABEL),
)
# A calendar entry's own limits; what is longer is cut, the button itself stays whole.
EVENT_TITLE, EVENT_TEXT = 100, 500


def content_message(content: Content) -> Json:
    """The ``contentMessage`` that shows this content; it is one that ``SHOWS`` takes."""
    message = _body(content)
    if content.suggestions:
        message["suggestions"] = [suggestion(one) for one in content.suggestions]
    return message


def _body(content: Content) -> Json:
    if len(content.cards) > 1:
        cards = [card_content(card) for card in content.cards]
        return {"richCard": {"carouselCard": {"cardWidth": "MEDIUM", "cardContents": cards}}}
    if content.cards:
        card = {"cardOrientation": "VERTICAL", "cardContent": card_content(content.cards[0])}
        return {"richCard": {"standaloneCard": card}}
    if content.media:
        return {"contentInfo": content_info(content.media[0])}
    return {"text": content.text}


def card_content(card: Card) -> Json:
    """One card; what it has not is left out."""
    found: Json = {}
    if card.title:
        found["title"] = card.title
    if card.text:
        found["description"] = card.text
    if card.media:
        # TALL is not shown everywhere, MEDIUM is.
        found["media"] = {"height": "MEDIUM", "contentInfo": content_info(card.media)}
    if card.suggestions:
        found["suggestions"] = [suggestion(one) for one in card.suggestions]
    return found


def content_info(media: Media) -> Json:
    """A file by its address; Google fetches it once and keeps it."""
    return {"fileUrl": media.url, "forceRefresh": False}


def suggestion(one: Suggestion) -> Json:
    """A chip. What comes back of a tap is ``postbackData``, which Google wants to be something."""
    if isinstance(one, Reply):
        return {"reply": {"text": one.text, "postbackData": one.payload or one.text}}
    return {"action": {"text": one.text, "postbackData": one.text, **_action(one)}}


def _action(
    one: OpenUrl | Dial | ShowLocation | AskLocation | Calendar,
) -> Json:
    match one:
        case OpenUrl(_text, url):
            return {"openUrlAction": {"url": url}}
        case Dial(_text, phone):
            return {"dialAction": {"phoneNumber": phone}}
        case ShowLocation(_text, latitude, longitude, label):
            place = {"latLong": {"latitude": latitude, "longitude": longitude}}
            return {"viewLocationAction": place | ({"label": label} if label else {})}
        case AskLocation():
            return {"shareLocationAction": {}}
        case Calendar(_text, title, start, end, description):
            event = {
                "startTime": _moment(start),
                "endTime": _moment(end),
                "title": title[:EVENT_TITLE],
                "description": description[:EVENT_TEXT],
            }
            return {"createCalendarEventAction": event}


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
