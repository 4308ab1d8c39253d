"""Encoded words in headers (RFC 2047), also where they are broken."""

import re
from base64 import b64decode
from binascii import Error

from channels_email.parsing.charsets import text_of

WORD = re.compile(r"=\?([^?\s]{0,60})\?([bBqQ])\?([^?]*)\?=")
HEX = re.compile(rb"=([0-9A-Fa-f]{2})")


def decoded(value: str) -> str:
    """A value with its encoded words read; what is none stays as it is.

    Words of one charset that follow each other are read together: mailers cut them in the middle
    of a character.
    """
    if "=?" not in value:
        return value
    pieces: list[str] = []
    charset, held, at = "", b"", 0
    for match in WORD.finditer(value):
        between = value[at : match.start()]
        at = match.end()
        label = match[1].partition("*")[0].lower()
        if held and (between.strip() or label != charset):
            pieces.append(text_of(held, charset))
            held = b""
        if between.strip() or (match.start() and not pieces and not held):
            pieces.append(between)
        charset, held = label, held + _bytes(match[2], match[3])
    pieces += [text_of(held, charset), value[at:]]
    return "".join(pieces)


def _bytes(encoding: str, word: str) -> bytes:
    data = word.encode("utf-8", "replace")
    if encoding in "bB":
        data = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        data = data[: len(data) - (len(data) % 4 == 1)]
        try:
            return b64decode(data + b"=" * (-len(data) % 4))
        except Error:
            return b""
    return HEX.sub(lambda found: bytes([int(found[1], 16)]), data.replace(b"_", b" "))
