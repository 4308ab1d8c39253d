"""HTML that strangers wrote, made safe to be shown in a sandboxed frame.

Nothing runs, nothing is sent, nothing is fetched that was not allowed. What is left is still shown
apart from our own page: a mail may look like anything.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import nh3

from gateway.safe_css import safe_style

MAX_DEPTH = 1_000  # elements within each other; the parser's cost grows with its square
MAX_GAPS = 10_000  # between two tags: at most so many attributes can stand there
# Nothing is seen of it; it keeps the place of a picture.
NO_PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
DATA_PICTURE = re.compile(r"data:image/(?:png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\s\x00-\x1f]+", re.IGNORECASE)
REMOTE = re.compile(r"https?://[^\s\x00-\x1f]+", re.IGNORECASE)

TAGS_WORDS = (
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col"
    " colgroup dd del dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header"
    " hr i img ins kbd li main mark ol p pre q s samp section small span strike strong sub"
    " sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
TAGS = frozenset(TAGS_WORDS.split())
# Removed with all that is in them; of other unknown elements the words stay.
WITHOUT_CONTENT = frozenset(
    {"script", "style", "title", "template", "iframe", "object", "svg", "math", "noscript"}
    | {"select", "textarea", "button", "audio", "video", "canvas", "noembed", "xmp", "plaintext"}
)
ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align", "valign"},
    "a": {"href"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "font": {"color", "face", "size"},
    "hr": {"size", "width", "color"},
    "img": {"src", "alt", "width", "height", "border", "hspace", "vspace"},
    "ol": {"start", "type"},
    "table": {"width", "height", "border", "cellpadding", "cellspacing", "bgcolor"},
    "td": {"colspan", "rowspan", "width", "height", "bgcolor", "nowrap"},
    "th": {"colspan", "rowspan", "width", "height", "bgcolor", "nowrap"},
    "tr": {"height", "bgcolor"},
}
SCHEMES = frozenset({"http", "https", "mailto", "tel", "cid", "data"})
# They need no end, or end by themselves where the next one begins.
SELF_ENDING_WORDS = (
    "area base br col embed hr img input link meta param source track wbr p li td th tr dt dd"
    " option tbody thead tfoot colgroup"
)
SELF_ENDING = frozenset(SELF_ENDING_WORDS.split())
TAG_NAME = re.compile(r"(/?)([a-zA-Z][^\s/>]*)")
DATA_URL = re.compile(r"data:[^\"'\s>]*")
GAP = re.compile(r"[\s/]")


class Unshowable(ValueError):
    """The HTML is so made that a browser or we would choke on it; its text has to do."""


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """``html`` for a sandboxed frame; ``blocked``: how many remote pictures are not in it."""

    html: str
    blocked: int


def safe_html(
    html: str, *, pictures: Mapping[str, str] | None = None, remote: bool = False
) -> SafeHtml:
    """HTML without scripts, forms, and styles that reach out; links open a new page.

    ``pictures`` maps the content ids of files that came with it to our URLs of them. Pictures that
    lie elsewhere become an empty one whose ``data-remote-src`` says where, unless ``remote``.
    Raises Unshowable.
    """
    check_shape(html)
    cleaning = _Cleaning(pictures or {}, remote, secrets.token_hex(16))
    cleaned = nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags=set(WITHOUT_CONTENT),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=cleaning.attribute,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=set(SCHEMES),
    )
    withheld = re.compile(rf'src="data:{cleaning.mark},([^"]*)"')
    cleaned = withheld.sub(rf'src="{NO_PICTURE}" data-remote-src="\1"', cleaned)
    return SafeHtml(cleaned, cleaning.blocked)


class _Cleaning:
    """What is decided of each attribute, and how many pictures were withheld.

    ``mark`` cannot be known by who wrote the HTML.
    """

    def __init__(self, pictures: Mapping[str, str], remote: bool, mark: str) -> None:
        self.pictures = {name.strip("<> ").lower(): url for name, url in pictures.items()}
        self.remote = remote
        self.mark = mark
        self.blocked = 0

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        """The value as it may stay; None takes the attribute away."""
        if name == "style":
            return safe_style(value) or None
        if name == "href":
            return value if LINK.fullmatch(value.strip()) else None
        if name == "src":
            return self._picture(value.strip())
        return value

    def _picture(self, source: str) -> str:
        if source[:4].lower() == "cid:":
            return self.pictures.get(unquote(source[4:]).strip("<> ").lower(), NO_PICTURE)
        if DATA_PICTURE.fullmatch(source):
            return source
        if not REMOTE.fullmatch(source):
            return NO_PICTURE
        if self.remote:
            return source
        self.blocked += 1
        return f"data:{self.mark},{source}"


def check_shape(html: str) -> None:
    """Raise Unshowable for what would take the parser long."""
    depth = 0
    for piece in html.split("<")[1:]:
        found = TAG_NAME.match(piece)
        if found and found[2].lower() not in SELF_ENDING:
            depth = max(depth - 1, 0) if found[1] else depth + 1
        gaps = len(piece) > MAX_GAPS and len(GAP.findall(DATA_URL.sub("", piece)))
        if depth > MAX_DEPTH or gaps > MAX_GAPS:
            raise Unshowable("The HTML is too deeply nested or has too many attributes.")
