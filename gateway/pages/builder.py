"""The content builder on a page: what it begins with, and what comes back from it.

``templates/content/_builder.html`` shows it, ``js/content/builder.js`` runs it. It is a hidden
field ``content`` with the JSON that the API takes; the server reads it as it reads the API's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gateway.content import bounds
from gateway.content.model import Content
from gateway.content.reading import read

# What a person can build takes no more, with room to spare; in characters of JSON.
LONGEST = 400_000
SHOWN = {"text", "media", "cards", "list", "location", "contacts", "template"}


@dataclass(frozen=True, slots=True)
class Builder:
    """What ``_builder.html`` needs, as ``builder``.

    ``value`` and ``errors`` are JSON: the content it begins with, and what was wrong with it by
    path. ``preview`` is the CSS selector of the element that the looks appear in. ``own_text``:
    the builder asks for the text itself; otherwise the page does and tells it
    (``Builder.setText``).
    """

    upload_url: str
    preview_url: str
    preview: str
    value: str = "{}"
    errors: str = "{}"
    own_text: bool = True

    @property
    def max_file(self) -> int:
        """Bytes."""
        return settings.MEDIA_MAX_BYTES

    @property
    def limits(self) -> Mapping[str, int]:
        """What ``gateway.content.bounds`` says, by name in lower case."""
        names = ("TEXT", "LABEL", "PAYLOAD", "URL", "TITLE", "DESCRIPTION", "FILE_NAME")
        counts = ("MEDIA", "CARDS", "ROWS", "SUGGESTIONS")
        return {name.lower(): getattr(bounds, name) for name in (*names, *counts)}


def parsed(text: str) -> Mapping[str, Any]:
    """The JSON object of the hidden field; ValidationError naming ``content``."""
    try:
        value = json.loads(text) if len(text) <= LONGEST else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValidationError({"content": _("This content cannot be read.")})
    return value


def is_blank(value: Mapping[str, Any]) -> bool:
    """Whether there is nothing to show yet."""
    return not any(value.get(name) for name in SHOWN)


def read_built(text: str) -> Content:
    """The content of the hidden field; ValidationError by ``content.cards.1.title``."""
    try:
        return read(parsed(text))
    except ValidationError as error:
        raise ValidationError(_named(error.message_dict)) from error


def _named(errors: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Paths as the API has them: all of them begin with ``content``."""
    return {
        path if path == "content" else f"content.{path}": list(texts)
        for path, texts in errors.items()
    }
