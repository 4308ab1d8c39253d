"""What a file is, by its bytes: the types that are taken, and which of them a browser may show.

Who sends a file may call it anything. Only what is in these tables is kept, under the type its
bytes have; nothing that a browser would run (HTML, SVG, scripts) is in them.
"""

import codecs

# How many bytes tell what a file is.
HEAD = 4096

# Content type → what it begins with, at which place.
MAGIC: tuple[tuple[str, bytes, int], ...] = (
    ("image/jpeg", b"\xff\xd8\xff", 0),
    ("image/png", b"\x89PNG\r\n\x1a\n", 0),
    ("image/gif", b"GIF87a", 0),
    ("image/gif", b"GIF89a", 0),
    ("image/webp", b"WEBPVP8", 8),
    ("audio/wav", b"WAVEfmt", 8),
    ("video/webm", b"\x1a\x45\xdf\xa3", 0),
    ("video/mpeg", b"\x00\x00\x01\xba", 0),
    ("audio/mpeg", b"ID3", 0),
    ("audio/mpeg", b"\xff\xfb", 0),
    ("audio/mpeg", b"\xff\xf3", 0),
    ("audio/mpeg", b"\xff\xf2", 0),
    ("audio/aac", b"\xff\xf1", 0),
    ("audio/aac", b"\xff\xf9", 0),
    ("audio/amr", b"#!AMR", 0),
    ("audio/ogg", b"OggS", 0),
    ("application/pdf", b"%PDF-", 0),
)
# ISO base media: the brand after "ftyp" says which of the family it is; others are video/mp4.
FTYP = b"ftyp"
BRANDS: dict[bytes, str] = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"msf1": "image/heic",
    b"avif": "image/avif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
    b"3gp6": "video/3gpp",
    b"3gg6": "video/3gpp",
    b"3g2a": "video/3gpp2",
    b"qt  ": "video/quicktime",
}
# Texts that say what they are, and those that are taken at their word because nobody runs them.
TEXTS: tuple[tuple[str, bytes], ...] = (
    ("text/vcard", b"BEGIN:VCARD"),
    ("text/calendar", b"BEGIN:VCALENDAR"),
)
PLAIN = frozenset({"text/plain", "text/csv"})
OFFICE = "application/vnd.openxmlformats-officedocument."
PACKED = frozenset(
    f"{OFFICE}{kind}"
    for kind in ("wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation")
)

# The first is given to a name that has another ending.
ENDINGS: dict[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg", ".jfif"),
    "image/png": (".png",),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/heic": (".heic", ".heif"),
    "image/avif": (".avif",),
    "video/mp4": (".mp4", ".m4v"),
    "video/webm": (".webm", ".mkv"),
    "video/mpeg": (".mpg", ".mpeg"),
    "video/3gpp": (".3gp",),
    "video/3gpp2": (".3g2",),
    "video/quicktime": (".mov",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a", ".m4b"),
    "audio/aac": (".aac",),
    "audio/amr": (".amr",),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "audio/wav": (".wav",),
    "application/pdf": (".pdf",),
    "text/vcard": (".vcf", ".vcard"),
    "text/calendar": (".ics",),
    "text/plain": (".txt",),
    "text/csv": (".csv",),
    f"{OFFICE}wordprocessingml.document": (".docx",),
    f"{OFFICE}spreadsheetml.sheet": (".xlsx",),
    f"{OFFICE}presentationml.presentation": (".pptx",),
}
# Shown in the page; everything else is a download.
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"})
PLAYED = frozenset(
    {"video/mp4", "video/webm", "audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/wav"}
)
INLINE = PICTURES | PLAYED


def recognize(head: bytes, declared: str = "", name: str = "") -> str:
    """The content type of what begins with ``head`` (HEAD bytes); empty when it is not taken.

    ``declared`` and the name's ending only tell apart what its bytes cannot (CSV, office files).
    """
    for kind, magic, place in MAGIC:
        if head[place : place + len(magic)] == magic:
            return kind
    if head[4:8] == FTYP:
        return BRANDS.get(head[8:12], "video/mp4")
    claimed = bare(declared)
    if head.startswith(b"PK\x03\x04"):
        return _claimed(PACKED, claimed, name)
    return _text(head, claimed, name)


def bare(content_type: str) -> str:
    """A content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def family(content_type: str) -> str:
    """``image``, ``video``, ``audio``, or ``file`` for all else."""
    word = content_type.partition("/")[0]
    return word if word in {"image", "video", "audio"} else "file"


def _text(head: bytes, claimed: str, name: str) -> str:
    begins = head.removeprefix(codecs.BOM_UTF8).lstrip()[:32].upper()
    for kind, words in TEXTS:
        if begins.startswith(words):
            return kind
    if not head or b"\0" in head or begins.startswith(b"<"):
        return ""
    try:
        # A character may be cut at the end of what was looked at.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return ""
    return _claimed(PLAIN, claimed, name)


def _claimed(kinds: frozenset[str], claimed: str, name: str) -> str:
    if claimed in kinds:
        return claimed
    return next((kind for kind in sorted(kinds) if name.lower().endswith(ENDINGS[kind])), "")
