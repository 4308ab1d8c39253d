"""What a message has around its text in the thread: quotes, changes, reactions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from conversations.models import Message, MessageMail, MessageRevision
from conversations.reacting import STOPPED
from gateway.models import Delivery
from gateway.states import State

QUOTE = 140
MOST_PEOPLE = 20
ABOUT = {
    "story": _lazy("Answers your story"),
    "mention": _lazy("Mentions you in a story"),
    "post": _lazy("About a post"),
    "ad": _lazy("Came by an advertisement"),
    "product": _lazy("About a product"),
    "forwarded": _lazy("Forwarded"),
}


@dataclass(frozen=True, slots=True)
class Quote:
    """A message that is answered; ``id`` 0 when it is not in this thread."""

    id: int
    inbound: bool
    text: str


@dataclass(frozen=True, slots=True)
class About:
    """A story, a post… that a message is about."""

    words: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Was:
    """What it said before."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShownMail:
    """A mail's head. ``sender`` only where it is not the conversation's customer."""

    subject: str
    sender: str
    to: str
    cc: str
    folded: str
    original: bool


@dataclass(frozen=True, slots=True)
class Ours:
    """Our reaction, and who of us gave it. Without an ``emoji`` it was taken back.

    ``going``: it has not left yet. ``problem`` is empty while all is well.
    """

    emoji: str
    name: str
    going: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Marks:
    """Around a message. Everything may be empty."""

    quote: Quote | None = None
    about: About | None = None
    edited_at: datetime | None = None
    was: Sequence[Was] = ()
    unsent_at: datetime | None = None
    reactions: Sequence[tuple[str, int]] = ()
    unsupported: str = ""
    elsewhere: bool = False
    automatic: bool = False
    mail: ShownMail | None = None
    ours: Ours | None = None


NONE = Marks()
KEYS = {
    "quotes",
    "about",
    "edited",
    "unsent",
    "reactions",
    "unsupported",
    "elsewhere",
    "automatic",
    "mail",
    "ours",
}


def marks(messages: Sequence[Message]) -> Mapping[int, Marks]:
    """By message id; statements only where a message has any of it."""
    marked = [message for message in messages if KEYS & message.data.keys()]
    if not marked:
        return {}
    quoted, was, mails = _quoted(marked), _was(marked), _mails(marked)
    ours = _ours(marked)
    return {
        message.pk: Marks(
            quote=quoted.get(message.data.get("quotes", "")),
            about=_about(message.data.get("about")),
            edited_at=_moment(message.data.get("edited")),
            was=was.get(message.pk, ()),
            unsent_at=_moment(message.data.get("unsent")),
            reactions=Counter(message.data.get("reactions", {}).values()).most_common(),
            unsupported=str(message.data.get("unsupported", "")),
            elsewhere=bool(message.data.get("elsewhere")),
            automatic=bool(message.data.get("automatic")),
            mail=mails.get(message.pk),
            ours=ours.get(message.pk),
        )
        for message in marked
    }


def _about(found: Mapping[str, Any] | None) -> About | None:
    if not found:
        return None
    url = str(found.get("url", ""))
    safe = url if urlsplit(url).scheme in {"http", "https"} else ""
    words = ABOUT.get(str(found.get("kind")), _("About something else"))
    return About(str(words), str(found.get("text", ""))[:QUOTE], safe)


def _mails(messages: Sequence[Message]) -> dict[int, ShownMail]:
    ids = [one.pk for one in messages if one.data.get("mail")]
    if not ids:
        return {}
    rows = MessageMail.objects.filter(message__in=ids).defer("references")
    rows = rows.select_related("message__conversation__address")
    return {row.message_id: _mail(row) for row in rows}


def _mail(row: MessageMail) -> ShownMail:
    customer = row.message.conversation.address.value
    others = [one for one in row.sender if one["address"] != customer]
    return ShownMail(
        subject=row.subject,
        sender=_people(others),
        to=_people(row.to),
        cc=_people(row.cc),
        folded=row.folded,
        original=bool(row.html),
    )


def _people(found: Sequence[Mapping[str, str]]) -> str:
    shown = [
        f"{one['name']} <{one['address']}>" if one.get("name") else one["address"]
        for one in found[:MOST_PEOPLE]
    ]
    more = ["…"] if len(found) > MOST_PEOPLE else []
    return ", ".join([*shown, *more])


def _ours(messages: Sequence[Message]) -> dict[int, Ours]:
    """Our reactions, with what became of the newest."""
    given = [one for one in messages if "ours" in one.data]
    if not given:
        return {}
    rows = Delivery.objects.filter(
        workspace_id=given[0].workspace_id, message_uid__in=[one.uid for one in given]
    )
    newest = {row.message_uid: row for row in rows.order_by("id")}
    return {one.pk: _our_reaction(one.data["ours"], newest.get(one.uid)) for one in given}


def _our_reaction(found: Mapping[str, Any], delivery: Delivery | None) -> Ours:
    state = State(delivery.state) if delivery else State.SENT
    emoji, stopped = str(found.get("emoji", "")), state in STOPPED
    words = _("The reaction was not given.") if emoji else _("The reaction was not taken back.")
    said = f"{words} {delivery.error_text if delivery else ''}".strip()
    going = state in {State.QUEUED, State.SENDING}
    return Ours(emoji, str(found.get("name", "")), going, said if stopped else "")


def _moment(text: Any) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) else None


def _was(messages: Sequence[Message]) -> dict[int, list[Was]]:
    ids = [one.pk for one in messages if {"edited", "unsent"} & one.data.keys()]
    found: dict[int, list[Was]] = {}
    if ids:
        for row in MessageRevision.objects.filter(message__in=ids).order_by("occurred_at", "id"):
            if row.text:
                found.setdefault(row.message_id, []).append(Was(row.text, row.occurred_at))
    return found


def _quoted(messages: Sequence[Message]) -> dict[str, Quote]:
    """The quoted messages by the provider's id, as far as they are in the same conversation."""
    ids = {one.data["quotes"] for one in messages if one.data.get("quotes")}
    if not ids:
        return {}
    here = {one.conversation_id for one in messages}
    rows = Message.objects.filter(conversation__in=here)
    found = {row.external_id: row for row in rows.filter(external_id__in=ids)}
    channels = {one.channel_id for one in messages}
    sent = Delivery.objects.filter(channel__in=channels, external_id__in=ids - found.keys())
    by_uid = dict(sent.values_list("message_uid", "external_id"))
    found |= {by_uid[row.uid]: row for row in rows.filter(uid__in=by_uid)} if by_uid else {}
    return {
        one: Quote(row.pk, row.direction == "inbound", row.text[:QUOTE] or "📎")
        if (row := found.get(one))
        else Quote(0, True, _("A message that is not here"))
        for one in ids
    }
