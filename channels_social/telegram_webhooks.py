"""Telegram's webhooks: who sent them, and the events inside.

A request is one Update, ``{"update_id": …, <kind>: {…}}``, and is not signed: a header repeats the
secret that we gave with the address. Only private chats are conversations.
Source: providers.md sections 9 and 19, core.telegram.org/bots/api#update.
"""

import hmac
from collections.abc import Callable, Sequence

from channels_social import telegram_messages as messages
from channels_social.json_values import (
    Json,
    identity,
    inside,
    loads,
    moment,
    plain,
    rows,
    text,
    whole,
)
from channels_social.telegram_keyboards import label_of, payload_of
from gateway.contract import WebhookRequest
from gateway.errors import BadSignature, Malformed
from gateway.events import (
    Edited,
    Event,
    InboundMessage,
    Keyword,
    OptOut,
    Reaction,
    UnknownEvent,
)

HEADER = "x-telegram-bot-api-secret-token"
# What Telegram is asked to send. Reactions only come when they are named.
ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
# What became of the bot in a private chat.
SWITCHES = {"kicked": Keyword.STOP, "member": Keyword.START}
SWITCHED = {"kicked": "Blocked the bot", "member": "Unblocked the bot"}
PAID = "⭐"


def verify(request: WebhookRequest, secret: str) -> None:
    """Raise BadSignature unless the request repeats our secret."""
    if not secret:
        raise BadSignature("No secret token is configured.")
    given = request.headers.get(HEADER, "")
    if not given:
        raise BadSignature("The secret token is missing.")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode()):
        raise BadSignature("The secret token is wrong.")


def read(request: WebhookRequest) -> Json:
    """The Update of a request; Malformed for what is none."""
    found = loads(request.body)
    if not isinstance(found, dict) or whole(found, "update_id") is None:
        raise Malformed("The body is no update of Telegram's.")
    return found


def kind_of(update: Json) -> str:
    """The name of what the Update is about; empty when there is nothing."""
    return next((name for name, value in update.items() if isinstance(value, dict)), "")


def chat_of(update: Json) -> str:
    """The chat it happened in, else the person who did it; empty without either."""
    about = inside(update, kind_of(update))
    chat = inside(about, "chat") or inside(inside(about, "message"), "chat")
    who = inside(about, "from") or inside(about, "user")
    return identity(chat, "id") or identity(who, "id")


def parse(update: Json, bot: str, file_url: messages.FilePath) -> Sequence[Event]:
    """The events of an Update. ``bot`` is the address customers write to."""
    kind = kind_of(update)
    about = inside(update, kind)
    if kind == "message":
        return [_message(about, bot, file_url)]
    if kind == "callback_query":
        return [_tapped(about, bot)]
    make = EVENTS.get(kind)
    return [make(about, update) if make else unknown(kind or "update", update)]


def unknown(kind: str, found: Json) -> UnknownEvent:
    """An event that is kept as it came."""
    return UnknownEvent(kind=plain(kind)[:64], detail=plain(", ".join(sorted(found)))[:500])


def callback_id(update: Json) -> str:
    """The id of a tap, which is answered or the button keeps turning; empty without a tap."""
    return text(inside(update, "callback_query"), "id")


def is_private(chat: Json) -> bool:
    """Whether it is a conversation with one person."""
    return text(chat, "type") == "private" and bool(identity(chat, "id"))


# --- Kinds --------------------------------------------------------------------------------------


def _message(message: Json, bot: str, file_url: messages.FilePath) -> Event:
    chat, number = inside(message, "chat"), messages.message_id(message)
    if not is_private(chat) or not number:
        return unknown(f"message in a {text(chat, 'type') or 'chat'}", message)
    service = messages.is_service(message)
    if service or messages.says_nothing(message):
        return unknown(service or "message of nothing", message)
    return InboundMessage(
        external_id=number,
        sender=identity(chat, "id"),
        recipient=bot,
        sender_name=messages.person_name(inside(message, "from") or chat),
        sender_handle=messages.handle(inside(message, "from") or chat),
        occurred_at=moment(message, "date"),
        **messages.said(message, file_url),
    )


def _tapped(query: Json, bot: str) -> Event:
    below, who = inside(query, "message"), inside(query, "from")
    sender, chat = identity(who, "id"), inside(below, "chat")
    if not sender or not text(query, "id") or "data" not in query:
        return unknown("callback_query", query)
    if chat and not is_private(chat):
        return unknown(f"callback_query in a {text(chat, 'type') or 'chat'}", query)
    data = text(query, "data")
    return InboundMessage(
        external_id=f"callback:{text(query, 'id')[:240]}",
        sender=sender,
        recipient=bot,
        text=label_of(data, inside(below, "reply_markup")),
        sender_name=messages.person_name(who),
        sender_handle=messages.handle(who),
        payload=payload_of(data),
        reply_to=messages.message_id(below),
    )


def _edited(message: Json, update: Json) -> Event:
    number, version = messages.message_id(message), whole(message, "edit_date")
    if not is_private(inside(message, "chat")) or not number or version is None:
        return unknown("edited_message", message)
    if not {"text", "caption"} & message.keys() and {"location", "venue"} & message.keys():
        # A place that is shared live moves every few seconds; nobody changed a word.
        return unknown("live location", message)
    return Edited(
        external_id=number,
        sender=identity(inside(message, "chat"), "id"),
        text=text(message, "text") or text(message, "caption"),
        # The time is in seconds, in which somebody may correct themselves twice.
        version=f"{version}.{whole(update, 'update_id')}",
        occurred_at=moment(message, "edit_date"),
    )


def _reacted(reaction: Json, _update: Json) -> Event:
    number, sender = messages.message_id(reaction), identity(inside(reaction, "user"), "id")
    given = rows(reaction, "new_reaction")
    shown = [PAID if text(one, "type") == "paid" else text(one, "emoji") for one in given]
    emoji = next(filter(None, reversed(shown)), "")
    if not is_private(inside(reaction, "chat")) or not number or not sender:
        return unknown("message_reaction", reaction)
    if given and not emoji:  # an emoji of their own, which only Telegram's apps can draw
        return unknown("custom reaction", reaction)
    return Reaction(number, sender, emoji[:32], moment(reaction, "date"))


def _member(change: Json, update: Json) -> Event:
    chat, status = inside(change, "chat"), text(inside(change, "new_chat_member"), "status")
    if not is_private(chat) or status not in SWITCHES:
        return unknown("my_chat_member", change)
    return OptOut(
        external_id=f"member:{whole(update, 'update_id')}",
        sender=identity(chat, "id"),
        keyword=SWITCHES[status],
        words=SWITCHED[status],
        answered=True,
        source="provider",
    )


EVENTS: dict[str, Callable[[Json, Json], Event]] = {
    "edited_message": _edited,
    "message_reaction": _reacted,
    "my_chat_member": _member,
}
