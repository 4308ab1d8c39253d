"""Adapts content to what a channel can show; nothing of it is dropped.

- A carousel becomes cards in turn; a card that cannot be shown its picture and its words.
- A file of a wrong type, or too large, becomes a link.
- What can be tapped becomes numbered options; whoever answers with the number or the label has
  tapped it (``gateway.content.options``). Numbers run through the whole content.
- Buttons that open, call or show something become a line that says what and where.
- A place becomes a link to a map, somebody's card the words on it.
- A template becomes its words, and its file.
- Words that follow each other share a message as long as they fit; longer ones are split, between
  paragraphs, lines or words where there are any.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from gateway.content.model import (
    Adapted,
    Answer,
    AskLocation,
    Calendar,
    Card,
    ContactCard,
    Content,
    Dial,
    Location,
    Media,
    Menu,
    OpenUrl,
    Option,
    Reply,
    ShowLocation,
    Suggestion,
)
from gateway.content.shows import Shows

MAP = "https://www.google.com/maps/search/?"
GAP = "\n\n"
# What belongs to the character before it, or after it.
JOINED = re.compile("\u200d.|.[\u200d\ufe0e\ufe0f\u0300-\u036f\U0001f3fb-\U0001f3ff]", re.DOTALL)


def adapt(content: Content, shows: Shows, first_number: int = 1) -> Adapted:
    """The provider messages that show this content on such a channel.

    ``first_number`` is the first option's, where others have been offered before.
    """
    if shows.takes(content):
        return Adapted((content,))
    adapting = Adapting(shows, first_number)
    if content.template is not None:
        files = (content.template.header,) if content.template.header else ()
        adapting.words_and_files(content.template.text, files)
    adapting.words_and_files(content.text, content.media, tapped=bool(content.suggestions))
    adapting.cards(content.cards)
    if content.menu is not None:
        adapting.menu(content.menu)
    if content.location is not None:
        adapting.location(content.location)
    adapting.contacts(content.contacts)
    adapting.suggestions(content.suggestions)
    adapting.close()
    return Adapted(tuple(adapting.parts), tuple(adapting.options))


class Adapting:
    """Collects parts. Words wait until it is clear whether more words follow them."""

    def __init__(self, shows: Shows, first_number: int) -> None:
        self.shows = shows
        self.number = first_number
        self.parts: list[Content] = []
        self.options: list[Option] = []
        self.words = ""
        self.files: tuple[Media, ...] = ()

    def words_and_files(self, text: str, files: Sequence[Media], *, tapped: bool = False) -> None:
        """Words, and files where they can be shown; ``tapped``: buttons are to go below."""
        shown = [one for one in files if self.shows.takes_file(one)]
        batches = self.batches(shown)
        if tapped and batches and self.shows.album is not None and len(batches[-1]) > 1:
            # No buttons go below several files: they go below the words, else below the last file.
            *before, last = batches
            batches = batches if text else [*before, last[:-1], last[-1:]]
            for batch in batches:
                self.show(Content(media=batch))
            batches = []
        beside = self.shows.measure(text) <= self.shows.room(files=True)
        if batches and beside and self.shows.captions(batches[0]):
            self.close()
            self.files = batches.pop(0)
        self.say(text)
        for one in files:
            if one not in shown:
                self.say(f"{one.name}: {one.url}" if one.name else one.url)
        for batch in batches:
            self.show(Content(media=batch))

    def batches(self, files: Sequence[Media]) -> list[tuple[Media, ...]]:
        """Files by messages: as many together as may be, in their order."""
        if self.shows.album is None:
            return list(batched(files, self.shows.file_count))
        found: list[tuple[Media, ...]] = []
        for one in files:
            last = found[-1] if found else ()
            room = 0 < len(last) < self.shows.file_count
            if room and self.shows.together((*last, one)):
                found[-1] = (*last, one)
            else:
                found.append((one,))
        return found

    def cards(self, cards: tuple[Card, ...]) -> None:
        """A carousel, or one card after the other."""
        if self.shows.takes_carousel(cards):
            self.show(Content(cards=cards))
            return
        for card in cards:
            if self.shows.takes_card(card):
                self.show(Content(cards=(card,)))
                continue
            words = "\n".join(filter(None, (card.title, card.text)))
            self.words_and_files(words, (card.media,) if card.media else ())
            self.in_words(card.suggestions, below=True)

    def menu(self, menu: Menu) -> None:
        """A list, or its rows as numbered options."""
        if self.shows.takes_menu(menu):
            self.close(keep_last=True, tapped=True)
            words, self.words = self.words, ""
            self.show(Content(text=words, menu=menu))
            return
        rows = [self.offer(Answer(row.text, row.payload), row.description) for row in menu.rows]
        self.say("\n".join([f"{menu.button}:", *rows]))

    def location(self, place: Location) -> None:
        """A place, or the way to a map."""
        if self.shows.location:
            self.show(Content(location=place))
        else:
            self.say("\n".join(filter(None, (place.label, map_link(place)))))

    def contacts(self, cards: tuple[ContactCard, ...]) -> None:
        """People's cards, as many together as can be, or what stands on them."""
        shown = [one for one in cards if self.shows.contacts.take((one,))]
        for one in cards:
            if one not in shown:
                self.say("\n".join((one.name, *one.phones, *one.emails)))
        for place in range(0, len(shown), self.shows.contacts.count or 1):
            self.show(Content(contacts=tuple(shown[place : place + self.shows.contacts.count])))

    def suggestions(self, suggestions: tuple[Suggestion, ...]) -> None:
        """Below the last message, or as words."""
        if not suggestions:
            return
        takes = self.shows.buttons_for(suggestions).take(suggestions)
        if takes and self._ends_with_room(suggestions):
            self.close(tapped=True)
            self.parts[-1] = replace(self.parts[-1], suggestions=suggestions)
        else:
            self.in_words(suggestions, below=False)

    def _ends_with_room(self, suggestions: tuple[Suggestion, ...]) -> bool:
        """Whether what has been said so far ends with something that these buttons go below."""
        last = self.parts[-1] if self.parts else Content()
        if self.files:
            last = Content(text=self.words, media=self.files)
        elif self.words:
            last = Content(text=split(self.words, self.shows.text, self.shows.measure)[-1])
        return self.shows.has_room_for_buttons(last, suggestions)

    def in_words(self, suggestions: Iterable[Suggestion], *, below: bool) -> None:
        """A line for each suggestion; ``below`` the words before, which they belong to."""
        lines = [
            self.offer(Answer(one.text, one.payload)) if isinstance(one, Reply) else in_words(one)
            for one in suggestions
        ]
        self.say("\n".join(lines), gap="\n" if below else GAP)

    def offer(self, answer: Answer, description: str = "") -> str:
        """The line of a numbered option."""
        self.options.append(Option(self.number, answer))
        line = f"{self.number}. {answer.text}"
        self.number += 1
        return f"{line} – {description}" if description else line

    def say(self, words: str, gap: str = GAP) -> None:
        """Words that go with those before them, if there is room."""
        if not words:
            return
        together = f"{self.words}{gap}{words}" if self.words else words
        room = self.shows.room(files=bool(self.files))
        if self.shows.measure(together) > room and (self.words or self.files):
            self.close()
            together = words
        self.words = together

    def show(self, content: Content) -> None:
        """Something that is shown as it is."""
        self.close()
        self.parts.append(content)

    def close(self, *, keep_last: bool = False, tapped: bool = False) -> None:
        """What has been said becomes a message, or several; the last may wait for its list.

        ``tapped``: something that can be tapped goes below the last of them.
        """
        pieces = split(self.words, self.shows.text, self.shows.measure)
        if tapped and pieces:
            room = self.shows.room(files=bool(self.files), tapped=True)
            last = split(pieces[-1], room, self.shows.measure)[-1]
            pieces[-1:] = filter(None, (pieces[-1].removesuffix(last).rstrip(), last))
        kept = pieces.pop() if keep_last and pieces and not self.files else ""
        if self.files:
            first, *pieces = pieces or [""]
            self.parts.append(Content(text=first, media=self.files))
        self.parts += [Content(text=piece) for piece in pieces]
        self.words, self.files = kept, ()


