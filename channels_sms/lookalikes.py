"""Characters outside GSM-7 that look like some inside, so that a text stays at 160 a message.

What is swapped looks the same, or says the same, to whoever reads it: quotes, dashes, spaces,
dots, bullets, full-width forms, ligatures, Greek capitals with a Latin twin (GSM-7 has only those
without one), and what cannot be seen at all. Never superscripts, fractions or letters in circles,
whose meaning is in their place.

Sources: Unicode's names and compatibility mappings (UnicodeData.txt) for what equals what, 3GPP
TS 23.038 for what GSM-7 has. static/js/lookalikes.js holds the same table.
"""

import unicodedata
from collections.abc import Callable

from channels_sms.segments import GSM, normalized, segment

FULL_WIDTH = range(0xFF01, 0xFF5F)
FULL_WIDTH_SHIFT = 0xFEE0

# What each stands for, and the characters that become it.
GROUPS: dict[str, str] = {
    '"': "“”„‟«»″〝〞〟❝❞＂",
    "'": "‘’‚‛‹›′´`ʹʻʼʽˈ❛❜",
    "-": "‐‑‒–—―−⁃﹘﹣",
    "*": "•‣●▪■◦∗",
    ".": "·∙⋅․",
    "..": "‥",
    "...": "…",
    " ": "\t\u00a0\u1680\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "\n": "\u000b\u0085\u2028\u2029",
    # Joiners, marks of direction, the soft hyphen, the byte order mark.
    "": "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff",
    "/": "⁄∕",
    "|": "¦∣",
    "~": "˜∼",
    "^": "ˆ",
    "x": "×",
    "!!": "‼",
    "??": "⁇",
    "?!": "⁈",
    "!?": "⁉",
    "No": "№",
    "TM": "™",
    "IJ": "Ĳ",
    "ij": "ĳ",
    "s": "ſ",
    "ff": "ﬀ",
    "fi": "ﬁ",
    "fl": "ﬂ",
    "ffi": "ﬃ",
    "ffl": "ﬄ",
    "st": "ﬅﬆ",
    "£": "￡",
    "¥": "￥",
    "A": "Α",
    "B": "Β",
    "E": "Ε",
    "Z": "Ζ",
    "H": "Η",
    "I": "Ι",
    "K": "Κ",
    "M": "Μ",
    "N": "Ν",
    "O": "Ο",
    "P": "Ρ",
    "T": "Τ",
    "Y": "Υ",
    "X": "Χ",
}
TABLE: dict[str, str] = {char: twin for twin, chars in GROUPS.items() for char in chars} | {
    chr(code): chr(code - FULL_WIDTH_SHIFT) for code in FULL_WIDTH if code != 0xFF40
}
# The combining accents of Latin letters; the marks of other scripts are letters of their own.
ACCENTS = frozenset(map(chr, range(0x0300, 0x0370)))
# Letters with a stroke and the like, which no accent can be taken from.
BARE: dict[str, str] = {
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H", "ŧ": "t",
    "Ŧ": "T", "ı": "i", "œ": "oe", "Œ": "OE", "ẞ": "ß", "ŀ": "l", "Ŀ": "L", "ŉ": "'n",
}  # fmt: skip


def swapped(
    text: str, *, accents: bool = False, fits: Callable[[str], bool] = GSM.issuperset
) -> str:
    """The text with look-alikes; as it was given unless all of it then fits, in no more SMS.

    ``accents``: letters that GSM-7 has not lose theirs as well (á becomes a, é stays).
    ``fits`` says whether a text needs no UCS-2.
    """
    composed = normalized(text)
    if fits(composed):
        return text
    made = "".join(_twin(char, accents) for char in composed)
    if not fits(made) or segment(made).segments > segment(composed).segments:
        return text
    # A text of nothing but what cannot be seen would be no message.
    return made if made.strip() else text


def _twin(char: str, accents: bool) -> str:
    if char in GSM:
        return char
    found = TABLE.get(char)
    if found is not None or not accents:
        return char if found is None else found
    bare = BARE.get(char)
    if bare is None:
        plain = unicodedata.normalize("NFD", char)
        bare = "".join(one for one in plain if one not in ACCENTS)
    # A Greek capital with an accent, without it, has a twin.
    return TABLE.get(bare, bare)
