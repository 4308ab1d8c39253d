"""What an answer is an answer to: a post, a quoted message, a mail."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Member
from conversations.mails import people
from conversations.models import Conversation, Direction, Message, MessageMail
from gateway.addresses import EMAIL, InvalidAddress, normalize
from gateway.contract import Adapter
from gateway.events import About
from gateway.mail import Mailbox, OutboundMail
from gateway.models import Delivery

MOST_CC = 50
SUBJECT = 200


@dataclass(frozen=True, slots=True)
class MailHead:
    """What an agent may say of a mail: empty where it follows from what is answered."""

    subject: str = ""
    cc: tuple[str, ...] = ()


def about_answer(
    row: Conversation,
    adapter: Adapter,
    author: Member | None,
    *,
    quotes: Message | None = None,
    head: MailHead | None = None,
) -> About:
    """What a message in this conversation answers.

    ValidationError names ``quotes``, ``cc`` or ``subject``.
    """
    able = adapter.capabilities
    mail = _mail(row, head or MailHead()) if adapter.medium == "email" else None
    if head is not None and mail is None and (head.subject or head.cc):
        name = "cc" if head.cc else "subject"
        raise ValidationError({name: _("Only mail has this.")})
    quoted, token = _quoted(row, adapter, quotes)
    return About(
        reply_to=quoted or (_last(row) if row.public else ""),
        quote_token=token,
        thread=row.thread if row.public else "",
        public=row.public,
        person=author is not None and (able.human_window is not None or mail is not None),
        mail=mail,
    )


def note_mail(message: Message, about: About) -> None:
    """Keep the head of a mail of ours beside its message."""
    if about.mail is not None:
        MessageMail.objects.create(
            workspace_id=message.workspace_id,
            message=message,
            subject=about.mail.subject,
            to=people(about.mail.to),
            cc=people(about.mail.cc),
            in_reply_to=about.mail.in_reply_to,
            references=list(about.mail.references),
        )


def _quoted(row: Conversation, adapter: Adapter, quotes: Message | None) -> tuple[str, str]:
    """The provider's id of the message that is quoted, and its token where that is wanted."""
    if quotes is None:
        return "", ""
    able, token = adapter.capabilities, str(quotes.data.get("quote_token", ""))
    wordless = able.by_token and not token
    if quotes.conversation_id != row.pk or not (able.quotes or row.public) or wordless:
        raise ValidationError({"quotes": _("This message cannot be quoted here.")})
    if quotes.external_id:
        return quotes.external_id, token
    sent = Delivery.objects.filter(message_uid=quotes.uid, channel=row.reply_channel)
    found = sent.exclude(external_id=None).values_list("external_id", flat=True).first()
    if found is None:
        raise ValidationError({"quotes": _("This message cannot be quoted here.")})
    return str(found), token


def _last(row: Conversation) -> str:
    """The provider's id of what the customer wrote last."""
    theirs = Message.objects.filter(conversation=row, direction=Direction.INBOUND)
    found = theirs.exclude(external_id=None).order_by("-created_at", "-id")
    return found.values_list("external_id", flat=True).first() or ""


def _mail(row: Conversation, head: MailHead) -> OutboundMail:
    last = _last_mail(row, message__direction=Direction.INBOUND)
    begun = last or _last_mail(row)
    ids = (*last.references, last.mail_id) if last else ()
    return OutboundMail(
        subject=_subject(head.subject, begun),
        to=(Mailbox(row.address.value, row.contact.name),),
        cc=tuple(_mailboxes(head.cc, names_in(last))),
        in_reply_to=last.mail_id if last else "",
        references=tuple(one for one in ids if one),
        token=str(row.pk),
    )


def _begun(row: Conversation) -> MessageMail | None:
    """The mail whose subject goes on: the customer's last one, else ours."""
    return _last_mail(row, message__direction=Direction.INBOUND) or _last_mail(row)


def _last_mail(row: Conversation, **where: Any) -> MessageMail | None:
    mails = MessageMail.objects.filter(message__conversation=row, **where)
    return mails.order_by("-message_id").first()


def _subject(given: str, answered: MessageMail | None) -> str:
    subject = " ".join((given or (answered.subject if answered else "")).split())
    if len(subject) > SUBJECT and given:
        raise ValidationError({"subject": _("At most %(limit)s characters.") % {"limit": SUBJECT}})
    if given or not subject or subject.lower().startswith("re:"):
        return subject
    return f"Re: {subject}"


def names_in(mail: MessageMail | None) -> dict[str, str]:
    """How people are called in a mail's head, by address."""
    people = [*mail.sender, *mail.to, *mail.cc] if mail else []
    return {one["address"].lower(): one["name"] for one in people if one.get("name")}


def _mailboxes(found: Sequence[str], names: Mapping[str, str]) -> list[Mailbox]:
    if len(found) > MOST_CC:
        raise ValidationError({"cc": _("At most %(limit)s.") % {"limit": MOST_CC}})
    try:
        addresses = dict.fromkeys(normalize(EMAIL, one) for one in found)
    except InvalidAddress as error:
        raise ValidationError({"cc": str(error)}) from error
    return [Mailbox(one, names.get(one, "")) for one in addresses]


def last_subject(row: Conversation) -> str:
    """What the next mail is called where nobody says otherwise; empty in a new thread."""
    return _subject("", _begun(row))


def reply_all(row: Conversation, own: Collection[str]) -> list[dict[str, Any]]:
    """Who else was part of the last mail, without the customer and ``own`` addresses of ours.

    A tag behind a plus sign makes ours no other: our signed reply addresses have one.
    """
    last = _last_mail(row)
    ours, customer = {one.lower() for one in own}, row.address.value.lower()
    found: dict[str, dict[str, Any]] = {}
    for one in [*last.sender, *last.to, *last.cc] if last else []:
        address = one["address"].lower()
        if address != customer and not {address, _untagged(address)} & ours:
            found.setdefault(address, one)
    return list(found.values())


def _untagged(address: str) -> str:
    local, _at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
