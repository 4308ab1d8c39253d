"""A template as a page shows it: a bubble with its header, its text and its buttons."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from gateway.content.templates import (
    ButtonKind,
    ProviderTemplate,
    TemplateButton,
    TemplateDraft,
)
from gateway.models import StoredTemplate
from gateway.pages.looks import Tap
from gateway.templates.filling import PARAMETER, TEXT

ICONS = {
    ButtonKind.REPLY: "reply",
    ButtonKind.URL: "external-link",
    ButtonKind.PHONE: "phone",
    ButtonKind.CODE: "copy",
    ButtonKind.OTHER: "circle",
}
TONES = {
    "approved": "success",
    "pending": "accent",
    "rejected": "danger",
    "paused": "warning",
    "disabled": "warning",
    "deleted": "",
}
FILE_ICONS = {"image": "image", "video": "play", "document": "file-text", "location": "map-pin"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text; ``open``: a parameter nobody has given a value yet."""

    text: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class Bubble:
    """What ``_template.html`` shows. ``file_icon`` empty: the header is no file."""

    header: Sequence[Piece]
    file_icon: str
    file_name: str
    body: Sequence[Piece]
    footer: str
    taps: Sequence[Tap]


@dataclass(frozen=True, slots=True)
class ShownTemplate:
    """A template of the list."""

    row: StoredTemplate
    tone: str
    bubble: Bubble

    @property
    def dialog(self) -> str:
        """The id of the dialog that asks before it is deleted."""
        return f"delete-{self.row.pk}"


def shown_template(row: StoredTemplate) -> ShownTemplate:
    """With its parameters as they stand."""
    return ShownTemplate(row, TONES[row.status], bubble_of(row.given))


def bubble_of(
    given: ProviderTemplate | TemplateDraft, values: Mapping[str, str] | None = None
) -> Bubble:
    """``values`` by path, as ``gateway.templates.filling.needs`` names them."""
    said, header = values or {}, given.header
    kind = header.format if header else ""
    return Bubble(
        header=_pieces(header.text, said, "header_values") if header and kind == TEXT else (),
        file_icon=FILE_ICONS.get(kind, "") if kind and kind != TEXT else "",
        file_name=_kind_in_words(kind),
        body=_pieces(given.body, said, "body"),
        footer=given.footer,
        taps=[_tap(place, one, said) for place, one in enumerate(given.buttons)],
    )


def _pieces(text: str, values: Mapping[str, str], where: str) -> list[Piece]:
    pieces = []
    for place, part in enumerate(PARAMETER.split(text)):
        if place % 2:
            value = values.get(f"{where}.{part}", "")
            pieces.append(Piece(value) if value else Piece(f"{{{{{part}}}}}", open=True))
        elif part:
            pieces.append(Piece(part))
    return pieces


def _tap(place: int, one: TemplateButton, values: Mapping[str, str]) -> Tap:
    value = values.get(f"buttons.{place}", "")
    where = re.sub(PARAMETER, lambda found: value or found[0], one.value)
    return Tap(ICONS[one.kind], one.text, where)


def _kind_in_words(kind: str) -> str:
    words = {
        "image": _("Picture"),
        "video": _("Video"),
        "document": _("Document"),
        "location": _("Place"),
    }
    return words.get(kind, kind)
