"""What a Telegram message says, kind by kind: text, files, places, people and the rest.

Source: providers.md section 9 and core.telegram.org/bots/api#message.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from channels_social.json_values import Json, degrees, identity, inside, plain, rows, text, whole
from gateway.addresses import PHONE, InvalidAddress, normalize
from gateway.content.model import Location
from gateway.events import Attachment, Identity, Referred, SharedContact

Parts = dict[str, Any]
FilePath = Callable[[str], str]

# Files by the message's field: the type where Telegram names none.
FILES = {
    "video": "video/mp4",
    "animation": "video/mp4",
    "video_note": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "document": "application/octet-stream",
}
# Something happened in the chat, and nobody wrote.
SERVICE = frozenset(
    {
        "boost_added",
        "chat_background_set",
        "chat_owner_changed",
        "chat_owner_left",
        "chat_shared",
        "checklist_tasks_added",
        "checklist_tasks_done",
        "connected_website",
        "delete_chat_photo",
        "forum_topic_closed",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "group_chat_created",
        "left_chat_member",
        "message_auto_delete_timer_changed",
        "migrate_from_chat_id",
        "migrate_to_chat_id",
        "new_chat_members",
        "new_chat_photo",
        "new_chat_title",
        "passport_data",
        "pinned_message",
        "proximity_alert_triggered",
        "refunded_payment",
        "successful_payment",
        "users_shared",
        "video_chat_ended",
        "video_chat_scheduled",
        "video_chat_started",
        "write_access_allowed",
    }
)
# What stands beside what a message says, so that a field that is none of these names a new kind.
AROUND = frozenset(
    {
        "author_signature",
        "business_connection_id",
        "caption",
        "caption_entities",
        "chat",
        "date",
        "direct_messages_topic",
        "edit_date",
        "effect_id",
        "entities",
        "external_reply",
        "forward_origin",
        "from",
        "has_media_spoiler",
        "has_protected_content",
        "is_automatic_forward",
        "is_from_offline",
        "is_paid_post",
        "is_topic_message",
        "link_preview_options",
        "media_group_id",
        "message_id",
        "message_thread_id",
        "paid_star_count",
        "quote",
        "reply_markup",
        "reply_to_checklist_task_id",
        "reply_to_message",
        "reply_to_story",
        "sender_boost_count",
        "sender_business_bot",
        "sender_chat",
        "show_caption_above_media",
        "suggested_post_info",
        "via_bot",
    }
)


def said(message: Json, file_url: FilePath) -> Parts:
    """The fields of an InboundMessage that hold what was said; ``file_url`` names a file by id."""
    kind = next((name for name in KINDS if name in message), "")
    if kind:
        return KINDS[kind](message, file_url) | _around(message)
    unknown = sorted(message.keys() - AROUND)
    return {"text": text(message, "caption"), "unsupported": plain(unknown[0])[:64]} | _around(
        message
    )


def is_service(message: Json) -> str:
    """The word of a message that tells of an event in the chat; empty for all others."""
    return next((name for name in sorted(message) if name in SERVICE), "")


def says_nothing(message: Json) -> bool:
    """Whether there is nothing in it but what stands around a message."""
    return not message.keys() - AROUND


def file_link(base_url: str, file_id: str) -> str:
    """How a customer's file is kept in mind: by its id, without the token that opens it."""
    return f"{base_url}/file_id/{quote(file_id, safe='')}"


# --- What stands around it --------------------------------------------------------------------


def message_id(message: Json) -> str:
    """``<chat id>:<message id>``: Telegram's own number counts inside the chat alone."""
    chat, number = identity(inside(message, "chat"), "id"), whole(message, "message_id")
    return f"{chat}:{number}" if chat and number is not None else ""


def _around(message: Json) -> Parts:
    found: Parts = {}
    quoted = message_id(inside(message, "reply_to_message"))
    if quoted:
        found["reply_to"] = quoted
    origin = inside(message, "forward_origin")
    if origin:
        found["referred"] = Referred("forwarded", text=_origin(origin))
    elif "reply_to_story" in message:
        story = inside(message, "reply_to_story")
        found["referred"] = Referred("story", external_id=identity(story, "id"))
    elif start := started_by(message):
        found["referred"] = Referred("ad", external_id=start)
    return found


def started_by(message: Json) -> str:
    """What the link carried that opened the bot (``/start <it>``, up to 64 characters)."""
    word, _space, carried = text(message, "text").partition(" ")
    return carried.strip()[:64] if word == "/start" else ""


def _origin(origin: Json) -> str:
    """Who wrote what was forwarded."""
    chat = inside(origin, "sender_chat") or inside(origin, "chat")
    named = text(origin, "sender_user_name") or text(chat, "title")
    return (named or person_name(inside(origin, "sender_user")))[:200]


