"""Templates of requests: variables stand inside values, and a value never becomes structure.

A template is read once (as JSON, as form fields, as a URL) and only then filled, string by string.
What is filled in is never looked through for variables again, so a text cannot name one.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from django.utils.translation import gettext as _

VARIABLES = (
    "to",
    "to_digits",
    "from",
    "from_digits",
    "text",
    "id",
    "status_url",
    "key",
    "validity",
)
# What a path and a header may hold: nothing that a customer or an agent has written.
PLAIN = frozenset(VARIABLES) - {"text", "status_url"}
# What a message may not have; a value that is nothing but this is then left out.
OPTIONAL = "validity"
VARIABLE = re.compile(r"\{\{\s*(\w*)\s*\}\}")
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# These belong to the connection or follow from the URL and the body.
OWN_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}
    | {"expect", "content-encoding", "accept-encoding"}
)

Values = Mapping[str, str]
Pairs = list[tuple[str, str]]


class InvalidTemplate(ValueError):
    """The template cannot be read; the message is for people."""


def fill(template: str, values: Values) -> str:
    """One string with its variables replaced, in one pass."""
    if "{{" not in template:
        return template
    return VARIABLE.sub(lambda found: values[found[1]], template)


def used(template: str) -> set[str]:
    """The variables in a string."""
    return set(VARIABLE.findall(template))


def check_string(template: str, allowed: Iterable[str] = VARIABLES) -> None:
    """InvalidTemplate for a variable that does not exist or may not stand here."""
    names = set(allowed)
    for name in VARIABLE.findall(template):
        if name not in VARIABLES:
            raise InvalidTemplate(
                _("There is no variable {{%(name)s}}. There are: %(names)s.")
                % {"name": name[:40], "names": ", ".join(VARIABLES)}
            )
        if name not in names:
            raise InvalidTemplate(_("{{%s}} may not stand here.") % name)
    rest = VARIABLE.sub("", template)
    if "{{" in rest or "}}" in rest:
        raise InvalidTemplate(_("A variable is written like {{to}}, in one piece."))


# --- JSON ---------------------------------------------------------------------------------------


def read_json(template: str) -> Any:
    """A JSON object, or a list of objects, with variables in its strings. InvalidTemplate else."""
    try:
        tree = json.loads(template, parse_constant=_no_constant)
        for text, is_name in _strings(tree):
            check_string(text, () if is_name else VARIABLES)
    except InvalidTemplate:
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidTemplate(
            _('This is not JSON (%s). Variables stand inside quotes: "{{to}}".') % error
        ) from error
    rows = tree if isinstance(tree, list) else [tree]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise InvalidTemplate(_("The body must be a JSON object or a list of objects."))
    return tree


def fill_json(tree: Any, values: Values) -> Any:
    """The same structure with its strings filled."""
    if isinstance(tree, str):
        return fill(tree, values)
    if isinstance(tree, dict):
        return {
            name: fill_json(value, values)
            for name, value in tree.items()
            if not _left_out(value, values)
        }
    if isinstance(tree, list):
        return [fill_json(value, values) for value in tree]
    return tree


def _left_out(template: Any, values: Values) -> bool:
    found = VARIABLE.fullmatch(template) if isinstance(template, str) else None
    return found is not None and found[1] == OPTIONAL and not values.get(OPTIONAL)


def names_of(tree: Any, variables: Iterable[str], name: str = "") -> set[str]:
    """The names in a JSON template under which one of these variables stands."""
    if isinstance(tree, str):
        return {name} if used(tree) & set(variables) else set()
    if isinstance(tree, dict):
        return set().union(*(names_of(tree[key], variables, key) for key in tree))
    if isinstance(tree, list):
        return set().union(*(names_of(value, variables, name) for value in tree))
    return set()


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def _strings(tree: Any) -> Iterable[tuple[str, bool]]:
    """Every string and whether it is a name."""
    if isinstance(tree, str):
        yield tree, False
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield name, True
            yield from _strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _strings(value)


# --- Forms and headers --------------------------------------------------------------------------


def read_form(template: str) -> Pairs:
    """Form fields, one ``name=value`` a line. InvalidTemplate for a line that is none."""
    pairs = [_split(line, "=", "to={{to}}") for line in lines(template)]
    for name, value in pairs:
        check_string(name, ())
        check_string(value)
    return pairs


def read_headers(text: str) -> Pairs:
    """Headers, one ``Name: value`` a line. InvalidTemplate for what is none or not ours to set."""
    pairs = [_split(line, ":", "Authorization: Bearer {{key}}") for line in lines(text)]
    for name, value in pairs:
        if not HEADER_NAME.fullmatch(name) or name.lower() in OWN_HEADERS:
            raise InvalidTemplate(_("“%s” cannot be set as a header.") % name[:60])
        if not (value.isascii() and value.isprintable()):
            raise InvalidTemplate(_("The header “%s” may hold printable ASCII only.") % name[:60])
        check_string(value, PLAIN)
    return pairs


def fill_pairs(pairs: Pairs, values: Values) -> Pairs:
    """The same names with their values filled."""
    return [(name, fill(value, values)) for name, value in pairs if not _left_out(value, values)]


def lines(text: str) -> list[str]:
    """The lines that are not blank."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _split(line: str, sign: str, example: str) -> tuple[str, str]:
    name, found, value = line.partition(sign)
    if not found or not name.strip():
        # Only the part before the sign is named: a header's value is a secret.
        raise InvalidTemplate(_("Each line is like this: %s") % example)
    return name.strip(), value.strip()


# --- URLs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UrlTemplate:
    """A URL in parts: ``start`` is scheme and host, ``query`` its parameters."""

    start: str
    path: str
    query: Pairs

    def at(self, base: str) -> "UrlTemplate":
        """The same path and query below another address, unless it lies there already."""
        if f"{self.start}{self.path}".startswith(f"{base}/"):
            return self
        return UrlTemplate(base, self.path, self.query)

    def filled(self, values: Values) -> tuple[str, Pairs]:
        """The URL without its query, and the query's parameters. ValueError when a value would
        change the path.
        """
        segments = [
            VARIABLE.sub(_quoted(values), one) if "{{" in one else one
            for one in self.path.split("/")
        ]
        if any(one in {".", ".."} for one in segments):
            raise ValueError("A value would change the path.")
        return f"{self.start}{'/'.join(segments)}", fill_pairs(self.query, values)


def read_url(template: str) -> UrlTemplate:
    """A URL with variables in its path and its parameters' values. InvalidTemplate for others."""
    try:
        parts = urlsplit(template)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise InvalidTemplate(_("This is no web address; write it like https://…."))
    if "@" in parts.netloc or parts.fragment:
        raise InvalidTemplate(_("The address may hold neither a user name nor a #."))
    check_string(parts.netloc, ())
    check_string(parts.path, PLAIN - {OPTIONAL})
    if any(one in {".", ".."} for one in parts.path.split("/")):
        raise InvalidTemplate(_("The path may not hold . or .. ."))
    query = parse_qsl(parts.query, keep_blank_values=True)
    for name, value in query:
        check_string(name, ())
        check_string(value)
    return UrlTemplate(f"{parts.scheme}://{parts.netloc}", parts.path or "/", query)


def _quoted(values: Values) -> Callable[[re.Match[str]], str]:
    return lambda found: quote(values[found[1]], safe="")
