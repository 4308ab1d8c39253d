"""How WeChat signs and encrypts its callbacks.

A signature is the SHA-1 of a few strings, sorted and joined; there is no HMAC. Encrypted are 16
random bytes, the length, the XML and the appid, by AES-256-CBC. Source: providers.md sections 12
and 19.
"""

import base64
import binascii
import hashlib
import hmac
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK = 32
KEY_LENGTH = 43
RANDOM = 16


class Undecipherable(ValueError):
    """It was not encrypted with this key, or not for this account."""


def signature(*parts: str) -> str:
    """WeChat's signature of these strings, in any order."""
    # What it is for, WeChat decides; only whoever knows the token can make one.
    joined = "".join(sorted(parts)).encode("utf-8", "replace")
    return hashlib.sha1(joined).hexdigest()  # noqa: S324


def same(expected: str, found: str) -> bool:
    """Whether two signatures are the same, in constant time."""
    return hmac.compare_digest(expected.encode(), found.encode("utf-8", "replace"))


@lru_cache(maxsize=1024)
def aes_key(encoding_key: str) -> bytes:
    """The 32 bytes of an EncodingAESKey; Undecipherable when it is none."""
    try:
        key = base64.b64decode(f"{encoding_key}=", validate=True)
    except (ValueError, binascii.Error) as error:
        raise Undecipherable("The EncodingAESKey is not base64.") from error
    if len(encoding_key) != KEY_LENGTH or len(key) != 32:
        raise Undecipherable("The EncodingAESKey has not 43 characters.")
    return key


def decrypt(encrypted: str, encoding_key: str, app_id: str) -> bytes:
    """The XML that was encrypted for this account; Undecipherable for anything else."""
    key = aes_key(encoding_key)
    try:
        sealed = base64.b64decode(encrypted, validate=True)
        reader = Cipher(AES(key), CBC(key[:16])).decryptor()
        plain = reader.update(sealed) + reader.finalize()
    except (ValueError, binascii.Error) as error:
        raise Undecipherable("What is encrypted cannot be read.") from error
    pad = plain[-1] if plain else 0
    if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise Undecipherable("It was encrypted with another key.")
    said = plain[RANDOM:-pad]
    length = int.from_bytes(said[:4], "big")
    if len(said) < 4 + length or said[4 + length :] != app_id.encode():
        raise Undecipherable("It was encrypted for another account.")
    return said[4 : 4 + length]


def encrypt(xml: bytes, encoding_key: str, app_id: str, random: bytes) -> str:
    """As WeChat does it; ``random`` are 16 bytes."""
    key = aes_key(encoding_key)
    said = random + len(xml).to_bytes(4, "big") + xml + app_id.encode()
    pad = BLOCK - len(said) % BLOCK
    writer = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(writer.update(said + bytes([pad]) * pad) + writer.finalize()).decode()
