"""A mail's parts, found without recursion and within bounds; nothing is copied or decoded."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels_email.parsing import bounds, headers
from channels_email.parsing.headers import Headers
from gateway.errors import Malformed

LONGEST_DELIMITER = 200


@dataclass(slots=True)
class Part:
    """A part: where its body lies in the mail, and the parts it consists of.

    ``path`` names it within this mail, as in ``2.1``; the mail itself is ``1``.
    """

    path: str
    kind: str
    headers: Headers
    given: dict[str, str]  # the parameters of its content type
    start: int
    end: int
    depth: int
    parts: "list[Part]" = field(default_factory=list)

    def walk(self) -> "Iterator[Part]":
        """The part and all within it, in their order."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.parts))


@dataclass(slots=True)
class Spent:
    """What reading one mail has cost so far."""

    parts: int = 0
    header_bytes: int = 0
    searched: int = 0

    def check(self) -> None:
        """Raises Malformed beyond the bounds."""
        if self.parts > bounds.MAX_PARTS:
            raise Malformed(f"The mail has more than {bounds.MAX_PARTS} parts.")
        if self.searched > bounds.MAX_SEARCHED:
            raise Malformed("The mail's parts are nested too deeply for its size.")


def unified(raw: bytes) -> bytes:
    """The mail with lines that end in a line feed, as all but the oldest mailers write."""
    if len(raw) > bounds.MAX_BYTES:
        raise Malformed(f"The mail is larger than {bounds.MAX_BYTES} bytes.")
    return raw.replace(b"\r", b"\n") if b"\n" not in raw[: bounds.MAX_HEADER_BYTES] else raw


def read(raw: bytes) -> Part:
    """The tree of a mail's parts. Raises Malformed for one beyond the bounds, after no more work
    than they allow.
    """
    spent = Spent()
    root = _part(raw, 0, len(raw), "1", 1, "text/plain", spent)
    waiting = deque([root])
    while waiting:
        part = waiting.popleft()
        if part.kind.startswith("multipart/"):
            part.parts = _split(raw, part, spent)
            waiting.extend(part.parts)
    return root


def _part(
    raw: bytes, start: int, end: int, path: str, depth: int, unnamed: str, spent: Spent
) -> Part:
    spent.parts += 1
    spent.check()
    if depth > bounds.MAX_DEPTH:
        raise Malformed(f"The mail's parts are nested more than {bounds.MAX_DEPTH} deep.")
    found = headers.read(raw, start, end, bounds.MAX_HEADER_BYTES - spent.header_bytes)
    if found is None:
        raise Malformed(f"The mail has more than {bounds.MAX_HEADER_BYTES} bytes of headers.")
    head, body = found
    spent.header_bytes += body - start
    kind, given = head.content_type() if "content-type" in head else (unnamed, {})
    return Part(path, kind, head, given, body, end, depth)


def _split(raw: bytes, part: Part, spent: Spent) -> list[Part]:
    """The parts of a multipart; none where its delimiter does not occur."""
    boundary = part.given.get("boundary", "").rstrip()
    if not boundary:
        return []
    spent.searched += part.end - part.start
    spent.check()
    unnamed = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
    found: list[Part] = []
    begin: int | None = None
    for at, after, last in _delimiters(raw, part, boundary.encode("utf-8", "replace")):
        if begin is not None:
            path = f"{part.path}.{len(found) + 1}"
            found.append(_part(raw, begin, at, path, part.depth + 1, unnamed, spent))
        begin = None if last else after
    if begin is not None:  # cut off before its last delimiter
        path = f"{part.path}.{len(found) + 1}"
        found.append(_part(raw, begin, part.end, path, part.depth + 1, unnamed, spent))
    return found


def _delimiters(raw: bytes, part: Part, boundary: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where each delimiter and the line end before it begin, what follows it, if it is the last."""
    mark = b"--" + boundary
    at = raw.find(mark, part.start, part.end)
    while at != -1:
        after = at + len(mark)
        newline = raw.find(b"\n", after, min(part.end, after + LONGEST_DELIMITER))
        line_end = newline if newline != -1 else min(part.end, after + LONGEST_DELIMITER)
        rest = raw[after:line_end].strip()
        complete = newline != -1 or line_end == part.end
        if (at == part.start or raw[at - 1] == 0x0A) and rest in (b"", b"--") and complete:
            before = at - (at > part.start)
            before -= before > part.start and raw[before - 1] == 0x0D
            after = min(line_end + 1, part.end)
            yield before, after, rest == b"--"
        at = raw.find(mark, after, part.end)
