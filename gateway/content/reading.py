"""Content as JSON: read from the API, the composer and the database, and written again.

    {"text": "…", "media": [{"url", "content_type", "name"}], "cards": [{"title", "text", "media",
     "suggestions"}], "list": {"button", "rows": [{"text", "payload", "description"}]},
     "location": {"latitude", "longitude", "label"}, "contacts": [{"name", "phones": ["+1…"],
     "emails": ["…"]}], "suggestions": [{"type", "text", …}],
     "template": {"name", "language", "text", "body": {"1": "…"}, "header_values": {"1": "…"},
     "header": {a file}, "buttons": {"0": "…"}, "button_kinds": {"0": "url"}}}

A suggestion's ``type`` is ``reply`` {payload}, ``open_url`` {url}, ``dial`` {phone},
``show_location`` {latitude, longitude, label}, ``ask_location`` or ``calendar`` {title, start, end,
description}. A file of our own is ``{"file": id}``. Whatever is not there is empty. Times are ISO
8601 with an offset. What a campaign's delivery offers by number stands beside it (``options``).
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from gateway.addresses import EMAIL, InvalidAddress, normalize
from gateway.content.bounds import (
    CARDS,
    CONTACTS,
    CONTENT_TYPE,
    DESCRIPTION,
    FILE_NAME,
    LABEL,
    MAILBOX,
    MEDIA,
    NAME,
    NUMBERS,
    PAYLOAD,
    PERSON,
    ROWS,
    SUGGESTIONS,
    TEXT,
    TITLE,
    URL,
    VALUES,
)
from gateway.content.model import (
    Card,
    ContactCard,
    Content,
    Location,
    Media,
    Menu,
    Reply,
    Row,
    Suggestion,
    TemplateUse,
)
from gateway.content.suggestions import KIND_OF, KINDS_IN_WORDS, SUGGESTION_KINDS
from gateway.content.templates import ButtonKind

# Beside stored content: what it offers by number (gateway.content.options), what it answers
# (gateway.answering), of which letter it is one (gateway.letters).
OPTIONS, ABOUT, LETTER = "options", "about", "letter"
SURROGATES = re.compile("[\ud800-\udfff]")
E164 = re.compile(r"\+[1-9]\d{6,14}")
PARAMETER = re.compile(r"\w{1,60}")
MIME = re.compile(r"[\w.+-]+/[\w.+*-]+")
T = TypeVar("T")


def read(value: Any) -> Content:
    """Content from JSON; ValidationError by the path of what is wrong (``cards.1.title``)."""
    reader = Reader()
    content = reader.content(reader.mapping(value, ""))
    if not reader.errors and content.is_empty:
        reader.errors["text"] = _("There is nothing to send.")
    if reader.errors:
        raise ValidationError(dict(reader.errors))
    return content


def read_stored(value: Mapping[str, Any]) -> Content:
    """Content that ``write`` has written, links to our own files included."""
    reader = Reader(own=True)
    content = reader.content(value)
    if reader.errors:
        raise ValidationError(dict(reader.errors))
    return content


def write(content: Content) -> dict[str, Any]:
    """Content as JSON, without what is empty; ``read`` gives it back."""
    written: dict[str, Any] = _written(content)
    if "menu" in written:
        written["list"] = written.pop("menu")
    if content.template is not None:
        for name in ("body", "header_values", "buttons", "button_kinds"):
            if values := getattr(content.template, name):
                written["template"][name] = {str(key): value for key, value in values}
    return written


class Reader:
    """Reads parts of content and collects what is wrong with them, by path.

    ``own``: we wrote it ourselves, so a stored file may have its link beside it.
    """

    def __init__(self, *, own: bool = False) -> None:
        self.errors: dict[str, Any] = {}
        self.own = own

    def content(self, found: Mapping[str, Any]) -> Content:
        """The whole."""
        names = {"text", "media", "cards", "list", "location", "contacts", "suggestions"}
        names.add("template")
        self.known(found, "", names | {OPTIONS, ABOUT, LETTER} if self.own else names)
        menu, place, use = found.get("list"), found.get("location"), found.get("template")
        return Content(
            text=self.text(found, "text", TEXT),
            media=self.several(found, "media", MEDIA, self.media),
            cards=self.several(found, "cards", CARDS, self.card),
            menu=None if menu is None else self.menu(menu, "list"),
            location=None if place is None else self.location(place, "location"),
            contacts=self.several(found, "contacts", CONTACTS, self.contact),
            suggestions=self.several(found, "suggestions", SUGGESTIONS, self.suggestion),
            template=None if use is None else self.template(use, "template"),
        )

    def template(self, value: Any, path: str) -> TemplateUse:
        """A template by its name, with values for its parameters."""
        found = self.mapping(value, path)
        names = {"name", "language", "text", "body", "header_values", "header", "buttons"}
        names.add("button_kinds")
        self.known(found, path, names)
        file = found.get("header")
        return TemplateUse(
            name=self.text(found, f"{path}.name", NAME, required=True),
            language=self.text(found, f"{path}.language", LABEL, required=True),
            text=self.text(found, f"{path}.text", TEXT, required=self.own),
            body=self.values(found, f"{path}.body"),
            header_values=self.values(found, f"{path}.header_values"),
            header=None if file is None else self.media(file, f"{path}.header"),
            buttons=self.numbered(found, f"{path}.buttons"),
            button_kinds=self.button_kinds(found, f"{path}.button_kinds"),
        )

    def button_kinds(self, found: Mapping[str, Any], path: str) -> tuple[tuple[int, str], ...]:
        """What a template's buttons do, by their places."""
        kinds = self.numbered(found, path)
        for place, kind in kinds:
            if kind not in set(ButtonKind):
                self.wrong(f"{path}.{place}", _("One of: %s.") % ", ".join(ButtonKind))
                return ()
        return kinds

    def values(self, found: Mapping[str, Any], path: str) -> tuple[tuple[str, str], ...]:
        """Values by the names of their parameters."""
        given = self.mapping(found.get(_last(path), {}), path)
        if len(given) > VALUES:
            self.wrong(path, _("At most %(limit)s.") % {"limit": VALUES})
            return ()
        for name in given:
            if not PARAMETER.fullmatch(str(name)):
                self.wrong(path, _("A parameter's name has letters, digits and _ alone."))
                return ()
        return tuple((name, self.text(given, f"{path}.{name}", TEXT)) for name in given)

    def numbered(self, found: Mapping[str, Any], path: str) -> tuple[tuple[int, str], ...]:
        """Values by their places, from 0."""
        values = self.values(found, path)
        if not all(re.fullmatch(r"\d{1,2}", place) for place, _value in values):
            self.wrong(path, _("Places are counted from 0."))
            return ()
        return tuple((int(place), value) for place, value in values)

    def card(self, value: Any, path: str) -> Card:
        """A card that shows something."""
        found = self.mapping(value, path)
        self.known(found, path, {"title", "text", "media", "suggestions"})
        inside = f"{path}." if path else ""
        picture = found.get("media")
        card = Card(
            title=self.text(found, f"{inside}title", TITLE),
            text=self.text(found, f"{inside}text", DESCRIPTION),
            media=None if picture is None else self.media(picture, f"{inside}media"),
            suggestions=self.several(found, f"{inside}suggestions", SUGGESTIONS, self.suggestion),
        )
        if not (card.title or card.text or card.media):
            self.wrong(path, _("A card needs a title, a text or a picture."))
        return card

    def media(self, value: Any, path: str) -> Media:
        """A file at a web address, or one of our own by its id."""
        found = self.mapping(value, path)
        self.known(found, path, {"url", "content_type", "name", "size", "file"})
        if "file" in found:
            return self.own_file(found, path)
        kind = self.text(found, f"{path}.content_type", CONTENT_TYPE, required=True)
        if kind and not MIME.fullmatch(kind):
            self.wrong(f"{path}.content_type", _("Write it as image/jpeg."))
        size = found.get("size")
        if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
            self.wrong(f"{path}.size", _("Bytes, as a whole number."))
            size = None
        name = self.text(found, f"{path}.name", FILE_NAME)
        return Media(self.url(found, f"{path}.url"), kind.lower(), name, size)

    def own_file(self, found: Mapping[str, Any], path: str) -> Media:
        """A stored file; what else is said of it is true only where we wrote it ourselves."""
        if "url" in found and not self.own:
            self.wrong(f"{path}.url", _("Give either a file or its address."))
        file, size = self.text(found, f"{path}.file", LABEL, required=True), found.get("size")
        try:
            file = str(UUID(file))
        except ValueError:
            self.wrong(f"{path}.file", _("The id of a file is expected here."))
        kind = self.text(found, f"{path}.content_type", CONTENT_TYPE)
        name = self.text(found, f"{path}.name", FILE_NAME)
        url = self.text(found, f"{path}.url", URL) if self.own else ""
        return Media(url, kind, name, size if isinstance(size, int) else None, file)

    def menu(self, value: Any, path: str) -> Menu:
        """A list with something to pick."""
        found = self.mapping(value, path)
        self.known(found, path, {"button", "rows"})
        rows = self.several(found, f"{path}.rows", ROWS, self.row)
        if not rows:
            self.wrong(f"{path}.rows", _("A list needs something to pick."))
        return Menu(self.text(found, f"{path}.button", LABEL, required=True), rows)

    def row(self, value: Any, path: str) -> Row:
        """A line of a list."""
        found = self.mapping(value, path)
        self.known(found, path, {"text", "payload", "description"})
        text = self.text(found, f"{path}.text", LABEL, required=True)
        payload = self.text(found, f"{path}.payload", PAYLOAD)
        return Row(text, payload, self.text(found, f"{path}.description", DESCRIPTION))

    def location(self, value: Any, path: str) -> Location:
        """A place."""
        found = self.mapping(value, path)
        self.known(found, path, {"latitude", "longitude", "label"})
        latitude, longitude = self.place(found, path)
        return Location(latitude, longitude, self.text(found, f"{path}.label", LABEL))

    def contact(self, value: Any, path: str) -> ContactCard:
        """Somebody's card."""
        found = self.mapping(value, path)
        self.known(found, path, {"name", "phones", "emails"})
        card = ContactCard(
            name=" ".join(self.text(found, f"{path}.name", PERSON, required=True).split()),
            phones=self.several(found, f"{path}.phones", NUMBERS, self.number),
            emails=self.several(found, f"{path}.emails", NUMBERS, self.mailbox),
        )
        if not (card.phones or card.emails):
            self.wrong(path, _("A contact needs a number or an e-mail address."))
        return card

    def number(self, value: Any, path: str) -> str:
        """A number of a list."""
        return self.phone({_last(path): value}, path)

    def mailbox(self, value: Any, path: str) -> str:
        """An address of a list."""
        try:
            return normalize(EMAIL, self.text({_last(path): value}, path, MAILBOX))
        except InvalidAddress as error:
            self.wrong(path, str(error))
            return ""

    def suggestion(self, value: Any, path: str) -> Suggestion:
        """Any kind of suggestion, by its ``type``."""
        found = self.mapping(value, path)
        kind = found.get("type")
        reading = SUGGESTION_KINDS.get(kind) if isinstance(kind, str) else None
        if reading is None:
            self.wrong(f"{path}.type", _("One of: %(kinds)s.") % {"kinds": KINDS_IN_WORDS})
            return Reply("")
        text = self.text(found, f"{path}.text", LABEL, required=True)
        names, make = reading
        self.known(found, path, {"type", "text", *names})
        return make(self, found, path, text)

    # --- Values

    def mapping(self, value: Any, path: str) -> Mapping[str, Any]:
        """A JSON object."""
        if isinstance(value, Mapping):
            return value
        self.wrong(path, _("An object is expected here."))
        return {}

    def several(
        self, found: Mapping[str, Any], path: str, limit: int, read_one: Callable[[Any, str], T]
    ) -> tuple[T, ...]:
        """A JSON array of at most ``limit``."""
        values = found.get(_last(path))
        if values is None:
            return ()
        if not isinstance(values, list | tuple):
            self.wrong(path, _("A list is expected here."))
            return ()
        if len(values) > limit:
            self.wrong(path, _("At most %(limit)s.") % {"limit": limit})
        return tuple(read_one(value, f"{path}.{n}") for n, value in enumerate(values[:limit]))

    def text(
        self, found: Mapping[str, Any], path: str, limit: int, *, required: bool = False
    ) -> str:
        """A string of at most ``limit`` characters."""
        value = found.get(_last(path), "")
        if not isinstance(value, str) or not _can_be_kept(value):
            self.wrong(path, _("Text is expected here."))
            return ""
        text = value.strip()
        if len(text) > limit:
            self.wrong(path, _("At most %(limit)s characters.") % {"limit": limit})
        if required and not text:
            self.wrong(path, _("This is needed."))
        return text

    def url(self, found: Mapping[str, Any], path: str) -> str:
        """A web address."""
        value = self.text(found, path, URL, required=True)
        try:
            parts = urlsplit(value)
            whole = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            whole = False
        if value and not whole:
            self.wrong(path, _("An address that begins with https:// is expected here."))
        return value

    def phone(self, found: Mapping[str, Any], path: str) -> str:
        """A number in international form."""
        value: str = re.sub(r"[\s().-]", "", self.text(found, path, LABEL, required=True))
        if value and not E164.fullmatch(value):
            self.wrong(path, _("Write the number as +14155550123."))
        return value

    def place(self, found: Mapping[str, Any], path: str) -> tuple[float, float]:
        """Latitude and longitude in degrees."""
        latitude = self._degrees(found, f"{path}.latitude", 90)
        return latitude, self._degrees(found, f"{path}.longitude", 180)

    def _degrees(self, found: Mapping[str, Any], path: str, limit: int) -> float:
        value = found.get(_last(path))
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= limit:
            return float(value)
        self.wrong(path, _("Degrees from -%(limit)s to %(limit)s.") % {"limit": limit})
        return 0.0

    def moment(self, found: Mapping[str, Any], path: str) -> datetime:
        """A time with its offset."""
        try:
            value = parse_datetime(self.text(found, path, LABEL, required=True))
        except ValueError:
            value = None
        if value is None or value.tzinfo is None:
            self.wrong(path, _("Write the time as 2026-05-01T18:00:00+02:00."))
            return datetime.now(UTC)
        return value

    def known(self, found: Mapping[str, Any], path: str, names: set[str]) -> None:
        """Nothing that nobody would look at."""
        for name in found.keys() - names:
            self.wrong(f"{path}.{name}" if path else str(name), _("Unknown field."))

    def wrong(self, path: str, error: Any) -> None:
        """Note the first thing that is wrong at a path."""
        self.errors.setdefault(path or "content", error)


def _can_be_kept(text: str) -> bool:
    """PostgreSQL takes neither a NUL nor half of a surrogate pair; JSON can hold both."""
    return "\x00" not in text and not SURROGATES.search(text)


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_written(one) for one in value]
    if not dataclasses.is_dataclass(value):
        return value
    pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    written = {name: _written(one) for name, one in pairs if one not in ("", (), None)}
    kind = KIND_OF.get(type(value))
    return {"type": kind, **written} if kind else written
