"""Content as Messenger and Instagram show it: the ``message`` of their Send API.

Source: providers.md sections 6 and 7, developers.facebook.com/docs/messenger-platform.
``shows`` keeps everything within these limits before it gets here.
"""

from dataclasses import replace
from typing import Any

from gateway.content.adapting import adapt
from gateway.content.model import Card, Content, Dial, Media, OpenUrl, Reply, Suggestion
from gateway.content.shows import Buttons, Shows
from gateway.contract import PICTURE, Reactions

Json = dict[str, Any]

LABEL = 20
# A template's title and subtitle.
WORDS = 80
# What stands above buttons that are no quick replies.
ABOVE_BUTTONS = 640
IMAGE, FILE = 8_000_000, 25_000_000
PICTURES = dict.fromkeys(("image/jpeg", "image/png", "image/gif"), IMAGE)
AUDIO = ("audio/aac", "audio/mp4", "audio/wav")
BUTTON_KINDS: frozenset[type[Suggestion]] = frozenset({Reply, OpenUrl, Dial})

MESSENGER = Shows(
    text=2000,
    files=PICTURES | dict.fromkeys(("video/*", "audio/*", "application/*", "text/*"), FILE),
    file_count=1,
    cards=10,
    card_title=WORDS,
    card_text=WORDS,
    card_buttons=Buttons(BUTTON_KINDS, 3, LABEL),
    card_files=PICTURES,
    buttons=Buttons(frozenset({Reply}), 13, LABEL),
    link_buttons=Buttons(BUTTON_KINDS, 3, LABEL),
    above_links=ABOVE_BUTTONS,
    needs_words=True,
)
# No numbers to call, and other files become links: Instagram lists none that it shows.
INSTAGRAM = replace(
    MESSENGER,
    text=1000,
    files=PICTURES | {"video/*": FILE} | dict.fromkeys(AUDIO, FILE),
    card_buttons=Buttons(frozenset({Reply, OpenUrl}), 3, LABEL),
    link_buttons=Buttons(frozenset({Reply, OpenUrl}), 3, LABEL),
)

# How Meta calls what a message can be given; Instagram's list names the heart alone.
# https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-reactions
REACTIONS = {
    "❤️": "love",
    "👍": "like",
    "👎": "dislike",
    "😆": "smile",
    "😮": "wow",
    "😢": "sad",
    "😠": "angry",
}
REACTIONS_MESSENGER = Reactions(tuple(REACTIONS))
REACTIONS_INSTAGRAM = Reactions(("❤️",))


def reaction_word(emoji: str) -> str:
    """Meta's word for an emoji; of one that has none, the emoji."""
    bare = emoji.replace(PICTURE, "")
    return next((w for one, w in REACTIONS.items() if one.replace(PICTURE, "") == bare), emoji)


def message_body(content: Content) -> Json:
    """The ``message`` that shows this content; it is one that ``shows`` takes."""
    suggestions = content.suggestions
    quick = all(isinstance(one, Reply) for one in suggestions)
    if suggestions and not quick:
        return _template("button", text=content.text, buttons=[button(one) for one in suggestions])
    message = _shown(content)
    if suggestions:
        message["quick_replies"] = [
            {"content_type": "text", "title": one.text, "payload": _payload(one)}
            for one in suggestions
            if isinstance(one, Reply)
        ]
    return message


def _shown(content: Content) -> Json:
    if content.cards:
        if len(content.cards) == 1 and _is_words(content.cards[0]):
            return {"text": content.cards[0].title or content.cards[0].text}
        return _template("generic", elements=[element(card) for card in content.cards])
    if content.media:
        return {"attachment": attachment(content.media[0])}
    return {"text": content.text}


def _is_words(card: Card) -> bool:
    """Meta refuses an element that has a title and nothing else."""
    return not card.media and not card.suggestions and not (card.title and card.text)


def _template(kind: str, **payload: Any) -> Json:
    return {
        "attachment": {"type": "template", "payload": {"template_type": kind, **payload}},
    }


def attachment(media: Media) -> Json:
    """A file by its address; Meta fetches it when it takes the message."""
    family = media.content_type.partition("/")[0]
    kind = family if family in {"image", "video", "audio"} else "file"
    return {"type": kind, "payload": {"url": media.url, "is_reusable": False}}


def element(card: Card) -> Json:
    """A card of a carousel, or alone; every one needs a title."""
    found: Json = {"title": card.title or card.text}
    if card.title and card.text:
        found["subtitle"] = card.text
    if card.media:
        found["image_url"] = card.media.url
    if card.suggestions:
        found["buttons"] = [button(one) for one in card.suggestions]
    return found


def button(one: Suggestion) -> Json:
    """A button; what comes back of a tap on an answer is a ``postback``."""
    match one:
        case OpenUrl(text, url):
            return {"type": "web_url", "url": url, "title": text}
        case Dial(text, phone):
            return {"type": "phone_number", "title": text, "payload": phone}
        case Reply():
            return {"type": "postback", "title": one.text, "payload": _payload(one)}
        case _:
            raise TypeError(f"{type(one).__name__} is no button here.")


def _payload(one: Reply) -> str:
    return one.payload or one.text


def in_public(content: Content, limit: int) -> str:
    """All of it in words, as a comment below a post shows it."""
    parts = adapt(content, Shows(text=limit)).parts
    return "\n\n".join(part.text for part in parts)
