"""Content as Telegram shows it: which method sends it, and with what.

Source: providers.md section 9; core.telegram.org/bots/api#sending-files for what Telegram fetches
from an address by itself. ``SHOWS`` keeps everything within these limits before it gets here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from channels_social.json_values import Json
from channels_social.menus import words_above
from channels_social.telegram_keyboards import left_out, markup
from gateway.content.adapting import in_words
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
from gateway.content.reading import LABEL
from gateway.content.shows import Buttons, Shows
from gateway.contract import Part, Reactions
from gateway.errors import TooLong

MAX_TEXT, MAX_CAPTION = 4096, 1024
# Which emoji may be given as a reaction: core.telegram.org/bots/api#reactiontypeemoji.
EMOJI = (
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ "
    "🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 "
    "🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
)
REACTIONS = Reactions(tuple(EMOJI.split()))
MAX_FILE, MAX_PHOTO = 50_000_000, 10_000_000
FAMILIES = ("image/*", "video/*", "audio/*", "text/*", "application/*", "font/*")
BUTTONS: frozenset[type[Suggestion]] = frozenset({Reply, OpenUrl, ShowLocation, AskLocation})
ON_CARDS: frozenset[type[Suggestion]] = frozenset({Reply, OpenUrl, ShowLocation})
SHOWS = Shows(
    text=MAX_TEXT,
    files=dict.fromkeys(FAMILIES, MAX_FILE),
    file_count=1,
    captioned=True,
    caption=MAX_CAPTION,
    cards=1,
    card_title=200,
    card_text=MAX_CAPTION - 201,
    card_buttons=Buttons(ON_CARDS, 10, LABEL),
    buttons=Buttons(BUTTONS, 13, LABEL),
    rows=10,
    row_text=LABEL,
    location=True,
)

# By which method and field a file goes, so that it is shown and not only offered.
PHOTO, DOCUMENT = ("sendPhoto", "photo"), ("sendDocument", "document")
METHODS = {
    "image/jpeg": PHOTO,
    "image/png": PHOTO,
    "image/webp": PHOTO,
    "image/gif": ("sendAnimation", "animation"),
    "video/mp4": ("sendVideo", "video"),
    "audio/mpeg": ("sendAudio", "audio"),
    "audio/mp4": ("sendAudio", "audio"),
    "audio/ogg": ("sendVoice", "voice"),
}
# What Telegram fetches itself: photos up to 5 MB, other files up to 20 MB, and of documents these.
FETCHED_PHOTO, FETCHED = 5_000_000, 20_000_000
FETCHED_DOCUMENTS = frozenset({"application/pdf", "application/zip"})


@dataclass(frozen=True, slots=True)
class Call:
    """A method and its fields; ``file`` is the field and the file that is uploaded with it."""

    method: str
    fields: Json
    file: tuple[str, Media] | None = None

    def parts(self) -> tuple[Part, ...]:
        """The fields and the file as a multipart form; objects are JSON there."""
        if self.file is None:
            return ()
        name, media = self.file
        fields = [Part(key, _form_value(value)) for key, value in self.fields.items()]
        return (*fields, Part(name, media, media.name or "file", media.content_type))


def _form_value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def call_for(content: Content) -> Call:
    """The call that shows this content; it is one that ``SHOWS`` takes. Without the chat.

    TooLong when a list's descriptions make it so.
    """
    said = _words(content)
    found = _body(content, said)
    keyboard = markup(_suggestions(content), content.menu)
    return Call(
        found.method, found.fields | ({"reply_markup": keyboard} if keyboard else {}), found.file
    )


def _suggestions(content: Content) -> Sequence[Suggestion]:
    return (*(one for card in content.cards for one in card.suggestions), *content.suggestions)


def _words(content: Content) -> str:
    """The text, with what the keyboard cannot show."""
    lines = [in_words(one) for one in left_out(_suggestions(content))]
    text = card_text(content.cards[0]) if content.cards else content.text
    return "\n".join(filter(None, [words_above(text, content.menu), *lines]))


def card_text(card: Card) -> str:
    """A card's words."""
    return "\n".join(filter(None, (card.title, card.text)))


def _body(content: Content, said: str) -> Call:
    if content.location is not None:
        return _place(content.location)
    files = content.cards[0].media if content.cards else next(iter(content.media), None)
    if files is not None:
        return _file(files, _within(said, MAX_CAPTION))
    return Call("sendMessage", {"text": _within(said, MAX_TEXT)})


def _within(said: str, limit: int) -> str:
    if len(said) > limit:
        raise TooLong(f"The text is longer than {limit} characters")
    return said


def _place(place: Location) -> Call:
    where = {"latitude": place.latitude, "longitude": place.longitude}
    if not place.label:
        return Call("sendLocation", where)
    address = f"{place.latitude:.6f}, {place.longitude:.6f}"
    return Call("sendVenue", where | {"title": place.label, "address": address})


def _file(media: Media, caption: str) -> Call:
    method, field = METHODS.get(media.content_type, DOCUMENT)
    if method == "sendPhoto" and (media.size or 0) > MAX_PHOTO:
        method, field = DOCUMENT
    words: Json = {"caption": caption} if caption else {}
    if _fetched(media, method):
        return Call(method, words | {field: media.url})
    return Call(method, words, (field, media))


def _fetched(media: Media, method: str) -> bool:
    """Whether Telegram can get the file itself; ours are uploaded and need no public address."""
    if media.file:
        return False
    if method == "sendDocument" and media.content_type not in FETCHED_DOCUMENTS:
        return False
    return (media.size or 0) <= (FETCHED_PHOTO if method == "sendPhoto" else FETCHED)
