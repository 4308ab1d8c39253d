"""Keeps what mails have beside their text."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from conversations.models import MessageMail
from gateway.events import InboundMessage, Received
from gateway.mail import Mailbox
from gateway.sql import storable

LONGEST = 998
# What a mail may name of others; the rest is noise.
MOST_PEOPLE, MOST_REFERENCES = 200, 50


def keep_mails(inserted: Iterable[tuple[int, Received, InboundMessage]]) -> None:
    """Note the heads of new messages (with their ids) that are mails: one statement, or none."""
    rows = [_row(pk, received, message) for pk, received, message in inserted if message.mail]
    if rows:
        MessageMail.objects.bulk_create(rows)


def _row(pk: int, received: Received, message: InboundMessage) -> MessageMail:
    mail = message.mail
    assert mail is not None  # noqa: S101 - asked before
    return MessageMail(
        workspace_id=received.workspace_id,
        message_id=pk,
        subject=_short(mail.subject),
        sender=people([Mailbox(message.sender, message.sender_name)]),
        to=people(mail.to),
        cc=people(mail.cc),
        reply_to=people(mail.reply_to),
        mail_id=_short(mail.message_id),
        in_reply_to=_short(mail.in_reply_to),
        references=[_short(one) for one in mail.references[-MOST_REFERENCES:]],
        html=storable(mail.html),
        folded=storable(mail.folded),
        automatic=message.automatic,
    )


def people(found: Sequence[Mailbox]) -> list[dict[str, str]]:
    """Mailboxes as the model keeps them."""
    return [
        {name: storable(value)[:320] for name, value in asdict(one).items()}
        for one in found[:MOST_PEOPLE]
    ]


def _short(text: str) -> str:
    return storable(text)[:LONGEST]
