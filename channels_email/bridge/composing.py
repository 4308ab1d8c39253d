"""Composes mails with Django's classes: words, HTML beside them, files and pictures in the HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from email.utils import parseaddr
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import BadHeaderError

from gateway.errors import Rejected


@dataclass(frozen=True, slots=True)
class File:
    """A file of a mail."""

    name: str
    content_type: str
    content: bytes


def compose(said: Mapping[str, Any], files: Sequence[File]) -> EmailMultiAlternatives:
    """The mail; Rejected where it cannot be one (a line break in a head)."""
    mail = EmailMultiAlternatives(
        subject=said["subject"],
        body=said["text"],
        from_email=said["from"],
        to=said["to"],
        cc=said["cc"],
        reply_to=[said["reply_to"]] if said["reply_to"] else None,
        headers={"Message-ID": f"<{said['message_id']}>", **said["headers"]},
    )
    html = said["html"]
    if html:
        mail.attach_alternative(html, "text/html")
    for file in files:
        _attach(mail, file, html)
    return mail


def as_bytes(mail: EmailMultiAlternatives) -> bytes:
    """The mail as it goes over the wire; Rejected where a head cannot be written."""
    try:
        message: Any = mail.message()  # Django's own class, which knows line ends
        written: bytes = message.as_bytes(linesep="\r\n")
        return written
    except (BadHeaderError, UnicodeError, ValueError) as error:
        raise Rejected(f"The mail cannot be written: {error}") from error


def recipients(said: Mapping[str, Any]) -> list[str]:
    """Whom it goes to, the one it is for first, each once."""
    others = [parseaddr(one)[1] for one in (*said["to"], *said["cc"])]
    return list(dict.fromkeys([said["recipient"], *filter(None, others)]))


def _attach(mail: EmailMultiAlternatives, file: File, html: str) -> None:
    """A file that the HTML names by ``cid:`` and its name stands in it, any other beside it."""
    if f"cid:{file.name}" not in html:
        mail.attach(file.name, file.content, file.content_type)
        return
    main, _, sub = file.content_type.partition("/")
    part = MIMEBase(main, sub or "octet-stream")
    part.set_payload(file.content)
    encode_base64(part)
    part.add_header("Content-Disposition", "inline", filename=file.name)
    part.add_header("Content-ID", f"<{file.name}>")
    mail.attach(part)
