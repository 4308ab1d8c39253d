"""How many SMS a text becomes: GSM-7 or UCS-2, and where it is cut.

One character outside the GSM alphabet (an á, a curly quote, an emoji) turns the whole message
into UCS-2. An escaped character and a surrogate pair are never cut in two, so the count can exceed
units / size. Source: providers.md section 15.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")
GSM = BASIC | EXTENSION


class Encoding(StrEnum):
    """How the characters travel."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


# Units in a message of one part, and in each part of a longer one (a header takes the rest).
SIZES = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A text as SMS: septets or UTF-16 units, parts, and how many units the last part can take."""

    encoding: Encoding
    units: int
    segments: int
    remaining: int


def normalized(text: str) -> str:
    """The text in the form that is counted and sent: composed, so that é is one character."""
    return unicodedata.normalize("NFC", text)


def segment(text: str) -> Segmentation:
    """Count a text as it would leave. An empty text is no segment."""
    text = normalized(text)
    characters = frozenset(text)
    encoding = Encoding.GSM7 if GSM.issuperset(characters) else Encoding.UCS2
    single, part = SIZES[encoding]
    if not _has_wide(characters, encoding):
        # Nothing that must not be cut: the campaigns' million texts are nearly all of this kind.
        units = len(text)
        segments = -(-units // part)
        used = units - (segments - 1) * part
    else:
        widths = [_width(char, encoding) for char in text]
        units = sum(widths)
        segments, used = _pack(widths, part)
    if units <= single:
        return Segmentation(encoding, units, 1 if units else 0, single - units)
    return Segmentation(encoding, units, segments, part - used)


def _has_wide(characters: frozenset[str], encoding: Encoding) -> bool:
    if encoding is Encoding.GSM7:
        return not EXTENSION.isdisjoint(characters)
    return max(characters) > "\uffff"


def _width(char: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if char in EXTENSION else 1
    return 2 if ord(char) > 0xFFFF else 1


def _pack(widths: Iterable[int], size: int) -> tuple[int, int]:
    """How many parts hold these characters uncut, and how full the last one is."""
    parts, used = 1, 0
    for width in widths:
        if used + width > size:
            parts, used = parts + 1, 0
        used += width
    return parts, used
