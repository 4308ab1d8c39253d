"""Names of files from outside: shown and offered for downloads, never a path."""

import re
import unicodedata
from pathlib import PurePosixPath

from gateway.media.kinds import ENDINGS, family

LONGEST = 120
# Separators, and what changes the direction of text so that "exe.jpg" can be written backwards.
FORBIDDEN = re.compile(r'[<>:"|?*%]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]')
DEFAULT = {"image": "picture", "video": "video", "audio": "audio", "text/vcard": "contact"}


def clean_name(name: str, content_type: str) -> str:
    """A harmless name with an ending that fits the type."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join(
        char for char in name if unicodedata.category(char)[0] != "C" or char == "\u200d"
    )
    name = FORBIDDEN.sub("", name).strip(" .")
    endings = ENDINGS[content_type]
    stem, ending = name, PurePosixPath(name).suffix
    if ending.lower() in endings:
        stem = name[: -len(ending)]
    else:
        ending = endings[0]
    stem = (
        stem.strip(" .") or DEFAULT.get(content_type) or DEFAULT.get(family(content_type), "file")
    )
    return f"{stem[: LONGEST - len(ending)]}{ending}"
