"""Styles within HTML that strangers wrote: how words look, and nothing that reaches out."""

from collections.abc import Iterable

import tinycss2

MAX_STYLE = 4_000  # characters; longer ones are left out
PROPERTIES_WORDS = (
    "background-color border border-bottom border-bottom-color border-bottom-style"
    " border-bottom-width border-collapse border-color border-left border-left-color"
    " border-left-style border-left-width border-radius border-right border-right-color"
    " border-right-style border-right-width border-spacing border-style border-top"
    " border-top-color border-top-style border-top-width border-width box-sizing caption-side"
    " clear color direction display empty-cells float font font-family font-size font-style"
    " font-variant font-weight height letter-spacing line-height list-style-type margin"
    " margin-bottom margin-left margin-right margin-top max-height max-width min-height"
    " min-width opacity overflow-wrap padding padding-bottom padding-left padding-right"
    " padding-top table-layout text-align text-decoration text-indent text-transform"
    " unicode-bidi vertical-align visibility white-space width word-break word-spacing"
    " word-wrap"
)
PROPERTIES = frozenset(PROPERTIES_WORDS.split())
# ``background`` is so common in mails that its colour is kept under the name that means no more.
RENAMED = {"background": "background-color"}
FUNCTIONS = frozenset({"rgb", "rgba", "hsl", "hsla"})
TOKENS = frozenset({"ident", "dimension", "number", "percentage", "hash", "string", "whitespace"})
LITERALS = frozenset({",", "/"})


def safe_style(style: str) -> str:
    """The declarations that may stay, as a browser would read them; empty where none may.

    No URL and no function but those that name a colour, so nothing is fetched; no position, so
    nothing is laid over anything.
    """
    if len(style) > MAX_STYLE:
        return ""
    kept = []
    for one in tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True):
        if one.type != "declaration":
            continue
        name = RENAMED.get(one.lower_name, one.lower_name)
        if name in PROPERTIES and _harmless(one.value):
            value = tinycss2.serialize(one.value).strip()
            kept += [f"{name}:{value}{' !important' if one.important else ''}"] if value else []
    return ";".join(kept)


def _harmless(tokens: Iterable["tinycss2.ast.Node"]) -> bool:
    """Whether a value holds nothing but words, numbers and colours."""
    for token in tokens:
        if token.type == "function":
            if token.lower_name not in FUNCTIONS or not _harmless(token.arguments):
                return False
        elif token.type == "literal":
            if token.value not in LITERALS:
                return False
        elif token.type not in TOKENS:
            return False
    return True
