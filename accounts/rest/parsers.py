"""JSON bodies, bounded in size and depth, with nothing in them that PostgreSQL cannot keep."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from accounts.rest.problems import TooLarge

MOST_BYTES = 1_000_000
DEEPEST = 32


class BoundedJSONParser(BaseParser):
    """Takes an object of at most a megabyte, 32 levels deep, in UTF-8."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The object; ParseError or TooLarge."""
        raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise TooLarge(_("A body may have at most 1 MB."))
        try:
            body = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
            self._check(body)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not valid JSON.")) from error
        if not isinstance(body, dict):
            raise ParseError(_("The body must be a JSON object."))
        return body

    def _check(self, body: Any) -> None:
        waiting: list[tuple[Any, int]] = [(body, 0)]
        while waiting:
            value, depth = waiting.pop()
            if depth > DEEPEST:
                raise ValueError("too deep")
            if isinstance(value, dict):
                waiting += [(inner, depth + 1) for pair in value.items() for inner in pair]
            elif isinstance(value, list):
                waiting += [(inner, depth + 1) for inner in value]
            elif isinstance(value, str) and ("\x00" in value or not _encodes(value)):
                raise ValueError("text that cannot be kept")


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(constant)
