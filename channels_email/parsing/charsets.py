"""Bytes into text, whatever a mail says they are."""

import codecs
import re

from charset_normalizer import from_bytes

# What mailers write, and what the bytes really are. Where one charset contains another, the larger:
# mailers name the smaller one and use characters of the larger.
MEANT = {
    "": "",
    "ascii": "",
    "us-ascii": "",
    "ansi_x3.4-1968": "",
    "unknown-8bit": "",
    "x-unknown": "",
    "unknown": "",
    "default": "",
    "binary": "",
    "8bit": "",
    "7bit": "",
    "none": "",
    "_autodetect": "",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "ansi": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "big5": "big5hkscs",
    "x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "x-windows-949": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp",
    "unicode": "utf-16",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-cp1252": "cp1252",
    "koi8": "koi8-r",
}
# Codecs of Python that are no charsets, or whose cost grows with the square of the text.
NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
LABEL = re.compile(r"[a-z0-9][a-z0-9_.:+-]{1,39}")
# Others are so rare without being named that taking them for one of these is the likelier error.
GUESSES = ["cp1252", "cp1251", "koi8_r", "cp932", "euc_jp", "iso2022_jp", "gb18030", "big5"]
GUESSES += ["cp949", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256"]
GUESSED = 4096  # bytes looked at to guess; more makes the guess dear, not better
# Without a mark, short texts of other charsets are guessed from too little.
MIN_GUESSED = 24
# What Western Europe writes beyond ASCII, every fourth letter at most. Guessing takes such texts
# for those of their neighbours.
WESTERN = frozenset(
    "áéíóúàèìòùâêîôûäëïöüãõñçåæøßœÿÁÉÍÓÚÀÈÌÒÙÂÊÎÔÛÄËÏÖÜÃÕÑÇÅÆØŒ¿¡«»ªº·€£§°´…–—‘’“”„•©®™½¼\u00a0"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
HALVES = re.compile(r"[\ud800-\udfff]")


def text_of(data: bytes, label: str = "") -> str:
    """The text of some bytes; what fits no charset becomes U+FFFD. Never raises.

    ``label`` is the charset as the mail has it, empty where it says nothing. Lines end in ``\\n``;
    control characters are left out.
    """
    text = _decoded(data, codec_of(label))
    return tidy(text)


def tidy(text: str) -> str:
    """A text without control characters, its lines ended by ``\\n``, in whole characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    return HALVES.sub("\ufffd", CONTROLS.sub("", text))


def codec_of(label: str) -> str:
    """Python's name of a charset; empty where it is to be guessed."""
    name = label.strip(" \t\r\n\"'<>").lower()
    name = name.removeprefix("charset=").removeprefix("3d").strip("\"'")
    if name in MEANT:
        return MEANT[name]
    if name.startswith("cp-"):
        name = "cp" + name[3:]
    if not LABEL.fullmatch(name):
        return ""
    try:
        codec = codecs.lookup(name)
    except LookupError:
        return ""
    text = getattr(codec, "_is_text_encoding", True)
    return codec.name if text and codec.name not in NO_CHARSETS else ""


def _decoded(data: bytes, codec: str) -> str:
    """The text, by the charset that was named if it fits, else by what fits best."""
    if codec and codec != "utf-8":
        try:
            return data.decode(codec)
        except (UnicodeError, ValueError):
            pass
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    if codec:
        # A few wrong bytes in a text of the charset it names: the rest stays readable.
        replaced = data.decode(codec, "replace")
        if replaced.count("\ufffd") * 20 <= len(replaced):
            return replaced
    return _guessed(data)


def _guessed(data: bytes) -> str:
    sample = data[:GUESSED]
    if len(sample) >= MIN_GUESSED and not _is_western(sample.decode("cp1252", "replace")):
        best = from_bytes(sample, steps=3, chunk_size=512, cp_isolation=GUESSES).best()
        if best is not None:
            try:
                return data.decode(best.encoding)
            except (UnicodeError, LookupError):
                pass
    return data.decode("cp1252", "replace")


def _is_western(text: str) -> bool:
    beyond = [character for character in text if character > "\x7f"]
    letters = sum(character.isalpha() for character in text)
    return len(beyond) * 4 <= letters and WESTERN.issuperset(beyond)
