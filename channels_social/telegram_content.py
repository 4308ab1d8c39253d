"""Content as Telegram shows it: which method sends it, and with what.

Source: providers.md section 9; core.telegram.org/bots/api#sending-files for what Telegram fetches
from an address by itself. ``SHOWS`` keeps everything within these limits before it gets here.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from channels_social.json_values import Json
from channels_social.menus import words_above
from channels_social.telegram_keyboards import left_out, markup
from gateway.content.adapting import in_words
from gateway.content.bounds import LABEL
from gateway.content.model import (
    AskLocation,
    Card,
    ContactCard,
    Content,
    Location,
    Media,
    OpenUrl,
    Reply,
    ShowLocation,
    Suggestion,
)
from gateway.content.shows import Buttons, Contacts, Shows
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
ALBUM = 10
FAMILIES = ("image/*", "video/*", "audio/*", "text/*", "application/*", "font/*")
BUTTONS: frozenset[type[Suggestion]] = frozenset({Reply, OpenUrl, ShowLocation, AskLocation})
ON_CARDS: frozenset[type[Suggestion]] = frozenset({Reply, OpenUrl, ShowLocation})
SHOWS = Shows(
    text=MAX_TEXT,
    files=dict.fromkeys(FAMILIES, MAX_FILE),
    file_count=ALBUM,
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
    # What a vCard of 2,048 bytes holds of any writing.
    contacts=Contacts(count=1, name=64, phones=5, emails=5, needs_phone=True),
    album=lambda media: IN_ALBUMS.get(way(media)[0], ""),
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
# What goes together in an album: pictures and videos, sounds, or other files.
IN_ALBUMS: dict[str, str] = {
    "sendPhoto": "pictures",
    "sendVideo": "pictures",
    "sendAudio": "sounds",
    "sendDocument": "documents",
}
# What Telegram fetches itself: photos up to 5 MB, other files up to 20 MB, and of documents these.
FETCHED_PHOTO, FETCHED = 5_000_000, 20_000_000
FETCHED_DOCUMENTS = frozenset({"application/pdf", "application/zip"})


@dataclass(frozen=True, slots=True)
class Call:
    """A method and its fields; ``files`` are uploaded with it, each in a field of its own."""

    method: str
    fields: Json
    files: tuple[tuple[str, Media], ...] = ()

    def parts(self) -> tuple[Part, ...]:
        """The fields and the files as a multipart form; objects are JSON there."""
        fields = [Part(key, _form_value(value)) for key, value in self.fields.items()]
        files = [
            Part(name, media, media.name or "file", media.content_type)
            for name, media in self.files
        ]
        return (*fields, *files)


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
        found.method, found.fields | ({"reply_markup": keyboard} if keyboard else {}), found.files
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
    if content.contacts:
        return _contact(content.contacts[0])
    if len(content.media) > 1:
        return _album(content.media, _within(said, MAX_CAPTION))
    file = content.cards[0].media if content.cards else next(iter(content.media), None)
    if file is not None:
        return _file(file, _within(said, MAX_CAPTION))
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


def _contact(card: ContactCard) -> Call:
    """Somebody's card; further numbers and addresses stand on the vCard with it."""
    first, _space, last = card.name.partition(" ")
    fields: Json = {"phone_number": card.phones[0], "first_name": first}
    if last:
        fields["last_name"] = last
    if len(card.phones) > 1 or card.emails:
        fields["vcard"] = vcard(card)
    return Call("sendContact", fields)


def vcard(card: ContactCard) -> str:
    """A card as RFC 2426 writes it."""
    name = re.sub(r"([\\,;])", r"\\\1", card.name)
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:;{name};;;", f"FN:{name}"]
    lines += [f"TEL:{one}" for one in card.phones]
    lines += [f"EMAIL:{one}" for one in card.emails]
    return "\r\n".join([*lines, "END:VCARD", ""])


def _file(media: Media, caption: str) -> Call:
    method, field = way(media)
    words: Json = {"caption": caption} if caption else {}
    if _fetched(media, method):
        return Call(method, words | {field: media.url})
    return Call(method, words, ((field, media),))


def way(media: Media) -> tuple[str, str]:
    """By which method, in which field."""
    method, field = METHODS.get(media.content_type, DOCUMENT)
    if method == "sendPhoto" and (media.size or 0) > MAX_PHOTO:
        return DOCUMENT
    return method, field


def _album(files: Sequence[Media], caption: str) -> Call:
    """Several files in one frame; the first one's words are shown below all of them."""
    items: list[Json] = []
    uploads: list[tuple[str, Media]] = []
    for place, media in enumerate(files):
        method, kind = way(media)
        item: Json = {"type": kind, "media": media.url}
        if not _fetched(media, method):
            item["media"] = f"attach://file{place}"
            uploads.append((f"file{place}", media))
        items.append(item)
    if caption:
        items[0]["caption"] = caption
    return Call("sendMediaGroup", {"media": items}, tuple(uploads))


def _fetched(media: Media, method: str) -> bool:
    """Whether Telegram can get the file itself; ours are uploaded and need no public address."""
    if media.file:
        return False
    if method == "sendDocument" and media.content_type not in FETCHED_DOCUMENTS:
        return False
    return (media.size or 0) <= (FETCHED_PHOTO if method == "sendPhoto" else FETCHED)
