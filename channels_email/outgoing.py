"""A message of ours as the mail bridge is given it: envelope, heads and words, files beside it."""

from collections.abc import Sequence
from email.utils import formataddr
from typing import Any

from channels_email.account import Account
from channels_email.tokens import LOOP_HEADER, loop_mark, reply_address
from gateway.contract import Part
from gateway.errors import Rejected
from gateway.events import OutboundMessage
from gateway.mail import Mailbox, OutboundMail

# The first of a thread names it, the last ones are what mail programs look for (RFC 5322, 3.6.4).
MOST_REFERENCES = 20
LONGEST_SUBJECT = 300
LONGEST_LOCAL = 64  # RFC 5321, section 4.5.3.1.1
FILE = "application/octet-stream"


def message_id(message: OutboundMessage, account: Account) -> str:
    """What the mail is known by, without angle brackets; the same for each attempt."""
    return f"{message.uid}@{account.domain}"


def said(message: OutboundMessage, account: Account, secret: bytes) -> dict[str, Any]:
    """The mail as JSON. Raises Rejected where its reply token is none."""
    mail = message.about.mail or OutboundMail(subject="")
    return {
        "uid": message.uid,
        "recipient": message.address,
        "message_id": message_id(message, account),
        "from": formataddr((account.name, account.address)),
        "to": [message.address, *_people(mail.to, message.address)],
        "cc": _people(mail.cc, message.address),
        "reply_to": _reply_to(mail, account, secret),
        "subject": _subject(message, mail, account),
        "text": message.text,
        "html": mail.html,
        "headers": {**_headers(message, mail), LOOP_HEADER: loop_mark(secret)},
    }


def files(message: OutboundMessage) -> list[Part]:
    """The files, in their order."""
    return [
        Part("file", one, one.name or f"file-{place}", one.content_type or FILE)
        for place, one in enumerate(message.media, 1)
    ]


def _people(boxes: Sequence[Mailbox], besides: str) -> list[str]:
    return [formataddr((box.name, box.address)) for box in boxes if box.address != besides]


def _reply_to(mail: OutboundMail, account: Account, secret: bytes) -> str:
    """The signed reply address; empty without a token, or where it would be too long for a mailbox.

    Then an answer finds its thread by what it refers to.
    """
    if not mail.token:
        return ""
    try:
        address = reply_address(account.address, mail.token, secret)
    except ValueError as error:
        raise Rejected(str(error)) from error
    if len(address.rpartition("@")[0]) > LONGEST_LOCAL:
        return ""
    return formataddr((account.name, address))


def _subject(message: OutboundMessage, mail: OutboundMail, account: Account) -> str:
    """As it was given; else the first line of the text, which says more than "no subject"."""
    lines = [line for line in message.text.splitlines() if line.strip()]
    found = mail.subject or (lines[0] if lines else account.name or account.address)
    return " ".join(found.split())[:LONGEST_SUBJECT]


def _headers(message: OutboundMessage, mail: OutboundMail) -> dict[str, str]:
    found: dict[str, str] = {}
    if mail.in_reply_to:
        found["In-Reply-To"] = _bracketed(mail.in_reply_to)
    references = [one for one in mail.references if one]
    if mail.in_reply_to and mail.in_reply_to not in references:
        references.append(mail.in_reply_to)
    if len(references) > MOST_REFERENCES:
        references = [references[0], *references[1 - MOST_REFERENCES :]]
    if references:
        found["References"] = " ".join(map(_bracketed, references))
    if not message.about.person:
        found["Auto-Submitted"] = "auto-replied" if mail.in_reply_to else "auto-generated"
        found["X-Auto-Response-Suppress"] = "All"
    if mail.unsubscribe_url:
        found["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def _bracketed(identifier: str) -> str:
    return f"<{''.join(identifier.split()).strip('<>')}>"
