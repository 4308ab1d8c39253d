"""The HTML of a mail as text: in the lines that are seen, what it quotes marked by ``>``."""

import re
from collections.abc import Iterator

from lxml import etree
from lxml.etree import HTMLParser, ParserError, XMLSyntaxError

from channels_email.parsing.bounds import MAX_HTML_READ

UNSEEN = frozenset({"script", "style", "head", "title", "noscript", "template", "object", "svg"})
LINES = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "html",
        "legend",
        "main",
        "nav",
        "ol",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
        "hr",
        "li",
    }
)
PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
CELLS = frozenset({"td", "th"})
# Where Outlook and its relatives begin to quote: all that follows in the mail is quoted.
QUOTED_FROM_HERE = frozenset({"appendonsend", "divrplyfwdmsg", "ms-outlook-mobile-reference"})
HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)")
SPACES = re.compile(r"[ \t\n\r\f]+")
INVISIBLE = re.compile("[\u200b\u200c\u2060\ufeff\u00ad\u034f]+")
SHOWN_LINK = re.compile(r"(?:https?://|mailto:|tel:)?(.*?)/?")
TAG = re.compile(r"<[^<>]{0,1000}>")
DEEP = 200
MAX_LINK = 500


class Writer:
    """Gathers what is seen, line by line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.depth = 0
        self.preformatted = 0
        self.spaced = True  # whether a blank at this place would be seen twice

    def write(self, text: str | None) -> None:
        """Write a text as a browser would show it."""
        if not text:
            return
        if self.preformatted:
            first, *others = text.split("\n")
            self.line.append(first)
            for other in others:
                self.end_line(always=True)
                self.line.append(other)
            self.spaced = False
            return
        text = SPACES.sub(" ", text)
        if self.spaced:
            text = text.removeprefix(" ")
        if text:
            self.line.append(text)
            self.spaced = text.endswith(" ")

    def end_line(self, *, always: bool = False) -> None:
        """Begin a new line, if there is anything on this one."""
        text = "".join(self.line).rstrip()
        if text or always:
            self.lines.append(f"{'>' * self.depth} {text}".rstrip() if self.depth else text)
        self.line, self.spaced = [], True

    def paragraph(self) -> None:
        """Leave a line empty."""
        self.end_line()
        empty = ">" * self.depth
        if self.lines and self.lines[-1] != empty:
            self.lines.append(empty)


def text_of_html(html: str) -> str:
    """What a mail's HTML says. Never raises; what lies beyond the bounds is left out."""
    html = html[:MAX_HTML_READ]
    root = _tree(html)
    writer = Writer()
    for event, element in _walk(root) if root is not None else ():
        (_start if event == "start" else _end)(writer, element)
    writer.end_line()
    text = INVISIBLE.sub("", "\n".join(writer.lines)).replace("\u00a0", " ")
    text = re.sub(r"\n{3,}", "\n\n", text).strip("\n")
    # What is nested too deeply for the parser is read without its layout.
    return text or (SPACES.sub(" ", TAG.sub(" ", html)).strip() if html.count("<") > DEEP else "")


def _tree(html: str) -> "etree._Element | None":
    try:
        parser = HTMLParser(
            encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True
        )
        return etree.fromstring(html.encode("utf-8", "replace"), parser)
    except (ParserError, XMLSyntaxError, ValueError, AssertionError):
        return None


def _walk(root: "etree._Element") -> "Iterator[tuple[str, etree._Element]]":
    """The elements that are seen; one that is not seen only ends."""
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "start" and not _seen(element):
            walk.skip_subtree()
            continue
        yield event, element


def _seen(element: "etree._Element") -> bool:
    if not isinstance(element.tag, str) or element.tag in UNSEEN:
        return False
    style = element.get("style")
    return not (style and HIDDEN.search(style.lower()[:2000])) and element.get("hidden") is None


def _start(writer: Writer, element: "etree._Element") -> None:
    tag = str(element.tag)
    if (element.get("id") or "").lower() in QUOTED_FROM_HERE and not writer.depth:
        writer.paragraph()
        writer.depth += 1
    if tag == "br":
        writer.end_line(always=True)
    elif tag in PARAGRAPHS or tag == "blockquote":
        writer.paragraph()
    elif tag in LINES:
        writer.end_line()
    elif tag in CELLS and not writer.spaced:
        writer.write(" ")
    writer.depth += tag == "blockquote"
    writer.preformatted += tag == "pre"
    if tag == "li":
        writer.write("• ")
    elif tag == "img":
        writer.write(SPACES.sub(" ", element.get("alt") or "")[:MAX_LINK])
    writer.write(element.text)


def _end(writer: Writer, element: "etree._Element") -> None:
    tag = str(element.tag)
    if _seen(element):
        if tag == "a":
            _link(writer, element)
        if tag in PARAGRAPHS:
            writer.paragraph()
        elif tag in LINES:
            writer.end_line()
        writer.depth -= tag == "blockquote"
        writer.preformatted -= tag == "pre"
    writer.write(element.tail)


def _link(writer: Writer, element: "etree._Element") -> None:
    """Where a link leads, unless its own words say so."""
    href = (element.get("href") or "").strip()
    if not href.lower().startswith(("http://", "https://")) or len(href) > MAX_LINK:
        return
    shown = "".join(str(piece) for piece in element.itertext()).strip()
    if shown and _bare(shown) != _bare(href):
        writer.write(f" <{href}>")


def _bare(link: str) -> str:
    found = SHOWN_LINK.fullmatch(link.lower())
    return found[1] if found else link
