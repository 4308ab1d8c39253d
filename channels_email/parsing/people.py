"""Who is in a mail's head, and which mails it names."""

import re
from email.utils import getaddresses
from hashlib import sha256

from channels_email.parsing import bounds
from channels_email.parsing.headers import Headers, one_line
from channels_email.parsing.words import decoded
from gateway.addresses import EMAIL, InvalidAddress, normalize
from gateway.mail import Mailbox

NOBODY = "unknown@sender.invalid"  # RFC 2606: never anybody's
FOUND = re.compile(r"[^\s<>\",;:()\[\]]{1,64}@[^\s<>\",;:()\[\]@]{1,255}")
ID = re.compile(r"<([^<>]{1,2000})>")
MAX_ID = 250
SENDERS = ("from", "resent-from", "sender", "reply-to", "return-path", "x-envelope-from")


def mailboxes(headers: Headers, *names: str) -> tuple[Mailbox, ...]:
    """The mailboxes in these headers, each once, in their normal form; what is none is left out."""
    found: dict[str, Mailbox] = {}
    for name in names:
        for value in headers.all(name)[:20]:
            for mailbox in _read(value[: bounds.MAX_MAILBOX_VALUE]):
                found.setdefault(mailbox.address, mailbox)
    return tuple(found.values())[: bounds.MAX_MAILBOXES]


def sender(headers: Headers, envelope_from: str) -> Mailbox:
    """Who wrote a mail: its From, else what comes nearest to it; ``NOBODY`` where nothing does."""
    for name in SENDERS:
        if found := mailboxes(headers, name):
            return found[0]
    name = headers.text("from", bounds.MAX_NAME).strip('<>" ')
    return Mailbox(_normal(envelope_from.strip("<> ")) or NOBODY, name)


def _read(value: str) -> list[Mailbox]:
    try:
        pairs = getaddresses([value])
    except (ValueError, IndexError, TypeError, RecursionError):
        pairs = []
    found = [
        Mailbox(address, _name(name, address))
        for name, given in pairs
        if (address := _normal(given))
    ]
    if found:
        return found
    return [Mailbox(address) for one in FOUND.findall(decoded(value)) if (address := _normal(one))]


def _normal(address: str) -> str:
    """The normal form; empty where it has none."""
    try:
        return normalize(EMAIL, decoded(address).strip("<>'\" .").replace("\0", ""))
    except InvalidAddress:
        return ""


def _name(name: str, address: str) -> str:
    """A name as it is shown: none that only repeats the address."""
    name = one_line(decoded(name)).strip("\"' ")[: bounds.MAX_NAME]
    return "" if name.lower() == address else name


def ids(values: list[str]) -> tuple[str, ...]:
    """The Message-IDs in some headers, in their order, each once, without angle brackets."""
    found: dict[str, None] = {}
    for value in values:
        value = value[: bounds.MAX_MAILBOX_VALUE]
        inside = ID.findall(value) or value.replace(",", " ").split()
        for one in inside:
            if one := normal_id(one):
                found.setdefault(one)
    kept = list(found)
    if len(kept) > bounds.MAX_REFERENCES:
        kept = [kept[0], *kept[1 - bounds.MAX_REFERENCES :]]
    return tuple(kept)


def normal_id(value: str) -> str:
    """A Message-ID as it is kept: without blanks; one too long to be kept as its hash."""
    value = re.sub(r"[\s<>]+", "", value)
    if len(value) <= MAX_ID:
        return value
    return f"{sha256(value.encode('utf-8', 'replace')).hexdigest()}@long.invalid"
