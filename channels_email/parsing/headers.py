"""The head of a mail or of one of its parts, as lenient as mailers are careless."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from channels_email.parsing.bounds import MAX_VALUE
from channels_email.parsing.charsets import text_of
from channels_email.parsing.words import decoded

LINE = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
SURELY = re.compile(
    rb"(?:received|return-path|delivered-to|from|to|cc|subject|date|message-id|reply-to|references"
    rb"|in-reply-to|mime-version|content-type|content-transfer-encoding|content-disposition"
    rb"|dkim-signature|x-[a-z-]+):",
    re.IGNORECASE,
)
LOOK_AHEAD = 10  # lines
PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,40}/[a-z0-9][a-z0-9!#$&^_.+-]{0,58}")
CONTINUED = re.compile(r"(?P<name>[^*]+)\*(?P<place>[0-9]{1,4})?(?P<encoded>\*)?")
FIRST_YEAR, LAST_YEAR = 1990, 2100


@dataclass(slots=True)
class Headers:
    """Header fields in order; names in lower case, values unfolded bytes."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)

    def __contains__(self, name: str) -> bool:
        return any(name == key for key, _ in self.fields)

    def all(self, name: str) -> list[str]:
        """Every value of this name, as it stands there."""
        return [text_of(value).strip() for key, value in self.fields if key == name]

    def raw(self, name: str) -> str:
        """The first value of this name as it stands there; empty where there is none."""
        return next(iter(self.all(name)), "")

    def text(self, name: str, limit: int) -> str:
        """The first value in words, on one line, of at most ``limit`` characters."""
        return one_line(decoded(self.raw(name)))[:limit]

    def value(self, name: str) -> tuple[str, dict[str, str]]:
        """A value with parameters: the value in lower case, and the parameters."""
        raw = self.raw(name)[:MAX_VALUE]
        return raw.partition(";")[0].strip().lower(), parameters(raw)

    def content_type(self) -> tuple[str, dict[str, str]]:
        """What the part says it is; text/plain where it says nothing that can be read."""
        kind, given = self.value("content-type")
        if CONTENT_TYPE.fullmatch(kind):
            return kind, given
        return ("text/plain" if kind in ("", "text") else "application/octet-stream"), given

    def date(self) -> datetime | None:
        """When it was written, in UTC; None where that cannot be read or cannot be true."""
        try:
            at = parsedate_to_datetime(self.raw("date")[:200])
            at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
            return None
        return at if FIRST_YEAR <= at.year <= LAST_YEAR else None


def read(raw: bytes, start: int, end: int, limit: int) -> tuple[Headers, int] | None:
    """The head that begins at ``start``, and where the body begins.

    None where it has more than ``limit`` bytes. A line that is no header ends the head, as some
    mailers forget the empty line, unless the head surely goes on below it.
    """
    lines: list[tuple[str, list[bytes]]] = []
    at = start
    while at < end:
        newline = raw.find(b"\n", at, min(end, at + limit + 1))
        if newline == -1 and end - at > limit:  # a line that is too long: it may be the text's
            return None if _in_head(raw[at : at + 300], lines) else (_joined_lines(lines), at)
        after = end if newline == -1 else newline + 1
        if after - start > limit:
            return None
        line = raw[at:after].rstrip(b"\r\n")
        if not line:
            return _joined_lines(lines), after
        if line[:1] in b" \t" and lines:
            lines[-1][1].append(line.strip())
        elif match := LINE.match(line):
            lines.append((match[1].decode("ascii").lower(), [line[match.end() :]]))
        elif not _goes_on(raw, after, min(end, start + limit)):
            return _joined_lines(lines), at
        at = after
    return _joined_lines(lines), end


def _goes_on(raw: bytes, at: int, end: int) -> bool:
    """Whether one of the next lines is surely of a head, before there is an empty one."""
    for _ in range(LOOK_AHEAD):
        newline = raw.find(b"\n", at, end)
        line = raw[at : newline if newline != -1 else end]
        if not line.strip() or newline == -1:
            return False
        if SURELY.match(line):
            return True
        at = newline + 1
    return False


def _in_head(line: bytes, lines: list[tuple[str, list[bytes]]]) -> bool:
    return (line[:1] in b" \t" and bool(lines)) or LINE.match(line) is not None


def _joined_lines(lines: list[tuple[str, list[bytes]]]) -> Headers:
    return Headers([(name, b" ".join(pieces)) for name, pieces in lines])


def parameters(value: str) -> dict[str, str]:
    """The parameters of a header's value: RFC 2045, 2231, and 2047 where it should not be."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, given in PARAMETER.findall(value[:MAX_VALUE]):
        given = _unquoted(given)
        if "*" in name and (match := CONTINUED.fullmatch(name.lower())):
            place = pieces.setdefault(match["name"], {})
            encoded = bool(match["encoded"]) or match["place"] is None
            place.setdefault(int(match["place"] or 0), (encoded, given))
        else:
            plain.setdefault(name.lower(), decoded(given))
    return plain | {name: _joined(place) for name, place in pieces.items()}


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r'\\(["\\])', r"\1", value[1:-1])
    return value.strip('"')


def _joined(pieces: dict[int, tuple[bool, str]]) -> str:
    """RFC 2231: pieces in their order, the first of which names the charset."""
    charset, data = "", b""
    for place, (encoded, piece) in sorted(pieces.items()):
        if encoded and place == min(pieces) and piece.count("'") >= 2:
            charset, _, piece = piece.split("'", 2)
        data += unquote_to_bytes(piece) if encoded else piece.encode("utf-8", "replace")
    return decoded(text_of(data, charset))


def one_line(text: str) -> str:
    """A text on one line, without what turns its direction around."""
    return re.sub(r"[\s\u202a-\u202e\u2066-\u2069]+", " ", text).strip()
