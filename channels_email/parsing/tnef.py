"""What Outlook has wrapped up in winmail.dat (MS-OXTNEF): its text and its files.

Read here and not by a library, as the one there is has had no release since 2021, copies the rest
of the file for every property, and counts as far as a forged length says.
"""

import struct
from dataclasses import dataclass, field

from channels_email.parsing.charsets import text_of

SIGNATURE = 0x223E9F78
ATTRIBUTE = struct.Struct("<BIi")  # level, id with type, length
CODEPAGE, BODY, MAPI = 0x00069007, 0x0002800C, 0x00069003
RENDERED, TITLE, DATA, ATTACHMENT = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
LONG_NAME, NAME, MIME_TYPE, CONTENT_ID, DATA_OBJECT = 0x3707, 0x3704, 0x370E, 0x3712, 0x3701
TEXT, HTML, INTERNET_CODEPAGE = 0x1000, 0x1013, 0x3FDE
# Sizes of the properties that have a fixed one, filled up to four bytes.
FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
VARIABLE = frozenset({0x0D, 0x1E, 0x1F, 0x102})
STRING, UNICODE = 0x1E, 0x1F
MULTIPLE, NAMED = 0x1000, 0x8000
MAX_PROPERTIES = 2_000
MAX_FILES = 200
PAGES = {65001: "utf-8", 20127: "us-ascii", 28591: "iso-8859-1", 20866: "koi8-r", 50220: "cp932"}


@dataclass(slots=True)
class WrappedFile:
    """A file within; ``data`` as it is."""

    name: str = ""
    kind: str = ""
    content_id: str = ""
    data: bytes = b""


@dataclass(slots=True)
class Wrapped:
    """What a winmail.dat holds."""

    text: str = ""
    html: str = ""
    files: list[WrappedFile] = field(default_factory=list)


def unwrapped(data: bytes) -> Wrapped | None:
    """What it holds, as far as it can be read; None where it is no such file. Never raises."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != SIGNATURE:
        return None
    found = Wrapped()
    charset = "cp1252"
    at = 6
    while at + ATTRIBUTE.size <= len(data):
        _, name, length = ATTRIBUTE.unpack_from(data, at)
        at += ATTRIBUTE.size
        if length < 0 or at + length > len(data):
            break
        value = data[at : at + length]
        at += length + 2  # the check sum, which mailers get wrong
        if name == CODEPAGE and length >= 4:
            charset = _charset(struct.unpack_from("<I", value)[0])
        elif name == BODY:
            found.text = found.text or text_of(value, charset)
        elif name == MAPI:
            _body(found, value, charset)
        elif not _file(found, name, value, charset):
            break
    found.files = [file for file in found.files if file.data]
    return found


def _charset(page: int) -> str:
    return PAGES.get(page) or f"cp{page}"


def _file(found: Wrapped, name: int, value: bytes, charset: str) -> bool:
    """Take in what an attribute says of the last file; False where there are too many files."""
    if name == RENDERED:
        found.files.append(WrappedFile())
        return len(found.files) <= MAX_FILES
    if not found.files:
        return True
    file = found.files[-1]
    if name == TITLE:
        file.name = file.name or text_of(value, charset)
    elif name == DATA:
        file.data = value
    elif name == ATTACHMENT:
        given = _properties(value, charset)
        file.name = _text(given, LONG_NAME) or file.name or _text(given, NAME)
        file.kind = _text(given, MIME_TYPE)
        file.content_id = _text(given, CONTENT_ID)
        data = given.get(DATA_OBJECT)
        file.data = file.data or (data[16:] if isinstance(data, bytes) else b"")
    return True


def _body(found: Wrapped, value: bytes, charset: str) -> None:
    given = _properties(value, charset)
    found.text = _text(given, TEXT) or found.text
    html = given.get(HTML, "")
    page = given.get(INTERNET_CODEPAGE)
    if isinstance(page, int):
        charset = _charset(page)
    found.html = text_of(html, charset) if isinstance(html, bytes) else str(html)


def _text(given: dict[int, str | bytes | int], name: int) -> str:
    value = given.get(name, "")
    return value if isinstance(value, str) else ""


def _properties(data: bytes, charset: str) -> dict[int, str | bytes | int]:
    """The properties that can be read; the rest is left out where they cannot."""
    found: dict[int, str | bytes | int] = {}
    try:
        (count,) = struct.unpack_from("<I", data)
        at = 4
        for _ in range(min(count, MAX_PROPERTIES)):
            kind, name = struct.unpack_from("<HH", data, at)
            at = _past_name(data, at + 4) if name & NAMED else at + 4
            values, at = _values(data, at, kind, charset)
            if values:
                found.setdefault(name, values[0])
    except (struct.error, ValueError):
        pass
    return found


def _past_name(data: bytes, at: int) -> int:
    """Where a property goes on whose name is none of the known numbers."""
    (by_text,) = struct.unpack_from("<I", data, at + 16)
    if not by_text:
        return at + 24
    (length,) = struct.unpack_from("<I", data, at + 20)
    return at + 24 + int(length) + -int(length) % 4


def _values(data: bytes, at: int, kind: int, charset: str) -> tuple[list[str | bytes | int], int]:
    """A property's values, and where the next property begins."""
    many, kind = bool(kind & MULTIPLE), kind & ~MULTIPLE
    count = 1
    if many or kind in VARIABLE:
        (count,) = struct.unpack_from("<I", data, at)
        at += 4
    if count > MAX_PROPERTIES or (kind not in FIXED and kind not in VARIABLE):
        raise ValueError("no property that can be read")
    values: list[str | bytes | int] = []
    for _ in range(count):
        if kind in FIXED:
            length, start = FIXED[kind], at
            values.append(int.from_bytes(data[at : at + min(length, 4)], "little"))
        else:
            (length,) = struct.unpack_from("<I", data, at)
            start = at + 4
            values.append(_value(data[start : start + length], kind, charset))
        at = start + length + -length % 4
    return values, at


def _value(data: bytes, kind: int, charset: str) -> str | bytes:
    if kind == UNICODE:
        return text_of(data, "utf-16-le").rstrip("\0")
    return text_of(data, charset) if kind == STRING else data
