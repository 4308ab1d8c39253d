"""What a channel can show: declared by its adapter, looked at before anything is sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.content.model import Card, ContactCard, Content, Media, Menu, Reply, Suggestion


@dataclass(frozen=True, slots=True)
class Buttons:
    """Suggestions that can be tapped: which kinds, how many, and how long their labels may be.

    ``payload``: how many bytes of UTF-8 what comes back of a tap may have (0: as many as we take).
    ``alone``: kinds beside which there is no other button.
    """

    kinds: frozenset[type[Suggestion]] = frozenset()
    count: int = 0
    label: int = 0
    payload: int = 0
    alone: frozenset[type[Suggestion]] = frozenset()

    def take(self, suggestions: tuple[Suggestion, ...]) -> bool:
        """Whether all of these can be shown as they are."""
        if len(suggestions) > 1 and any(type(one) in self.alone for one in suggestions):
            return False
        return len(suggestions) <= self.count and all(
            type(one) in self.kinds and len(one.text) <= self.label and self._carries(one)
            for one in suggestions
        )

    def _carries(self, one: Suggestion) -> bool:
        payload = one.payload if isinstance(one, Reply) else ""
        return not self.payload or len(payload.encode()) <= self.payload


NO_BUTTONS = Buttons()


@dataclass(frozen=True, slots=True)
class Contacts:
    """Cards of people: how many in one message, and of each a name of so many characters.

    ``phones`` and ``emails``: at most so many; with ``needs_phone`` at least one number.
    """

    count: int = 0
    name: int = 0
    phones: int = 0
    emails: int = 0
    needs_phone: bool = False

    def take(self, cards: tuple[ContactCard, ...]) -> bool:
        """Whether all of these can be shown in one message."""
        return len(cards) <= self.count and all(
            len(one.name) <= self.name
            and int(self.needs_phone) <= len(one.phones) <= self.phones
            and len(one.emails) <= self.emails
            for one in cards
        )


NO_CONTACTS = Contacts()


@dataclass(frozen=True, slots=True)
class Carousel:
    """What cards side by side must have, where a card alone needs less.

    ``text`` is for a card's title and text together. Each card has a picture or a video, words, and
    from one button to ``buttons``, of the same kinds in the same order as every other card's. With
    ``alike`` there are either pictures or videos, not both.
    """

    text: int
    buttons: int
    alike: bool = False

    def take(self, cards: tuple[Card, ...]) -> bool:
        """Whether these can be shown side by side."""
        kinds = [type(one) for one in cards[0].suggestions]
        families = {card.media.content_type.partition("/")[0] for card in cards if card.media}
        if self.alike and len(families) > 1:
            return False
        return 1 <= len(kinds) <= self.buttons and all(
            card.media is not None
            and 1 <= len(card.title) + len(card.text) <= self.text
            and [type(one) for one in card.suggestions] == kinds
            for card in cards
        )


@dataclass(frozen=True, slots=True)
class Shows:
    """One provider message of a channel. Texts in characters, files in bytes.

    ``measure`` says how long a text is, where ``text`` does not count characters.
    ``album``: only files for which it says the same word go in one message, without buttons; those
    for which it says none go alone.
    ``files`` maps a type (``image/jpeg``, ``image/*``) to the largest size; ``captioned`` says
    whether text goes with them, ``caption_files`` with which of them (families or types) if not
    with all, ``caption`` how long it may be, and ``worded`` how long a text above buttons or a list
    may be, where that is less than ``text``. ``cards`` is how many cards one message takes: 1 is no
    carousel; ``card_files`` the files a card may carry, where they are fewer than ``files``,
    ``carousel`` what several cards must have. ``templates``: what the provider has approved goes by
    its name. ``link_buttons``: what can be tapped where not all are answers, if that is another
    thing; it stands below words alone, at most ``above_links`` characters. With ``needs_words``
    neither a card nor buttons go without words beside them, and none below a carousel; with
    ``apart`` none go below any card or list; with ``buttons_below_text`` they go below words and
    nothing else. ``bare``: buttons that go below words alone. A row's ``row_more`` is its
    description, ``row_payload`` as ``Buttons.payload``, ``menu_button`` what opens the list.
    """

    text: int
    files: dict[str, int] = field(default_factory=dict)
    file_count: int = 0
    captioned: bool = False
    caption_files: frozenset[str] | None = None
    cards: int = 0
    card_title: int = 0
    card_text: int = 0
    card_buttons: Buttons = NO_BUTTONS
    card_files: dict[str, int] | None = None
    carousel: Carousel | None = None
    buttons: Buttons = NO_BUTTONS
    needs_words: bool = False
    rows: int = 0
    row_text: int = 0
    location: bool = False
    contacts: Contacts = NO_CONTACTS
    templates: bool = False
    caption: int = 0
    worded: int = 0
    apart: bool = False
    bare: frozenset[type[Suggestion]] = frozenset()
    row_more: int = 0
    row_payload: int = 0
    menu_button: int = 0
    link_buttons: Buttons = NO_BUTTONS
    above_links: int = 0
    buttons_below_text: bool = False
    measure: Callable[[str], int] = len
    album: Callable[[Media], str] | None = None

    def together(self, files: Sequence[Media]) -> bool:
        """Whether these files may go in one message, as far as their kinds say so."""
        if self.album is None or len(files) < 2:
            return True
        kinds = set(map(self.album, files))
        return len(kinds) == 1 and "" not in kinds

    def room(self, *, files: bool = False, tapped: bool = False) -> int:
        """How long a text may be with files, or above something that can be tapped."""
        limits = (self.caption if files else 0, self.worded if tapped else 0)
        return min(self.text, *(limit or self.text for limit in limits))

    def takes_file(self, media: Media) -> bool:
        """Whether a file can be shown; of a size that nobody knows, that it is small enough."""
        return bool(self.file_count) and _fits(media, self.files)

    def takes_card(self, card: Card) -> bool:
        """Whether a card can be shown as it is."""
        return (
            self.cards > 0
            and len(card.title) <= self.card_title
            and len(card.text) <= self.card_text
            and (card.media is None or self._takes_on_card(card.media))
            and self.card_buttons.take(card.suggestions)
            and not (self.needs_words and not card.title and not card.text)
        )

    def captions(self, files: tuple[Media, ...]) -> bool:
        """Whether text goes with these files."""
        known = self.caption_files
        return self.captioned and all(
            known is None or {one.content_type, one.content_type.partition("/")[0]} & known
            for one in files
        )

    def has_room_for_buttons(
        self, content: Content, suggestions: tuple[Suggestion, ...] = ()
    ) -> bool:
        """Whether these buttons may go below such a message."""
        if self.album is not None and len(content.media) > 1:
            return False
        bare = replace(content, text="", suggestions=()) == Content()
        if self.buttons_for(suggestions) is not self.buttons:
            return bare and 0 < len(content.text) <= self.above_links
        if self.buttons_below_text:
            return bare and bool(content.text)
        if self.apart and (content.cards or content.menu):
            return False
        if content.media and any(type(one) in self.bare for one in suggestions):
            return False
        worded = content.text or len(content.cards) == 1
        return not self.needs_words or bool(worded)

    def buttons_for(self, suggestions: tuple[Suggestion, ...]) -> Buttons:
        """What these are shown as, if they can be."""
        answers = all(isinstance(one, Reply) for one in suggestions)
        return self.buttons if answers or not self.link_buttons.count else self.link_buttons

    def _takes_on_card(self, media: Media) -> bool:
        return self.takes_file(media) and (self.card_files is None or _fits(media, self.card_files))

    def takes_carousel(self, cards: tuple[Card, ...]) -> bool:
        """Whether several cards can be shown side by side."""
        return (
            2 <= len(cards) <= self.cards
            and all(map(self.takes_card, cards))
            and (self.carousel is None or self.carousel.take(cards))
        )

    def takes_menu(self, menu: Menu) -> bool:
        """Whether a list can be shown as it is."""
        return (
            len(menu.rows) <= self.rows
            and _within(menu.button, self.menu_button)
            and all(
                len(row.text) <= self.row_text
                and _within(row.description, self.row_more)
                and (not self.row_payload or len(row.payload.encode()) <= self.row_payload)
                for row in menu.rows
            )
        )

    def takes(self, content: Content) -> bool:
        """Whether all of it can be shown in one message as it is."""
        if content.template is not None:
            return self.templates
        below = content.suggestions
        room = self.room(files=bool(content.media), tapped=bool(below or content.menu))
        return (
            self._takes_body(content)
            and self.measure(content.text) <= room
            and self.buttons_for(below).take(below)
            and (not below or self.has_room_for_buttons(content, below))
        )

    def _takes_body(self, content: Content) -> bool:
        """One of words, files (with words, if they can have some), cards, a place, or a list."""
        several = (content.media, content.cards, content.menu, content.location, content.contacts)
        bodies = [one for one in several if one]
        wordless = content.cards or content.location or content.contacts
        if len(bodies) > 1 or (wordless and content.text):
            return False
        if content.cards:
            return self._takes_cards(content.cards)
        if content.menu is not None:
            return self.takes_menu(content.menu)
        if content.location is not None:
            return self.location
        if content.contacts:
            return self.contacts.take(content.contacts)
        return self._takes_files(content.media) and (
            not content.media or not content.text or self.captions(content.media)
        )

    def _takes_files(self, files: tuple[Media, ...]) -> bool:
        known = all(map(self.takes_file, files))
        return known and len(files) <= self.file_count and self.together(files)

    def _takes_cards(self, cards: tuple[Card, ...]) -> bool:
        return self.takes_card(cards[0]) if len(cards) == 1 else self.takes_carousel(cards)


def _within(words: str, limit: int) -> bool:
    return not limit or len(words) <= limit


def utf16(text: str) -> int:
    """How long a text is in units of UTF-16: most emoji are two."""
    return len(text) + sum(char > "\uffff" for char in text)


def utf8(text: str) -> int:
    """How long a text is in bytes of UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def _fits(media: Media, files: Mapping[str, int]) -> bool:
    family = media.content_type.partition("/")[0]
    limit = files.get(media.content_type, files.get(f"{family}/*"))
    return limit is not None and (media.size or 0) <= limit
