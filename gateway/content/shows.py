"""What a channel can show: declared by its adapter, looked at before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.content.model import Card, Content, Media, Menu, Suggestion


@dataclass(frozen=True, slots=True)
class Buttons:
    """Suggestions that can be tapped: which kinds, how many, and how long their labels may be."""

    kinds: frozenset[type[Suggestion]] = frozenset()
    count: int = 0
    label: int = 0

    def take(self, suggestions: tuple[Suggestion, ...]) -> bool:
        """Whether all of these can be shown as they are."""
        return len(suggestions) <= self.count and all(
            type(one) in self.kinds and len(one.text) <= self.label for one in suggestions
        )


NO_BUTTONS = Buttons()


@dataclass(frozen=True, slots=True)
class Carousel:
    """What cards side by side must have, where a card alone needs less.

    ``text`` is for a card's title and text together. Each card has a picture or a video, words, and
    from one button to ``buttons``, of the same kinds in the same order as every other card's.
    """

    text: int
    buttons: int

    def take(self, cards: tuple[Card, ...]) -> bool:
        """Whether these can be shown side by side."""
        kinds = [type(one) for one in cards[0].suggestions]
        return 1 <= len(kinds) <= self.buttons and all(
            card.media is not None
            and 1 <= len(card.title) + len(card.text) <= self.text
            and [type(one) for one in card.suggestions] == kinds
            for card in cards
        )


@dataclass(frozen=True, slots=True)
class Shows:
    """One provider message of a channel. Texts in characters, files in bytes.

    ``files`` maps a type (``image/jpeg``, ``image/*``) to the largest size; ``captioned`` says
    whether text goes with them, ``caption_files`` with which of them if not with all. ``cards`` is
    how many cards one message takes: 1 is no carousel; ``card_files`` the files a card may carry,
    where they are fewer than ``files``, ``carousel`` what several cards must have. With
    ``needs_words`` neither a card nor buttons go without words beside them, and none below a
    carousel.
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
        kinds = {one.content_type.partition("/")[0] for one in files}
        return self.captioned and (self.caption_files is None or kinds <= self.caption_files)

    def has_room_for_buttons(self, content: Content) -> bool:
        """Whether buttons may go below such a message."""
        worded = content.text or len(content.cards) == 1
        return not self.needs_words or bool(worded)

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
        return len(menu.rows) <= self.rows and all(
            len(row.text) <= self.row_text for row in menu.rows
        )

    def takes(self, content: Content) -> bool:
        """Whether all of it can be shown in one message as it is."""
        return (
            self._takes_body(content)
            and len(content.text) <= self.text
            and self.buttons.take(content.suggestions)
            and (not content.suggestions or self.has_room_for_buttons(content))
        )

    def _takes_body(self, content: Content) -> bool:
        """One of words, files (with words, if they can have some), cards, a place, or a list."""
        several = (content.media, content.cards, content.menu, content.location)
        bodies = [one for one in several if one]
        wordless = content.cards or content.location
        if len(bodies) > 1 or (wordless and content.text):
            return False
        if content.cards:
            return self._takes_cards(content.cards)
        if content.menu is not None:
            return self.takes_menu(content.menu)
        if content.location is not None:
            return self.location
        return self._takes_files(content.media) and (
            not content.media or not content.text or self.captions(content.media)
        )

    def _takes_files(self, files: tuple[Media, ...]) -> bool:
        return len(files) <= self.file_count and all(map(self.takes_file, files))

    def _takes_cards(self, cards: tuple[Card, ...]) -> bool:
        return self.takes_card(cards[0]) if len(cards) == 1 else self.takes_carousel(cards)


def _fits(media: Media, files: Mapping[str, int]) -> bool:
    family = media.content_type.partition("/")[0]
    limit = files.get(media.content_type, files.get(f"{family}/*"))
    return limit is not None and (media.size or 0) <= limit