def batched(files: Sequence[Media], size: int) -> Iterator[tuple[Media, ...]]:
    """Files in groups of at most so many."""
    for place in range(0, len(files), max(1, size)):
        yield tuple(files[place : place + size])


def in_words(one: Suggestion) -> str:
    """What a button would have done, as a line."""
    match one:
        case OpenUrl(text, url):
            return f"{text}: {url}"
        case Dial(text, phone):
            return f"{text}: {phone}"
        case ShowLocation(text, latitude, longitude, label):
            return f"{text}: {map_link(Location(latitude, longitude, label))}"
        case Calendar(text, title, start, end):
            when = f"{start:%Y-%m-%d %H:%M} – {_end(start, end)}"
            return f"{text}: {title}, {when} ({start:%z})"
        case AskLocation(text) | Reply(text):  # the label itself asks
            return text


def _end(start: datetime, end: datetime) -> str:
    return f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"


def map_link(place: Location) -> str:
    """Where a place can be seen."""
    query = f"{place.latitude:.6f},{place.longitude:.6f}"
    return MAP + urlencode({"api": "1", "query": query}, safe=",")


def split(text: str, limit: int, measure: Callable[[str], int] = len) -> list[str]:
    """Pieces of at most ``limit`` characters; cut between paragraphs, lines or words if it can.

    ``measure`` says how long a text is, where that is not its characters.
    """
    pieces = []
    text = text.strip()
    while measure(text) > limit:
        cut = _cut(text, limit if measure is len else _reach(text, limit, measure))
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*pieces, text] if text else pieces


def _reach(text: str, limit: int, measure: Callable[[str], int]) -> int:
    """How many characters from the start have room, at least one."""
    # A long link may be measured as less than its characters.
    fits = bisect_right(range(1, len(text) + 1), limit, key=lambda n: measure(text[:n]))
    return max(1, fits)


def _cut(text: str, limit: int) -> int:
    for gap in ("\n\n", "\n", " "):
        place = text.rfind(gap, limit // 2, limit + 1)
        if place > 0:
            return place
    # No half of an emoji that is made of several, as far as can be seen cheaply.
    while limit > 1 and JOINED.match(text[limit - 1 : limit + 1]):
        limit -= 1
    return limit
