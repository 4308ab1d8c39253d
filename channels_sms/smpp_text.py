"""Texts as SMPP carries them: alphabets, data codings, and parts of long messages.

Sources: SMPP 3.4 sections 5.2.12 (esm_class), 5.2.19 (data_coding) and 5.3.2 (TLVs), 3GPP TS 23.038
(alphabet, data codings with a message class) and 23.040 section 9.2.3.24 (user data header).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from channels_sms.segments import EXTENSION, GSM, SIZES, Encoding, normalized

ESCAPE = 0x1B
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\",
    0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip
TO_GSM = {char: bytes([code]) for code, char in enumerate(BASIC) if code != ESCAPE} | {
    char: bytes([ESCAPE, code]) for code, char in EXTENDED.items()
}
DEFAULT_CODING, UCS2_CODING = 0x00, 0x08
CODECS = {"latin1": "iso-8859-1", "ascii": "ascii"}
# What a text may come in, beside the default alphabet.
CODINGS = {
    0x01: "ascii", 0x03: "iso-8859-1", 0x05: "shift_jis", 0x06: "iso-8859-5", 0x07: "iso-8859-8",
    0x08: "utf-16-be", 0x0A: "iso-2022-jp", 0x0E: "euc_kr",
}  # fmt: skip
ASCII_CODING = 0x01
CONTROLS = frozenset(range(0x20)) - set(b"\t\n\r")
HEADER_FLAG = 0x40
LONG_REFERENCE = 0x08


@dataclass(frozen=True, slots=True)
class Part:
    """One submit_sm: its octets, how they are coded, and which part of how many it is.

    ``validity_s``: for how many seconds the SMSC shall try, None: as long as it does.
    """

    data: bytes
    coding: int
    number: int = 1
    total: int = 1
    validity_s: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part belongs: ``number`` of ``total`` under a reference of the sender's."""

    reference: int
    number: int
    total: int


def parts(
    text: str, *, alphabet: str = "gsm", whole: bool = False, validity_s: int | None = None
) -> list[Part]:
    """A text as parts, none of which cuts an escaped character or a surrogate pair.

    ``whole``: one part, however long (message_payload). An empty text is one empty part.
    """
    text = normalized(text)
    encoding = Encoding.GSM7 if fits(text, alphabet) else Encoding.UCS2
    pieces = [text] if whole else list(_pieces(text, encoding))
    coding = DEFAULT_CODING if encoding is Encoding.GSM7 else UCS2_CODING
    return [
        Part(_encode(piece, encoding, alphabet), coding, number, len(pieces), validity_s)
        for number, piece in enumerate(pieces, 1)
    ]


def fits(text: str, alphabet: str) -> bool:
    """Whether a composed text needs no UCS-2 where the default alphabet is this one."""
    if not GSM.issuperset(text):
        return False
    if alphabet == "gsm":
        return True
    try:
        text.encode(CODECS[alphabet])
    except UnicodeEncodeError:
        return False
    return True


def _pieces(text: str, encoding: Encoding) -> Iterator[str]:
    single, size = SIZES[encoding]
    widths = [_width(char, encoding) for char in text]
    if sum(widths) <= single:
        yield text
        return
    start = used = 0
    for place, width in enumerate(widths):
        if used + width > size:
            yield text[start:place]
            start, used = place, 0
        used += width
    yield text[start:]


def _width(char: str, encoding: Encoding) -> int:
    # Also where an SMSC takes Latin-1: on the air it becomes GSM all the same.
    wide = char in EXTENSION if encoding is Encoding.GSM7 else char > "\uffff"
    return 2 if wide else 1


def _encode(text: str, encoding: Encoding, alphabet: str) -> bytes:
    if encoding is Encoding.UCS2:
        return text.encode("utf-16-be", "replace")
    if alphabet != "gsm":
        return text.encode(CODECS[alphabet])
    return b"".join(TO_GSM[char] for char in text)


def header(reference: int, part: Part) -> bytes:
    """The user data header of a part, with a reference of 8 bits."""
    return bytes([5, 0, 3, reference & 0xFF, part.total, part.number])


def without_header(data: bytes) -> tuple[Place | None, bytes]:
    """A user data header's place in a long message, and the octets after the header.

    A header that is no header is text.
    """
    length = data[0] + 1 if data else 0
    if not data or length > len(data):
        return None, data
    place, at = None, 1
    while at + 2 <= length:
        kind, size = data[at], data[at + 1]
        value = data[at + 2 : min(at + 2 + size, length)]
        if (kind, len(value)) in {(0x00, 3), (LONG_REFERENCE, 4)}:
            found = Place(int.from_bytes(value[:-2]), value[-1], value[-2])
            place = found if 1 <= found.number <= found.total else None
        at += 2 + size
    return place, data[length:]


def decode(data: bytes, coding: int, alphabet: str) -> str | None:
    """The text of received octets; None for what is no text. What no alphabet has becomes �."""
    name = _codec(coding)
    if name is None:
        return None
    if coding == ASCII_CODING and CONTROLS.intersection(data):
        # Some software says ASCII and means GSM; then an escape, or an accent, gives it away.
        return from_gsm(data)
    if name:
        return data.decode(name, "replace")
    return from_gsm(data) if alphabet == "gsm" else data.decode(CODECS[alphabet], "replace")


def _codec(coding: int) -> str | None:
    """A codec's name, "" for the default alphabet, None for binary."""
    if coding in CODINGS or coding < 0x10:
        return CODINGS.get(coding, None if coding in {0x02, 0x04, 0x09} else "")
    if coding >= 0xF0:
        return None if coding & 0x04 else ""
    if coding < 0x40:
        return {0x00: "", 0x04: None, 0x08: "utf-16-be", 0x0C: None}[coding & 0x0C]
    return "utf-16-be" if 0xE0 <= coding < 0xF0 else ""


def from_gsm(data: bytes) -> str:
    """Unpacked septets as text; an escape before what it does not extend is a space."""
    said: list[str] = []
    escaped = False
    for code in data:
        if escaped:
            said.append(EXTENDED.get(code) or (" " + _basic(code)))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            said.append(_basic(code))
    return "".join(said)


def _basic(code: int) -> str:
    return BASIC[code] if code < len(BASIC) else "�"


def joined(pieces: Sequence[bytes | None], coding: int, alphabet: str, gap: str) -> str | None:
    """The text of a message's parts in their order; ``gap`` stands for each that never came.

    Octets are joined before they are read, as a sender may have cut a character in two.
    """
    runs: list[bytearray | None] = []
    for piece in pieces:
        if piece is None:
            runs.append(None)
        elif runs and runs[-1] is not None:
            runs[-1] += piece
        else:
            runs.append(bytearray(piece))
    texts = [gap if run is None else decode(bytes(run), coding, alphabet) for run in runs]
    if any(text is None for text in texts):
        return None
    return "".join(text for text in texts if text is not None)
