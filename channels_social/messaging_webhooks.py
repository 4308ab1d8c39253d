"""The webhooks of Messenger and Instagram: entries for accounts, each with events about a person.

An event has no type: it is told by its fields. With Instagram's own login some come as changes of
a field whose value is such an event. Source: providers.md sections 6, 7 and 19.
"""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from channels_social.messaging_attachments import Contents, read_contents
from channels_social.meta_account import objects, part, words
from gateway.events import (
    Edited,
    Event,
    InboundMessage,
    Reaction,
    Referred,
    Seen,
    SentElsewhere,
    StatusUpdate,
    UnknownEvent,
    Unsent,
    Window,
    WindowOpened,
)
from gateway.states import State

Json = dict[str, Any]

DAY = Window(86_400)
LONGEST_TEXT = 20_000
# Times are milliseconds; where they have been seconds they are far smaller.
MILLISECONDS_FROM = 100_000_000_000
# The words of reactions that come without their emoji.
EMOJI = {
    "love": "❤️",
    "smile": "😆",
    "haha": "😆",
    "wow": "😮",
    "sad": "😢",
    "angry": "😠",
    "like": "👍",
    "yes": "👍",
    "dislike": "👎",
    "no": "👎",
}
# An opt-in for a series of messages, which lets us send those and nothing else.
SERIES = "notification_messages"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose webhooks are read. ``app_id`` is that of our own app, if it is known.

    ``erases``: what a customer takes back may not be kept.
    """

    identity: str
    app_id: str = ""
    erases: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An event about a person, with who it is from and when (UTC) it happened."""

    raw: Json
    account: Account
    sender: str
    recipient: str
    at: datetime | None

    @property
    def customer(self) -> str:
        """Whichever of the two is not the account."""
        return self.recipient if self.sender == self.account.identity else self.sender

    def identity(self, kind: str) -> str:
        """An id for what has none of its own; the same event has the same one."""
        said = repr((self.sender, self.raw.get("timestamp"), self.raw.get(kind)))
        return f"{kind}:{hashlib.sha256(said.encode()).hexdigest()[:40]}"


# What a change of a field means: its value, the account, and when the entry was made.
ReadChange = Callable[[str, Json, Account, datetime | None], Sequence[Event]]


def parse(payload: Json, account: Account, read_change: ReadChange) -> list[Event]:
    """All events of a webhook's body; entries for other accounts are unknown."""
    events: list[Event] = []
    for entry in objects(payload["entry"]):
        if words(entry, "id") != account.identity:
            events.append(UnknownEvent("another account", words(entry, "id")))
            continue
        for raw in objects(entry.get("messaging")):
            events += read_item(raw, account)
        for raw in objects(entry.get("standby")):
            events.append(unknown("standby", raw))
        for change in objects(entry.get("changes")):
            events += _change(change, account, moment(entry.get("time")), read_change)
    return events


def _change(
    change: Json, account: Account, at: datetime | None, read_change: ReadChange
) -> Sequence[Event]:
    field, value = words(change, "field", 64), part(change, "value")
    if field == "standby":
        return [unknown("standby", value)]
    if "sender" in value and "recipient" in value:
        return read_item(value, account)
    return read_change(field, value, account, at)


def read_item(raw: Json, account: Account) -> Sequence[Event]:
    """The events of one item of ``messaging``."""
    item = Item(
        raw=raw,
        account=account,
        sender=words(part(raw, "sender"), "id"),
        recipient=words(part(raw, "recipient"), "id"),
        at=moment(raw.get("timestamp")),
    )
    for name, read in ITEMS.items():
        if isinstance(raw.get(name), dict):
            return read(item, raw[name]) if item.customer else [unknown(f"{name} of nobody", raw)]
    return [unknown(" ".join(sorted(raw.keys() - ALWAYS)) or "event", raw)]


# --- Messages -----------------------------------------------------------------------------------


def _message(item: Item, raw: Json) -> list[Event]:
    mid = words(raw, "mid")
    if not mid:
        return [unknown("message without id", raw)]
    if raw.get("is_echo") or item.sender == item.account.identity:
        return _echo(item, raw, mid)
    if raw.get("is_deleted"):
        return [Unsent(mid, item.sender, item.account.erases, item.at)]
    contents = read_contents(raw)
    return [_inbound(item, mid, contents, raw, words(part(raw, "quick_reply"), "payload", 2048))]


def _inbound(item: Item, mid: str, contents: Contents, raw: Json, payload: str) -> InboundMessage:
    reply_to = part(raw, "reply_to")
    referral = part(raw, "referral")
    return InboundMessage(
        external_id=mid,
        sender=item.sender,
        recipient=item.account.identity,
        text=contents.text[:LONGEST_TEXT],
        attachments=contents.files,
        occurred_at=item.at,
        payload=payload or None,
        location=contents.location,
        reply_to=words(reply_to, "mid"),
        referred=_story(reply_to) or (_referred(referral) if referral else contents.referred),
        unsupported=contents.unsupported,
    )


