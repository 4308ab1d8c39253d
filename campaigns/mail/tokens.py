"""What the links in a campaign's mail carry: which line of a ledger it is, told to nobody else.

A token is one block of AES over the purpose, a mark and the line's id, keyed from SECRET_KEY: 22
characters that say nothing (not even which number somebody has) and need no row. Who guesses one
has to hit the mark of 56 bits. Each purpose has tokens of its own, so that an address a proxy has
seen because of a picture cannot unsubscribe anybody.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings
from django.utils.crypto import salted_hmac

SALT = "campaigns.mail.tokens"
MARK = b"mailing"  # what a block must have that is one of ours
LENGTH = 22
# A test's links lead nowhere: no line has this id.
TEST = 0


class Purpose(IntEnum):
    """What a token is good for."""

    UNSUBSCRIBE = 1
    TRACK = 2


class Forged(Exception):
    """No token of ours, or one for something else."""


def token(line_id: int, purpose: Purpose) -> str:
    """The token of a line, always the same one; URL-safe."""
    block = bytes([purpose]) + MARK + line_id.to_bytes(8, "big")
    return _encoded(_cipher(settings.SECRET_KEY).encryptor().update(block))


def line_of(given: str, purpose: Purpose) -> int:
    """The line that a token names; Forged."""
    if len(given) != LENGTH or not given.isascii():
        raise Forged
    try:
        block = urlsafe_b64decode(f"{given}==")
    except ValueError as error:
        raise Forged from error
    if len(block) != 16 or _encoded(block) != given:
        raise Forged
    for plain in _opened(block):
        if plain[0] == purpose and plain[1:8] == MARK and plain[8] < 0x80:
            return int.from_bytes(plain[8:], "big")
    raise Forged


def _opened(block: bytes) -> Iterator[bytes]:
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield _cipher(secret).decryptor().update(block)


def _encoded(block: bytes) -> str:
    return urlsafe_b64encode(block).decode().rstrip("=")


@lru_cache(maxsize=8)
def _cipher(secret: str) -> "Cipher[modes.ECB]":
    # One block that never repeats: each names another line, so a mode would add nothing.
    key = salted_hmac(SALT, "block", secret=secret, algorithm="sha256").digest()
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305
