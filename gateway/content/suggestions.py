"""What can be tapped as JSON: each ``type`` with what it needs beside its words."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from gateway.content.bounds import DESCRIPTION, LABEL, PAYLOAD
from gateway.content.model import (
    AskLocation,
    Calendar,
    Dial,
    OpenUrl,
    Reply,
    ShowLocation,
    Suggestion,
)

if TYPE_CHECKING:
    from gateway.content.reading import Reader

Making = Callable[["Reader", Mapping[str, Any], str, str], Suggestion]


def _reply(reader: "Reader", found: Mapping[str, Any], path: str, text: str) -> Suggestion:
    return Reply(text, reader.text(found, f"{path}.payload", PAYLOAD))


def _open_url(reader: "Reader", found: Mapping[str, Any], path: str, text: str) -> Suggestion:
    return OpenUrl(text, reader.url(found, f"{path}.url"))


def _dial(reader: "Reader", found: Mapping[str, Any], path: str, text: str) -> Suggestion:
    return Dial(text, reader.phone(found, f"{path}.phone"))


def _show_location(reader: "Reader", found: Mapping[str, Any], path: str, text: str) -> Suggestion:
    latitude, longitude = reader.place(found, path)
    return ShowLocation(text, latitude, longitude, reader.text(found, f"{path}.label", LABEL))


def _ask_location(reader: "Reader", found: Mapping[str, Any], path: str, text: str) -> Suggestion:
    return AskLocation(text)


def _calendar(reader: "Reader", found: Mapping[str, Any], path: str, text: str) -> Suggestion:
    title = reader.text(found, f"{path}.title", LABEL, required=True)
    start, end = reader.moment(found, f"{path}.start"), reader.moment(found, f"{path}.end")
    if end < start and not reader.errors:
        reader.wrong(f"{path}.end", _("It ends before it starts."))
    return Calendar(text, title, start, end, reader.text(found, f"{path}.description", DESCRIPTION))


SUGGESTION_KINDS: dict[str, tuple[tuple[str, ...], Making]] = {
    "reply": (("payload",), _reply),
    "open_url": (("url",), _open_url),
    "dial": (("phone",), _dial),
    "show_location": (("latitude", "longitude", "label"), _show_location),
    "ask_location": ((), _ask_location),
    "calendar": (("title", "start", "end", "description"), _calendar),
}
KINDS_IN_WORDS = ", ".join(SUGGESTION_KINDS)
KIND_OF: dict[type, str] = {
    Reply: "reply",
    OpenUrl: "open_url",
    Dial: "dial",
    ShowLocation: "show_location",
    AskLocation: "ask_location",
    Calendar: "calendar",
}
