"""Links that open one file for everybody who has them, until they expire.

A link goes into an SMS, so it is short: the file's number, the hour it expires and 72 bits of an
HMAC over both, written as one number in base 62, some 18 characters without punctuation. It needs
no row, so a worker makes one without asking the database (docs/adr/0033).
"""

import string
import time
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SALT = "gateway.media.links"
HOUR = 3600
EXPIRY_BITS = 24
MAC_BYTES = 9
LONGEST = 40


class Forged(Exception):
    """No token of ours."""


class Expired(Exception):
    """It was one of ours, and its time is over."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a token opens: the file's number, and until which hour (since 1970)."""

    file_id: int
    expires: int


def link(file_id: int, *, days: int | None = None) -> str:
    """The whole public address of a file, good for settings.MEDIA_LINK_DAYS or ``days``."""
    days = settings.MEDIA_LINK_DAYS if days is None else days
    expires = int(time.time() + days * 86_400) // HOUR + 1
    return f"{settings.PUBLIC_URL}{reverse('file-link', args=[_token(file_id, expires)])}"


def renewed(url: str) -> str:
    """The same file's link with a new term; anything else comes back as it is."""
    start = f"{settings.PUBLIC_URL}{reverse('file-link', args=['x'])}".removesuffix("x/")
    token = url.removeprefix(start).removesuffix("/")
    try:
        return link(_read(token).file_id) if url.startswith(start) else url
    except Forged:
        return url


def open_token(token: str) -> int:
    """The number of the file that a token opens; Forged or Expired."""
    ticket = _read(token)
    if ticket.expires * HOUR <= time.time():
        raise Expired
    return ticket.file_id


def _token(file_id: int, expires: int) -> str:
    payload = (file_id << EXPIRY_BITS) | expires
    mac = _mac(payload, settings.SECRET_KEY)
    return _base62((payload << 8 * MAC_BYTES) | int.from_bytes(mac, "big"))


def _read(token: str) -> Ticket:
    if not 0 < len(token) <= LONGEST or not token.isascii() or not token.isalnum():
        raise Forged
    number = 0
    for char in token:
        number = number * 62 + ALPHABET.index(char)
    payload, mac = number >> 8 * MAC_BYTES, number & ((1 << 8 * MAC_BYTES) - 1)
    given = mac.to_bytes(MAC_BYTES, "big")
    if _base62(number) != token or not _is_ours(payload, given):
        raise Forged
    ticket = Ticket(payload >> EXPIRY_BITS, payload & ((1 << EXPIRY_BITS) - 1))
    if ticket.file_id >= 2**63:
        raise Forged
    return ticket


def _is_ours(payload: int, given: bytes) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(_mac(payload, key), given) for key in keys)


def _mac(payload: int, secret: str) -> bytes:
    return salted_hmac(SALT, str(payload), secret=secret, algorithm="sha256").digest()[:MAC_BYTES]


def _base62(number: int) -> str:
    written = ""
    while number:
        number, rest = divmod(number, 62)
        written = ALPHABET[rest] + written
    return written
