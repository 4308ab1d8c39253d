"""Reports on our mail: not delivered (RFC 3464, and the old ones in words), read, complained of."""

import re
from dataclasses import dataclass

from channels_email.parsing import headers
from channels_email.parsing.charsets import text_of
from channels_email.parsing.headers import Headers, one_line
from channels_email.parsing.html_text import text_of_html
from channels_email.parsing.people import ids, mailboxes
from channels_email.parsing.transfer import content
from channels_email.parsing.tree import Part
from gateway.addresses import EMAIL, InvalidAddress, normalize

MAX_READ = 2**18  # bytes of a report, and of a returned mail's head
MAX_RECIPIENTS = 100
STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
REPLY_CODE = re.compile(r"\b([45])\d\d\b")
RETURNED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global")


@dataclass(frozen=True, slots=True)
class Recipient:
    """What a report says of one recipient; ``status`` as in 5.1.1, empty where it says none."""

    address: str
    action: str
    status: str
    words: str


def part_of(root: Part, *kinds: str) -> Part | None:
    """The first part of one of these kinds."""
    return next((part for part in root.walk() if part.kind in kinds), None)


def recipients(raw: bytes, status: Part) -> list[Recipient]:
    """The recipients of a ``message/delivery-status``."""
    found = []
    for block in blocks(raw, status)[:MAX_RECIPIENTS]:
        action = block.raw("action").partition(";")[0].strip().lower()
        address = _address(block.raw("final-recipient")) or _address(
            block.raw("original-recipient")
        )
        if not action or not address:
            continue
        words = one_line(block.raw("diagnostic-code").partition(";")[2])[:500]
        number = STATUS.search(block.raw("status")) or STATUS.search(words)
        found.append(Recipient(address, action, number[0] if number else "", words))
    return found


def blocks(raw: bytes, part: Part) -> list[Headers]:
    """The groups of fields in a report, which empty lines keep apart."""
    data = content(raw, part)[:MAX_READ].replace(b"\r\n", b"\n")
    found: list[Headers] = []
    at = 0
    while at < len(data) and len(found) <= MAX_RECIPIENTS:
        read = headers.read(data, at, len(data), MAX_READ)
        if read is None:
            break
        block, after = read
        if block.fields:
            found.append(block)
        # A line that is no field is passed over; some put their words between.
        newline = data.find(b"\n", after)
        at = after if after > at else (newline + 1 if newline != -1 else len(data))
    return found


def returned(raw: bytes, root: Part) -> Headers:
    """The head of the mail that came back; empty where none came."""
    part = part_of(root, *RETURNED)
    if part is None:
        return Headers()
    data = content(raw, part)[:MAX_READ].lstrip(b"\r\n")
    read = headers.read(data, 0, len(data), MAX_READ)
    return read[0] if read else Headers()


def _address(value: str) -> str:
    """The mailbox in ``rfc822; somebody@example.com``; empty where there is none."""
    try:
        return normalize(EMAIL, value.rpartition(";")[2].strip().strip("<>"))
    except InvalidAddress:
        return ""


# Bounces that follow no standard: who sends them, how they begin, where the recipient stands.
DAEMONS = re.compile(
    r"^(?:mailer-daemon|postmaster|mail-daemon|mailerdaemon|microsoftexchange\w*)@"
)
WORDS = re.compile(
    r"Hi\. This is the qmail-send|This is a permanent error; I've given up"
    r"|This message was created automatically by mail delivery software"
    r"|Your message (?:did not reach|wasn't delivered to|couldn't be delivered to)"
    r"|Delivery has failed to these recipients|Undeliverable|No se pudo entregar"
    r"|could not be delivered to (?:one or more|the following)|undelivered|returned to sender"
    r"|Delivery to the following recipients? failed",
    re.IGNORECASE,
)
GIVEN_UP = re.compile(
    r"failed|permanent|undeliver|returned|given up|rejected|no se pudo", re.IGNORECASE
)
DELAYED = re.compile(
    r"delayed|still (?:trying|being retried)|warning only|will (?:be )?retr", re.IGNORECASE
)
FAILED_HEADER = "x-failed-recipients"
NAMED = re.compile(r"<([^\s<>]{1,64}@[^\s<>]{1,255})>|\b([\w.+-]{1,64}@[\w.-]{1,255}\w)")
COPY_BELOW = re.compile(
    r"--- ?(?:Below this line|Original message|This is a copy|The following)"
    r"|^Original message headers",
    re.IGNORECASE | re.MULTILINE,
)
MESSAGE_ID = re.compile(r"^\s*Message-I[dD]:\s*(<[^<>\s]{1,500}>)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class OldBounce:
    """What a bounce in words says; ``message_id`` of ours is empty where it does not return it."""

    recipient: Recipient
    message_id: str


def in_words(raw: bytes, root: Part, sender: str, text: str) -> OldBounce | None:
    """A bounce of qmail's, Exchange's or Exim's kind; None where the mail is none.

    Only a mail server's own address is believed, and only with words that such servers use.
    """
    failed = mailboxes(root.headers, FAILED_HEADER)
    if not failed and not (DAEMONS.match(sender) and WORDS.search(text[:4000])):
        return None
    report = text[: found.start()] if (found := COPY_BELOW.search(text)) else text[:4000]
    if DELAYED.search(report) and not GIVEN_UP.search(report):
        return OldBounce(Recipient("", "delayed", "", ""), "")
    named = [one or other for one, other in NAMED.findall(report)]
    addresses = [found.address for found in failed] or [
        address for one in named if (address := _address(one)) and address != sender
    ]
    status = STATUS.search(report) or REPLY_CODE.search(report)
    words = next((line.strip() for line in report.split("\n") if status and status[0] in line), "")
    number = status[0] if status and "." in status[0] else ""
    known = ids(root_ids(raw, root, text))
    recipient = Recipient(addresses[0] if addresses else "", "failed", number, words[:500])
    return OldBounce(recipient, known[0] if known else "")


def root_ids(raw: bytes, root: Part, text: str) -> list[str]:
    """The Message-ID of the mail that came back, from its head or from the words."""
    if found := returned(raw, root).all("message-id"):
        return found
    return MESSAGE_ID.findall(text[:MAX_READ])[:1] or root.headers.all("in-reply-to")


def text_in(raw: bytes, root: Part) -> str:
    """The first text of a report."""
    part = part_of(root, "text/plain", "text/html")
    if part is None:
        return ""
    text = text_of(content(raw, part)[:MAX_READ], part.given.get("charset", ""))
    return text_of_html(text) if part.kind == "text/html" else text