def _story(reply_to: Json) -> Referred | None:
    story = part(reply_to, "story")
    return Referred("story", words(story, "url", 2048), "", words(story, "id")) if story else None


def _referred(referral: Json) -> Referred:
    """What led a person to us: an advertisement, a product, or a link with our own word."""
    ad, product = part(referral, "ads_context_data"), part(referral, "product")
    if product:
        return Referred("product", external_id=words(product, "id"))
    return Referred(
        kind="ad",
        url=words(referral, "referer_uri", 2048) or words(ad, "photo_url", 2048),
        text=words(ad, "ad_title") or words(referral, "ref"),
        external_id=words(referral, "ad_id"),
    )


def _echo(item: Item, raw: Json, mid: str) -> list[Event]:
    """What the business sent from elsewhere; what our own app sent is known already."""
    if raw.get("is_deleted"):
        return [UnknownEvent("message taken back by the business", mid)]
    app = item.account.app_id
    if app and words(raw, "app_id") == app:
        return []
    contents = read_contents(raw)
    shared = contents.referred.text or contents.referred.url if contents.referred else ""
    return [
        SentElsewhere(
            external_id=mid,
            # The account is the sender, whatever it is called there.
            recipient=item.sender if item.recipient == item.account.identity else item.recipient,
            text=contents.text[:LONGEST_TEXT] or shared or contents.unsupported,
            attachments=contents.files,
            occurred_at=item.at,
            reply_to=words(part(raw, "reply_to"), "mid"),
            delivery_uid=_uuid(words(raw, "metadata")),
        )
    ]


def _postback(item: Item, raw: Json) -> list[Event]:
    title, payload = words(raw, "title"), words(raw, "payload", 2048)
    mid = words(raw, "mid") or item.identity("postback")
    return [_inbound(item, mid, Contents(title or payload), raw, payload)]


def _edit(item: Item, raw: Json) -> list[Event]:
    mid = words(raw, "mid")
    if not mid:
        return [unknown("edit without id", raw)]
    version = words(raw, "num_edit") or words(item.raw, "timestamp")
    return [Edited(mid, item.sender, words(raw, "text", LONGEST_TEXT), version, item.at)]


# --- Beside messages ----------------------------------------------------------------------------


def _reaction(item: Item, raw: Json) -> list[Event]:
    if item.sender == item.account.identity:
        return []
    mid, word = words(raw, "mid"), words(raw, "reaction")
    emoji = words(raw, "emoji", 32) or EMOJI.get(word, "")
    if words(raw, "action") == "unreact":
        emoji = ""
    elif not emoji:
        return [UnknownEvent(f"reaction {word}"[:64], mid)]
    return [Reaction(mid, item.sender, emoji, item.at)] if mid else [unknown("reaction", raw)]


def _seen(state: State, word: str) -> Callable[[Item, Json], list[Event]]:
    """A report on messages by their ids, on all up to a moment, or both."""

    def read(item: Item, raw: Json) -> list[Event]:
        listed = raw.get("mids")
        mids = [words(raw, "mid"), *(listed if isinstance(listed, list) else ())]
        events: list[Event] = [
            StatusUpdate(mid[:255], state, word, occurred_at=item.at)
            for mid in mids
            if isinstance(mid, str) and mid
        ]
        until = moment(raw.get("watermark"))
        if until is not None:
            events.append(Seen(item.customer, state, until, word))
        return events or [unknown(word, raw)]

    return read


def _referral(item: Item, raw: Json) -> list[Event]:
    """They came back by a link or an advertisement, and have written nothing yet."""
    came = InboundMessage(
        external_id=item.identity("referral"),
        sender=item.sender,
        recipient=item.account.identity,
        text="",
        occurred_at=item.at,
        referred=_referred(raw),
        automatic=True,
    )
    return [came, WindowOpened(item.sender, DAY, item.at)]


def _optin(item: Item, raw: Json) -> list[Event]:
    if words(raw, "type") == SERIES:
        return [unknown(f"optin {SERIES}", raw)]
    return [WindowOpened(item.sender, DAY, item.at)]


ITEMS: dict[str, Callable[[Item, Json], list[Event]]] = {
    "message": _message,
    "message_edit": _edit,
    "postback": _postback,
    "reaction": _reaction,
    "delivery": _seen(State.DELIVERED, "delivery"),
    "read": _seen(State.READ, "read"),
    "referral": _referral,
    "optin": _optin,
}
# All else (which app holds a conversation, say) is kept under its own name, and nothing is done.
ALWAYS = frozenset({"sender", "recipient", "timestamp"})


# --- Values -------------------------------------------------------------------------------------


def moment(value: object) -> datetime | None:
    """A time in milliseconds or seconds, also as a text, in UTC; None when it is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:20])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = value / 1000 if value >= MILLISECONDS_FROM else value
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def unknown(kind: str, raw: Json) -> UnknownEvent:
    """An event that is kept and shown as such."""
    return UnknownEvent(kind[:64], ", ".join(sorted(raw))[:500])


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value) if value else None
    except ValueError:
        return None
