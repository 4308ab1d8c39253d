"""WeChat's XML as plain dictionaries: no declarations, so no entities and nothing to expand."""

from typing import Any
from xml.parsers import expat

from gateway.errors import Malformed

Json = dict[str, Any]
DEEPEST = 8
ROOT = "xml"


class Forbidden(Exception):
    """The document declares something."""


class _Reader:
    """Collects elements; a leaf becomes its text, repeated ones a list."""

    def __init__(self) -> None:
        self.stack: list[tuple[str, Json, list[str]]] = []
        self.root: tuple[str, Any] | None = None

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self.stack) >= DEEPEST:
            raise Forbidden("It is nested too deeply.")
        self.stack.append((name, {}, []))

    def text(self, words: str) -> None:
        if self.stack:
            self.stack[-1][2].append(words)

    def end(self, _name: str) -> None:
        name, children, words = self.stack.pop()
        value: Any = children or "".join(words)
        if not self.stack:
            self.root = (name, value)
            return
        above = self.stack[-1][1]
        if name not in above:
            above[name] = value
        elif isinstance(above[name], list):
            above[name].append(value)
        else:
            above[name] = [above[name], value]

    def refuse(self, *_about: object) -> int:
        raise Forbidden("It declares a document type.")


def read(raw: bytes) -> Json:
    """The fields of an ``<xml>`` document. Malformed for anything else.

    A document type is refused before anything in it is read: without one there are no entities
    but XML's own five.
    """
    reader, parser = _Reader(), expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.ExternalEntityRefHandler = reader.refuse
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, Forbidden, ValueError, LookupError) as error:
        raise Malformed(f"The body is not XML: {error}") from error
    if reader.root is None or reader.root[0] != ROOT or not isinstance(reader.root[1], dict):
        raise Malformed("The body is no message.")
    return reader.root[1]
