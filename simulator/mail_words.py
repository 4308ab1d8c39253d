"""Mails as the customers' program writes and reads them."""

import email.policy
from collections.abc import Mapping, Sequence
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.utils import formataddr, formatdate, make_msgid, parseaddr
from typing import Any

POLICY = email.policy.SMTP
HEADERS = (
    "From", "To", "Cc", "Reply-To", "In-Reply-To", "References", "Auto-Submitted",
    "List-Unsubscribe", "List-Unsubscribe-Post",
)  # fmt: skip


def read(raw: bytes) -> EmailMessage:
    """A mail of the business's."""
    parsed = BytesParser(policy=email.policy.default).parsebytes(raw)
    assert isinstance(parsed, EmailMessage)  # noqa: S101 - what this policy makes
    return parsed


def facts(mail: EmailMessage) -> dict[str, Any]:
    """What the page and the tests want to know of a mail beside its text."""
    html = mail.get_body(("html",))
    return {
        "message_id": str(mail["Message-ID"] or "").strip().strip("<>"),
        "subject": str(mail["Subject"] or ""),
        "html": html.get_content() if html else "",
        "types": [part.get_content_type() for part in mail.walk()],
        "headers": {name: str(mail[name]) for name in HEADERS if mail[name]},
    }


def text_of(mail: EmailMessage) -> str:
    """The plain text; empty without one."""
    part = mail.get_body(("plain",))
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n") if part else ""


def files_of(mail: EmailMessage) -> list[tuple[str, bytes]]:
    """Types and bytes of what comes with it."""
    found = []
    for part in mail.iter_attachments():
        if isinstance(part, MIMEPart):
            payload = part.get_payload(decode=True)
            found.append((part.get_content_type(), payload if isinstance(payload, bytes) else b""))
    return found


def write(
    sender: tuple[str, str],
    to: str,
    text: str,
    *,
    subject: str,
    message_id: str,
    answers: Mapping[str, Any] | None,
    files: Sequence[tuple[str, bytes]],
) -> bytes:
    """A customer's mail. ``answers``: the facts of the mail that it replies to."""
    mail = EmailMessage(policy=POLICY)
    mail["From"] = formataddr(sender)
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{message_id}>"
    if answers:
        headers = answers["headers"]
        mail["To"] = parseaddr(headers.get("Reply-To", ""))[1] or to
        mail["In-Reply-To"] = f"<{answers['message_id']}>"
        earlier = headers.get("References", "").split()
        mail["References"] = " ".join([*earlier, f"<{answers['message_id']}>"])
    else:
        mail["To"] = to
    mail["Subject"] = subject
    mail.set_content(text)
    for number, (kind, data) in enumerate(files, 1):
        main, _, sub = kind.partition("/")
        mail.add_attachment(data, maintype=main, subtype=sub, filename=f"file-{number}.{sub}")
    return mail.as_bytes()


def bounce(to: str, original: Mapping[str, Any], recipient: str, code: str) -> bytes:
    """A report that a mail could not be delivered (RFC 3464)."""
    mail_id = original["message_id"]
    boundary = "=_bounce"
    lines = [
        "From: MAILER-DAEMON@customers.example",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Date: {formatdate()}",
        f"Message-ID: {make_msgid(domain='customers.example')}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status;",
        f' boundary="{boundary}"',
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=utf-8",
        "",
        f"Your mail to {recipient} could not be delivered.",
        "",
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; customers.example",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        "Action: failed",
        f"Status: {code}",
        f"Diagnostic-Code: smtp; 550 {code} The mailbox does not exist",
        "",
        f"--{boundary}",
        "Content-Type: text/rfc822-headers",
        "",
        f"Message-ID: <{mail_id}>",
        f"To: {recipient}",
        f"Subject: {original['subject']}",
        "",
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode("utf-8")
