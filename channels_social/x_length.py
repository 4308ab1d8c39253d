"""How long a text is to X: twitter-text's weights, version 3.

https://github.com/twitter/twitter-text (config/v3.json): most of the Latin, Greek, Cyrillic and
Arabic writing weighs 1 a character, everything else 2; an emoji 2, of however many characters it is
made; a link 23, however long it is. Counted in the composed form (NFC).
"""

import unicodedata

import regex

MAX_POST = 280
LINK = 23
EMOJI = 2
LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))

# A picture with its skin tone, variation and what is joined to it; a flag; a key cap.
_PICTURE = r"\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?(?:[\U000e0020-\U000e007f]+)?"
EMOJI_SEQUENCE = regex.compile(
    rf"[0-9#*]\ufe0f?\u20e3|\p{{Regional_Indicator}}{{2}}|{_PICTURE}(?:\u200d{_PICTURE})*"
)
# Signs that are text unless a variation selector follows (©, ™, ↔): X counts the bare ones as text.
TEXTUAL = regex.compile(r"[\p{Extended_Pictographic}--\p{Emoji_Presentation}]", regex.V1)
_HOST = r"(?:[\p{L}\p{N}](?:[\p{L}\p{N}_-]*[\p{L}\p{N}])?\.)+"
_PATH = r"(?::[0-9]{1,5})?(?:[/?#](?:[^\s<>\"]*[^\s<>\"'.,:;!?)\]])?)?"
URL = regex.compile(
    rf"(?<![@\p{{L}}\p{{N}}$#./_-])(?:(?P<scheme>https?://))?{_HOST}\p{{L}}{{2,24}}"
    rf"(?![\p{{L}}\p{{N}}@]){_PATH}",
    regex.IGNORECASE,
)


def weight(text: str) -> int:
    """The weighted length of a text, as X compares it with its limit.

    Without https:// a name may be a link to X or not; it then weighs what is more.
    """
    text = unicodedata.normalize("NFC", text)
    total, place = 0, 0
    for found in URL.finditer(text):
        plain = _plain(found.group())
        total += _plain(text[place : found.start()])
        total += LINK if found.group("scheme") else max(LINK, plain)
        place = found.end()
    return total + _plain(text[place:])


def _plain(text: str) -> int:
    """Without looking for links."""
    if text.isascii():
        return len(text)
    total, place = 0, 0
    for found in EMOJI_SEQUENCE.finditer(text):
        if len(found.group()) == 1 and TEXTUAL.fullmatch(found.group()):
            continue
        total += sum(map(_one, text[place : found.start()])) + EMOJI
        place = found.end()
    return total + sum(map(_one, text[place:]))


def _one(char: str) -> int:
    code = ord(char)
    return 1 if any(low <= code <= high for low, high in LIGHT) else 2