def person_name(user: Json) -> str:
    """A person's first and last name."""
    return " ".join(filter(None, (text(user, "first_name"), text(user, "last_name"))))[:200]


def handle(user: Json) -> str:
    """A person's name in Telegram, as @name; many have none."""
    name = text(user, "username")
    return f"@{name}"[:100] if name else ""


# --- Kinds ------------------------------------------------------------------------------------


def _text(message: Json, _url: FilePath) -> Parts:
    return {"text": text(message, "text")}


def _photo(message: Json, url: FilePath) -> Parts:
    sizes = rows(message, "photo")
    largest = max(sizes, key=lambda one: whole(one, "width") or 0, default={})
    return _with_file(message, largest, "image/jpeg", url)


def _file(name: str) -> "Callable[[Json, FilePath], Parts]":
    def read(message: Json, url: FilePath) -> Parts:
        return _with_file(message, inside(message, name), FILES[name], url)

    return read


def _with_file(message: Json, file: Json, usual: str, url: FilePath) -> Parts:
    found = _attachment(file, usual, url)
    return {"text": text(message, "caption"), "attachments": (found,) if found else ()}


def _attachment(file: Json, usual: str, url: FilePath) -> Attachment | None:
    file_id = text(file, "file_id")
    kind, name = text(file, "mime_type") or usual, text(file, "file_name")
    if not file_id:
        return None
    return Attachment(url(file_id), kind.lower()[:255], name[:255], whole(file, "file_size"))


def _sticker(message: Json, url: FilePath) -> Parts:
    sticker = inside(message, "sticker")
    if sticker.get("is_animated") is True:
        # Drawn by Telegram's apps alone; its picture and its emoji can be shown.
        found = _attachment(inside(sticker, "thumbnail"), "image/webp", url)
    else:
        video = sticker.get("is_video") is True
        found = _attachment(sticker, "video/webm" if video else "image/webp", url)
    return {"text": text(sticker, "emoji"), "attachments": (found,) if found else ()}


def place_of(found: Json, label: str = "") -> Location | None:
    """A place; None for what is none."""
    latitude, longitude = degrees(found, "latitude", 90), degrees(found, "longitude", 180)
    if latitude is None or longitude is None:
        return None
    return Location(latitude, longitude, label[:80])


def _location(message: Json, _url: FilePath) -> Parts:
    return {"text": "", "location": place_of(inside(message, "location"))}


def _venue(message: Json, _url: FilePath) -> Parts:
    venue = inside(message, "venue")
    words = [text(venue, "title"), text(venue, "address")]
    place = place_of(inside(venue, "location"), words[0])
    return {"text": "\n".join(filter(None, words)), "location": place}


def _contact(message: Json, _url: FilePath) -> Parts:
    """A card. One that Telegram says is the sender's own proves their number, if it was not
    forwarded from elsewhere.
    """
    card = inside(message, "contact")
    number = text(card, "phone_number")
    shared = SharedContact(person_name(card), (number,) if number else ())
    found: Parts = {"text": "", "shared": (shared,)}
    own = identity(card, "user_id") == identity(inside(message, "from"), "id") != ""
    if own and "forward_origin" not in message and "via_bot" not in message:
        found["also"] = _phone_identity(number)
    return found


def _phone_identity(number: str) -> tuple[Identity, ...]:
    """Telegram writes numbers in international form, with or without the plus sign."""
    try:
        return (Identity(PHONE, normalize(PHONE, f"+{number.strip().lstrip('+')}")),)
    except InvalidAddress:
        return ()


def _poll(message: Json, _url: FilePath) -> Parts:
    poll = inside(message, "poll")
    options = [f"– {text(one, 'text')}" for one in rows(poll, "options")]
    # Its words can be shown; who votes for what cannot.
    return {"text": "\n".join([text(poll, "question"), *options]), "unsupported": "poll"}


def _dice(message: Json, _url: FilePath) -> Parts:
    dice = inside(message, "dice")
    return {"text": f"{text(dice, 'emoji')} {whole(dice, 'value') or ''}".strip()}


def _web_app(message: Json, _url: FilePath) -> Parts:
    data = inside(message, "web_app_data")
    return {"text": text(data, "button_text"), "payload": text(data, "data")}


# The first that is there counts: a venue also has a location, an animation a document.
KINDS: dict[str, Callable[[Json, FilePath], Parts]] = {
    "text": _text,
    "photo": _photo,
    "animation": _file("animation"),
    "video": _file("video"),
    "video_note": _file("video_note"),
    "voice": _file("voice"),
    "audio": _file("audio"),
    "document": _file("document"),
    "sticker": _sticker,
    "venue": _venue,
    "location": _location,
    "contact": _contact,
    "poll": _poll,
    "dice": _dice,
    "web_app_data": _web_app,
}
