"""What a message may be made of, whatever the channel: the model that adapters are given.

A ``Content`` is what a person wrote and wants shown. What a channel cannot show is adapted by the
rules of ``gateway.content.adapting`` before an adapter sees it, so an adapter is only ever given
what its capabilities say it can do.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Media:
    """A file at a public address. ``size`` in bytes, None when nobody has asked.

    ``file`` is the id of a file of our own (gateway.media), whose other fields are filled in when
    it is sent.
    """

    url: str
    content_type: str
    name: str = ""
    size: int | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A suggested answer: tapped, it comes back as a message with ``payload``."""

    text: str
    payload: str = ""


@dataclass(frozen=True, slots=True)
class OpenUrl:
    """A button that opens a page."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Dial:
    """A button that calls a number (E.164)."""

    text: str
    phone: str


@dataclass(frozen=True, slots=True)
class ShowLocation:
    """A button that shows a place on a map; degrees."""

    text: str
    latitude: float
    longitude: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class AskLocation:
    """A button that asks the person where they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """A button that notes a date; ``start`` and ``end`` with a time zone."""

    text: str
    title: str
    start: datetime
    end: datetime
    description: str = ""


Suggestion = Reply | OpenUrl | Dial | ShowLocation | AskLocation | Calendar


@dataclass(frozen=True, slots=True)
class Card:
    """A title, words, a picture and its own suggestions; at least one of the first three."""

    title: str = ""
    text: str = ""
    media: Media | None = None
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list, to be picked; it comes back as a message with ``payload``."""

    text: str
    payload: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """A list behind a button."""

    button: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Location:
    """A place; degrees."""

    latitude: float
    longitude: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class ContactCard:
    """Somebody's card: a name, and at least one number (E.164) or address."""

    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """A template that the provider has approved, as it is sent: its name and its values.

    ``body`` and ``header_values`` are (parameter, value); ``buttons`` are (place from 0, value) of
    those that need one: a reply's payload, the end of a URL, a code; ``button_kinds`` are (place,
    ButtonKind) of them, ``url`` where nothing is said. ``header`` is the file above.
    ``text`` is what the customer will read, for the thread and for channels without templates.
    """

    name: str
    language: str
    text: str
    body: tuple[tuple[str, str], ...] = ()
    header_values: tuple[tuple[str, str], ...] = ()
    header: Media | None = None
    buttons: tuple[tuple[int, str], ...] = ()
    button_kinds: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """One message as it was meant. Several ``cards`` are a carousel, one is a card.

    A ``template`` stands alone.
    """

    text: str = ""
    media: tuple[Media, ...] = ()
    cards: tuple[Card, ...] = ()
    menu: Menu | None = None
    location: Location | None = None
    suggestions: tuple[Suggestion, ...] = ()
    template: TemplateUse | None = None
    contacts: tuple[ContactCard, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing but text."""
        return self == Content(text=self.text)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show; suggestions alone are nothing."""
        return Content(suggestions=self.suggestions) == self


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tap sends: the label the person saw, and the payload for the program."""

    text: str
    payload: str


@dataclass(frozen=True, slots=True)
class Option:
    """An answer that is offered by its number, where it cannot be tapped."""

    number: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Adapted:
    """Content as a channel shows it: each part becomes one provider message, in their order."""

    parts: tuple[Content, ...]
    options: tuple[Option, ...] = ()
