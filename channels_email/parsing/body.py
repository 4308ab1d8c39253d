"""What a mail says and carries: its text, its HTML, and its files."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels_email.parsing import bounds, headers
from channels_email.parsing.charsets import text_of
from channels_email.parsing.flowed import unflowed
from channels_email.parsing.headers import CONTENT_TYPE, one_line
from channels_email.parsing.html_text import text_of_html
from channels_email.parsing.invitations import in_words
from channels_email.parsing.tnef import Wrapped, unwrapped
from channels_email.parsing.transfer import content, uuencoded_places
from channels_email.parsing.tree import Part
from gateway.events import Attachment

TEXTS = ("text/plain", "text/html")
TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
WHOLE = "whole"  # the path of the mail itself as a file
ENDINGS = {
    "message/rfc822": ".eml",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
}


@dataclass(slots=True)
class Section:
    """One text of a mail, in the forms it came in; several where files stand between texts."""

    plain: str = ""
    html: str = ""

    def text(self) -> str:
        """What it says."""
        return self.plain if self.plain.strip() else text_of_html(self.html)


@dataclass(slots=True)
class Body:
    """What was found in a mail. ``words`` is what its invitations say."""

    sections: list[Section] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def text(self) -> str:
        """All that it says, cut where it is too long."""
        texts = [text.strip("\n") for section in self.sections if (text := section.text()).strip()]
        return "\n\n".join(texts)[: bounds.MAX_TEXT]

    def html(self) -> str:
        """All of its HTML, with the plain texts between; empty where it has no HTML at all."""
        if not any(section.html for section in self.sections):
            return ""
        pieces = [one.html or _as_html(one.plain) for one in self.sections]
        return "\n".join(pieces)[: bounds.MAX_HTML]


def read(raw: bytes, root: Part) -> Body:
    """The body of a mail. Never raises for a tree that was read."""
    body = Body()
    _take(raw, root, body, alternative=None, related=False)
    too_long = sum(len(one.plain) for one in body.sections) > bounds.MAX_TEXT
    if too_long or len(body.files) > bounds.MAX_FILES:
        kept = body.files[: bounds.MAX_FILES - 1]
        body.files = [*kept, Attachment("", "message/rfc822", "mail.eml", len(raw), WHOLE)]
    return body


def _take(
    raw: bytes, part: Part, body: Body, *, alternative: Section | None, related: bool
) -> None:
    """Take in a part: ``alternative`` is the text that it is another form of."""
    if part.parts:
        _take_many(raw, part, body, alternative)
    elif _is_text(part, body, related=related):
        _text(raw, part, body, alternative)
    elif part.kind in TNEF or name_of(part).lower() == "winmail.dat":
        _wrapped(raw, part, body)
    else:
        _file(raw, part, body)


def _take_many(raw: bytes, part: Part, body: Body, alternative: Section | None) -> None:
    related = part.kind == "multipart/related"
    if part.kind == "multipart/alternative" and alternative is None:
        alternative = Section()
        body.sections.append(alternative)
    for place, one in enumerate(part.parts):
        # Only the first of related parts is what is shown; the others are used in it.
        inside = alternative if not related or place == 0 else None
        _take(raw, one, body, alternative=inside, related=related and place > 0)


def _is_text(part: Part, body: Body, *, related: bool) -> bool:
    """Whether a part is read and no file: some mailers name even what they mean to be read."""
    if part.kind.startswith("multipart/"):  # whose parts cannot be found
        return True
    if part.kind not in TEXTS or related:
        return False
    disposition, _ = part.headers.value("content-disposition")
    return disposition != "attachment" and not (name_of(part) and body.sections)


def _text(raw: bytes, part: Part, body: Body, alternative: Section | None) -> None:
    data = content(raw, part)
    is_html = part.kind == "text/html"
    limit = bounds.MAX_HTML if is_html else bounds.MAX_TEXT
    if not is_html:
        data = _without_uuencoded(data, part, body)
    text = text_of(data[: limit * 4], part.given.get("charset", ""))
    if len(text) > limit:
        _file(raw, part, body)
        text = text[:limit]
    if not is_html and part.given.get("format", "").lower() == "flowed":
        text = unflowed(text, delsp=part.given.get("delsp", "").lower() == "yes")
    section = alternative
    if section is None or (section.html if is_html else section.plain):
        section = _next_section(body, text, is_html=is_html)
    if is_html:
        section.html = text
    else:
        section.plain = text


def _next_section(body: Body, text: str, *, is_html: bool) -> Section:
    section = Section()
    if text.strip() or not body.sections:
        body.sections.append(section)
    return section


def _without_uuencoded(data: bytes, part: Part, body: Body) -> bytes:
    places = uuencoded_places(data) if b"begin" in data else []
    kind = "application/octet-stream"
    for place, (name, file, _, _) in enumerate(places):
        inside = f"{part.path}/uu/{place}"
        body.files.append(Attachment("", kind, _safe(name, kind, inside), len(file), inside))
    for _, _, begin, end in reversed(places):
        data = data[:begin] + data[end:]
    return data


def _wrapped(raw: bytes, part: Part, body: Body) -> None:
    """winmail.dat: what is within, or itself where that cannot be read."""
    found = unwrapped(content(raw, part))
    if found is None or not (found.files or found.text or found.html):
        _file(raw, part, body)
        return
    if not any(section.text().strip() for section in body.sections):
        body.sections.append(Section(found.text, found.html))
    body.files += _wrapped_files(found, part)


def _wrapped_files(found: Wrapped, part: Part) -> Iterator[Attachment]:
    for place, file in enumerate(found.files):
        inside = f"{part.path}/tnef/{place}"
        kind = _kind(file.kind.lower())
        name = _safe(file.name, kind, inside)
        yield Attachment("", kind, name, len(file.data), inside, file.content_id.strip("<> "))


def _file(raw: bytes, part: Part, body: Body) -> None:
    data = content(raw, part)
    if not data.strip() and not name_of(part):
        return
    kind = "text/plain" if part.kind.startswith("multipart/") else part.kind
    if kind == "text/calendar":
        words = in_words(text_of(data, part.given.get("charset", "")))
        body.words += [words] if words and words not in body.words else []
    name = _safe(name_of(part) or _title(data, kind), kind, part.path)
    content_id = part.headers.raw("content-id").strip("<> ")[: bounds.MAX_NAME]
    body.files.append(Attachment("", kind, name, len(data), part.path, content_id))


def _title(data: bytes, kind: str) -> str:
    """A name for a forwarded mail: its subject."""
    head = headers.read(data, 0, len(data), bounds.MAX_HEADER_BYTES)
    if kind != "message/rfc822" or head is None:
        return ""
    subject = re.sub(r"[/\\:]", " ", head[0].text("subject", bounds.MAX_NAME - 4))
    return f"{subject}.eml" if subject else ""


def name_of(part: Part) -> str:
    """The name a part gives its file; empty where it gives none."""
    _, given = part.headers.value("content-disposition")
    return given.get("filename") or part.given.get("name") or part.given.get("filename", "")


def _kind(kind: str) -> str:
    return kind if CONTENT_TYPE.fullmatch(kind) else "application/octet-stream"


def _safe(name: str, kind: str, path: str) -> str:
    """A file's name without a folder, and one where it has none."""
    name = one_line(re.split(r"[/\\]", name)[-1]).strip(". ")
    if not name:
        return f"part-{path.replace('/', '-')}{ENDINGS.get(kind, '')}"
    return name if len(name) <= bounds.MAX_NAME else name[: bounds.MAX_NAME - 12] + name[-12:]


def _as_html(text: str) -> str:
    return f'<div style="white-space: pre-wrap">{html.escape(text)}</div>'
