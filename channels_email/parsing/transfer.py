"""A part's bytes out of the encoding they travelled in, as far as it is not broken."""

import re
from base64 import b64decode
from binascii import Error, a2b_qp, a2b_uu

from channels_email.parsing.bounds import MAX_FILES
from channels_email.parsing.tree import Part

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
OTHERS = bytes(set(range(256)) - set(ALPHABET))
MAX_PADDED = 10_000
BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?$", re.MULTILINE)


def content(raw: bytes, part: Part) -> bytes:
    """The bytes of a part, decoded."""
    data = raw[part.start : part.end]
    encoding = part.headers.raw("content-transfer-encoding").partition(";")[0].strip().lower()
    if encoding == "base64":
        # Some mailers only say so: words have blanks between them, base64 has none.
        return data if data.strip().count(b" ") * 50 > len(data) else base64(data)
    if encoding in ("quoted-printable", "quotedprintable", "quoted_printable"):
        return a2b_qp(data)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return next((file for _, file in uuencoded(data)), data)
    return data


def base64(data: bytes) -> bytes:
    """Base64 with foreign characters, padding in the middle (pieces put together), or cut off."""
    data = data.translate(None, OTHERS)
    pieces = data.split(b"=") if data.count(b"=") < MAX_PADDED else [data.replace(b"=", b"")]
    return b"".join(_piece(piece) for piece in pieces if piece)


def _piece(data: bytes) -> bytes:
    data = data[: len(data) - (len(data) % 4 == 1)]
    try:
        return b64decode(data + b"=" * (-len(data) % 4))
    except Error:
        return b""


def uuencoded(data: bytes) -> list[tuple[str, bytes]]:
    """The uuencoded files within a text, as old mailers send them: their names and bytes."""
    return [(name, file) for name, file, _, _ in uuencoded_places(data)]


def uuencoded_places(data: bytes) -> list[tuple[str, bytes, int, int]]:
    """The same, with where each begins and ends; no more than are kept as files."""
    found: list[tuple[str, bytes, int, int]] = []
    at = 0
    while len(found) < MAX_FILES and (begin := BEGIN.search(data, at)) is not None:
        end = data.find(b"\nend", begin.end())
        if end == -1:
            break
        at = end + 4
        file = _uu(data[begin.end() : end])
        if file:
            name = begin[1].decode("utf-8", "replace")
            found.append((name, file, begin.start(), at))
    return found


def _uu(lines: bytes) -> bytes | None:
    """The bytes of uuencoded lines; None where one of the lines is not."""
    pieces = []
    for line in lines.split(b"\n"):
        line = line.rstrip(b"\r")
        if not line:
            continue
        try:
            pieces.append(a2b_uu(line))
        except Error:
            return None
    return b"".join(pieces)
