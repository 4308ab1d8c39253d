"""What the composer says of what is answered: a quoted message, a mail's head."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from conversations.answering import MOST_CC, SUBJECT, last_subject, reply_all
from conversations.models import Conversation, Draft, Message
from gateway.models import Channel
from gateway.registry import UnknownKind, adapter_class, capabilities_of

QUOTE = 140


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
    """``quotes``: an answer may name the message it is about."""

    quotes: bool
    quoted: Quoted | None
    mail: MailHead | None


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
    return Answering(
        quotes=(able.quotes or conversation.public) and not is_mail,
        quoted=_quoted(conversation, kept.get("quotes"), messages),
        mail=_mail_head(conversation, kept) if is_mail else None,
    )


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
    who = conversation.contact.name or conversation.address.value if inbound else _("Us")
    return Quoted(found.pk, inbound, who, found.text[:QUOTE] or "📎")


def _mail_head(conversation: Conversation, kept: Mapping[str, Any]) -> MailHead:
    others = tuple(
        Person(one["address"], one.get("name", ""))
        for one in reply_all(conversation, _own_addresses(conversation))
    )[:MOST_CC]
    usual = last_subject(conversation)
    names = {one.address: one for one in others}
    chosen = kept["cc"] if "cc" in kept else names
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
