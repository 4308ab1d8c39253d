"""What the composer says of what is answered: a quoted message, a mail's head."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from conversations.answering import MOST_CC, SUBJECT, last_subject, reply_all
from conversations.models import Conversation, Draft, Message
from conversations.reacting import reactions_of
from gateway.contract import PICTURE, Reactions
from gateway.models import Channel
from gateway.registry import UnknownKind, adapter_class, capabilities_of

QUOTE = 140
MOST_EMOJI = 32
# What the picker does not offer towards customers.
UNFIT = tuple("🤬🤮💩🤡🥱🥴🌚🌭🍌💔🤨🍾💋🖕😈😴👻")
FIRST = "👍 ❤️ 😂 😮 😢 🙏 🎉 👏 🔥 👌 👎 ✅ 😊 🤝 💯 🤔"
USUAL = tuple(FIRST.split())


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a mail's head."""

    address: str
    name: str

    @property
    def shown(self) -> str:
        """The name with the address, as mail programs write it."""
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True, slots=True)
class MailHead:
    """A mail's head as the composer begins it.

    ``others`` are those whom "reply all" adds, ``cc`` who is chosen; ``usual`` the subject that
    nobody need write.
    """

    to: Person
    others: tuple[Person, ...]
    cc: tuple[Person, ...]
    subject: str
    usual: str
    subject_limit: int = SUBJECT
    most_cc: int = MOST_CC

    @property
    def others_only(self) -> bool:
        """Whether exactly those are chosen whom "reply all" adds."""
        return bool(self.others) and {one.address for one in self.others} <= {
            one.address for one in self.cc
        }


@dataclass(frozen=True, slots=True)
class Quoted:
    """The message that the draft answers."""

    id: int
    inbound: bool
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Answering:
    """``quotes``: an answer may name the message it is about. ``emoji``: what the picker offers as
    reactions to the customer's messages; ``any_emoji``: others are taken as well. ``by_token``: it
    may only name messages that came with a token for that.
    """

    quotes: bool
    quoted: Quoted | None
    mail: MailHead | None
    emoji: Sequence[str] = ()
    any_emoji: bool = False
    by_token: bool = False


def answering(
    conversation: Conversation, draft: Draft | None, messages: Sequence[Message]
) -> Answering:
    """Of the channel that is answered on; a statement more where it is mail, or a draft quotes."""
    channel = conversation.reply_channel
    kept: Mapping[str, Any] = draft.beside if draft else {}
    try:
        able, medium = capabilities_of(channel), adapter_class(channel.kind).medium
    except UnknownKind:
        return Answering(quotes=False, quoted=None, mail=None)
    is_mail = medium == "email"
    known = reactions_of(conversation.channel, public=conversation.public)
    return Answering(
        quotes=(able.quotes or conversation.public) and not is_mail,
        quoted=_quoted(conversation, kept.get("quotes"), messages),
        mail=_mail_head(conversation, kept) if is_mail else None,
        emoji=_offered(known) if known else (),
        any_emoji=known is not None and not known.only,
        by_token=able.by_token,
    )


def _offered(known: Reactions) -> tuple[str, ...]:
    """The usual ones that the provider takes, then others of its own that nobody is hurt by."""
    usual = tuple(one for one in USUAL if known.take(one))
    bare = {one.replace(PICTURE, "") for one in (*usual, *UNFIT)}
    others = (one for one in known.only if one.replace(PICTURE, "") not in bare)
    return (*usual, *others)[:MOST_EMOJI]


def _quoted(
    conversation: Conversation, pk: int | None, messages: Sequence[Message]
) -> Quoted | None:
    if not pk:
        return None
    here = next((one for one in messages if one.pk == pk), None)
    found = here or Message.objects.filter(conversation=conversation, pk=pk).first()
    if found is None:
        return None
    inbound = found.direction == "inbound"
    who = conversation.contact.name or conversation.address.shown if inbound else _("Us")
    return Quoted(found.pk, inbound, who, found.text[:QUOTE] or "📎")


def _mail_head(conversation: Conversation, kept: Mapping[str, Any]) -> MailHead:
    others = tuple(
        Person(one["address"], one.get("name", ""))
        for one in reply_all(conversation, _own_addresses(conversation))
    )[:MOST_CC]
    usual = last_subject(conversation)
    names = {one.address: one for one in others}
    chosen = kept.get("cc", names)
    return MailHead(
        to=Person(conversation.address.value, conversation.contact.name),
        others=others,
        cc=tuple(names.get(one, Person(one, "")) for one in chosen),
        subject=kept.get("subject") or usual,
        usual=usual,
    )


def _own_addresses(conversation: Conversation) -> list[str]:
    """What customers write to in this workspace, on any channel."""
    rows = Channel.objects.filter(workspace=conversation.workspace_id)
    return [one for one in rows.values_list("address", flat=True) if one]
