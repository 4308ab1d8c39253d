"""A marketer's HTML as it leaves: styles inlined, links counted, what every mail must have added.

Gaps are held open by marks that no parser touches (letters and digits), and become gaps again when
all is done.
"""

import re
from collections.abc import Callable
from html import escape, unescape

import css_inline
from inscriptis import get_text
from inscriptis.model.config import ParserConfig

LINK = re.compile(r'(<a\b[^>]*?\shref=")([^"]*)(")', re.IGNORECASE)
BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
BODY_END = re.compile(r"</body\s*>(?!.*</body)", re.IGNORECASE | re.DOTALL)
HIDDEN = "display:none;max-height:0;max-width:0;opacity:0;overflow:hidden;mso-hide:all"
# Fills what is left of the line in a list of mails, so that no more than the preheader is there.
PADDING = "&#847;&zwnj;&nbsp;" * 60
FOOTER = (
    '<div style="margin:24px auto 0;padding:16px;max-width:600px;font:12px/18px Arial,Helvetica,'
    'sans-serif;color:#595959;text-align:center">{words} <a href="{url}" style="color:#595959;'
    'text-decoration:underline">{link}</a></div>'
)
PIXEL = '<img src="{url}" width="1" height="1" alt="" style="display:block;border:0">'
AS_TEXT = ParserConfig(display_links=True, display_images=False)


def text_of(html: str) -> str:
    """The text part that says the same; variables stay as they are."""
    lines = [line.rstrip() for line in get_text(html, AS_TEXT).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def inlined(html: str) -> str:
    """A whole document with its styles at its elements; nothing is fetched.

    What cannot stand at an element (media queries) stays in its head.
    """
    return css_inline.inline(html, keep_style_tags=True, load_remote_stylesheets=False)


def with_links(html: str, changed: Callable[[str], str]) -> str:
    """Each link's address through ``changed``, which is given and gives it unescaped."""
    return LINK.sub(lambda link: link[1] + escape(changed(unescape(link[2]))) + link[3], html)


def with_preheader(html: str, words: str) -> str:
    """Words that lists of mails show, at the beginning and unseen."""
    if not words:
        return html
    hidden = f'<div style="{HIDDEN}">{escape(words)}{PADDING}</div>'
    return BODY.sub(lambda body: body[0] + hidden, html, count=1)


def with_footer(html: str, *, words: str, link: str, url: str) -> str:
    """A line at the end that says why one gets this, and how it ends."""
    return at_end(html, FOOTER.format(words=escape(words), link=escape(link), url=escape(url)))


def with_pixel(html: str, url: str) -> str:
    """A picture nobody sees, which tells when the mail is opened."""
    return at_end(html, PIXEL.format(url=escape(url)))


def at_end(html: str, more: str) -> str:
    """More at the end of what is seen."""
    return BODY_END.sub(lambda end: more + end[0], html, count=1)
