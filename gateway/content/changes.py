"""What was changed by rule so that a channel can show content, and why, in words.

It follows ``gateway.content.adapting`` rule by rule, asking the same questions of ``Shows``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gateway.content.model import Adapted, Card, ContactCard, Content, Media, Suggestion
from gateway.content.shows import Buttons, Shows
from gateway.media import words


class Rule(StrEnum):
    """What became of something that a channel cannot show."""

    LINK = "link"
    CARDS_IN_TURN = "cards_in_turn"
    CARDS_AS_TEXT = "cards_as_text"
    LIST_AS_TEXT = "list_as_text"
    MAP_LINK = "map_link"
    CONTACTS_AS_TEXT = "contacts_as_text"
    SUGGESTIONS_AS_TEXT = "suggestions_as_text"
    NUMBERS = "numbers"
    SPLIT = "split"
    TEMPLATE_AS_TEXT = "template_as_text"
    SWAPPED = "swapped"


@dataclass(frozen=True, slots=True)
class Change:
    """A rule that was applied; ``text`` says to what and why, in the reader's language."""

    rule: Rule
    text: str


def changes(content: Content, adapted: Adapted, shows: Shows, medium: str) -> tuple[Change, ...]:
    """What was done to the content so that it became ``adapted``; empty where that was nothing.

    ``medium`` is what people call the channel's messages (“SMS”).
    """
    if shows.takes(content) and len(adapted.parts) < 2:
        return ()
    telling = Telling(shows, medium)
    telling.template(content)
    telling.files(content)
    telling.cards(content.cards)
    telling.rest(content, adapted)
    telling.numbers(len(adapted.options))
    telling.split(content, len(adapted.parts))
    return tuple(telling.told)


class Telling:
    """Collects what is told about one channel."""

    def __init__(self, shows: Shows, medium: str) -> None:
        self.shows = shows
        self.medium = medium
        self.told: list[Change] = []

    def template(self, content: Content) -> None:
        """A template that is not sent by its name."""
        if content.template is not None and not self.shows.templates:
            why = _("%(medium)s has no templates.") % {"medium": self.medium}
            self._tell(Rule.TEMPLATE_AS_TEXT, _("The template becomes text"), why)

    def files(self, content: Content) -> None:
        """Files that become links, those of the same reason together."""
        worded = [] if self._takes_cards(content.cards) else self._worded(content.cards)
        files = [*content.media, *(card.media for card in worded if card.media)]
        if content.template is not None and content.template.header is not None:
            files.append(content.template.header)
        by_reason: dict[str, list[Media]] = {}
        for one in files:
            if not self.shows.takes_file(one):
                by_reason.setdefault(self._why_link(one), []).append(one)
        for why, lost in by_reason.items():
            self._tell(Rule.LINK, _links(lost), why)

    def cards(self, cards: tuple[Card, ...]) -> None:
        """Cards that are shown one by one, or as words."""
        if not cards or self._takes_cards(cards):
            return
        worded = self._worded(cards)
        if len(worded) < len(cards):
            why = _("%(medium)s does not show these side by side.") % {"medium": self.medium}
            self._tell(Rule.CARDS_IN_TURN, _("The carousel becomes single cards"), why)
        if worded:
            what = ngettext(
                "%(count)d card becomes text", "%(count)d cards become text", len(worded)
            )
            self._tell(Rule.CARDS_AS_TEXT, what % {"count": len(worded)}, self._why_no(worded[0]))

    def rest(self, content: Content, adapted: Adapted) -> None:
        """The list, the place, and what is suggested below."""
        menu = content.menu
        if menu is not None and not self.shows.takes_menu(menu):
            self._tell(Rule.LIST_AS_TEXT, _("The list becomes text"), self._why_no_list())
        if content.location is not None and not self.shows.location:
            why = _("%(medium)s shows no places.") % {"medium": self.medium}
            self._tell(Rule.MAP_LINK, _("The place becomes a link to a map"), why)
        self.contacts(content.contacts)
        below = any(part.suggestions == content.suggestions for part in adapted.parts)
        if content.suggestions and not below:
            count = len(content.suggestions)
            what = ngettext(
                "%(count)d suggestion becomes text", "%(count)d suggestions become text", count
            )
            buttons = self.shows.buttons_for(content.suggestions)
            why = self._why_no_buttons(buttons, content.suggestions)
            if buttons is not self.shows.buttons and len(content.text) > self.shows.above_links:
                limit = {"limit": self.shows.above_links}
                why = _("above them stand at most %(limit)d characters.") % limit
            self._tell(Rule.SUGGESTIONS_AS_TEXT, what % {"count": count}, why)

    def contacts(self, cards: tuple[ContactCard, ...]) -> None:
        """Cards of people that become words."""
        worded = [one for one in cards if not self.shows.contacts.take((one,))]
        if worded:
            what = ngettext(
                "%(count)d contact becomes text", "%(count)d contacts become text", len(worded)
            )
            why = _("%(medium)s does not show such a contact.") % {"medium": self.medium}
            if not self.shows.contacts.count:
                why = _("%(medium)s shows no contacts.") % {"medium": self.medium}
            self._tell(Rule.CONTACTS_AS_TEXT, what % {"count": len(worded)}, why)

    def numbers(self, count: int) -> None:
        """How numbered options are chosen."""
        if count:
            what = ngettext("%(count)d answer is numbered", "%(count)d answers are numbered", count)
            why = _("whoever writes the number or the words has chosen it.")
            self._tell(Rule.NUMBERS, what % {"count": count}, why)

    def split(self, content: Content, parts: int) -> None:
        """Why there are several messages."""
        if parts < 2:
            return
        what = _("It goes as %(count)d messages") % {"count": parts}
        text = content.template.text if content.template else content.text
        if self.shows.measure(text) > self.shows.text:
            why = _("one takes at most %(limit)d characters.") % {"limit": self.shows.text}
        else:
            why = _("one does not hold all of it.")
        self._tell(Rule.SPLIT, what, why)

    def _tell(self, rule: Rule, what: str, why: str) -> None:
        text = _("%(what)s: %(why)s") % {"what": what, "why": why}
        self.told.append(Change(rule, text))

    def _takes_cards(self, cards: tuple[Card, ...]) -> bool:
        if len(cards) == 1:
            return self.shows.takes_card(cards[0])
        return not cards or self.shows.takes_carousel(cards)

    def _worded(self, cards: tuple[Card, ...]) -> list[Card]:
        return [card for card in cards if not self.shows.takes_card(card)]

    def _why_link(self, one: Media) -> str:
        if not self.shows.files or not self.shows.file_count:
            return _("%(medium)s shows no files here.") % {"medium": self.medium}
        if self.shows.takes_file(Media(one.url, one.content_type, size=0)):
            return _("too large for %(medium)s.") % {"medium": self.medium}
        return _("%(medium)s does not show such files.") % {"medium": self.medium}

    def _why_no(self, card: Card) -> str:
        """Why a card is not shown as one."""
        shows = self.shows
        if not shows.cards:
            return _("%(medium)s shows no cards.") % {"medium": self.medium}
        if len(card.title) > shows.card_title:
            return _("a title takes at most %(limit)d characters.") % {"limit": shows.card_title}
        if len(card.text) > shows.card_text:
            return _("its text takes at most %(limit)d characters.") % {"limit": shows.card_text}
        if not shows.card_buttons.take(card.suggestions):
            return self._why_no_buttons(shows.card_buttons, card.suggestions)
        return _("%(medium)s does not show such a file on a card.") % {"medium": self.medium}

    def _why_no_list(self) -> str:
        if not self.shows.rows:
            return _("%(medium)s shows no lists.") % {"medium": self.medium}
        limits = {"rows": self.shows.rows, "limit": self.shows.row_text}
        return _("a list takes %(rows)d lines of at most %(limit)d characters.") % limits

    def _why_no_buttons(self, buttons: Buttons, suggestions: Sequence[Suggestion]) -> str:
        if not buttons.count:
            return _("%(medium)s shows nothing to tap here.") % {"medium": self.medium}
        if len(suggestions) > buttons.count:
            return _("at most %(limit)d can be tapped here.") % {"limit": buttons.count}
        if buttons.take(tuple(suggestions)):
            return _("%(medium)s shows no buttons below this.") % {"medium": self.medium}
        for one in suggestions:
            if len(one.text) > buttons.label:
                limits = {"label": one.text, "limit": buttons.label}
                return _("“%(label)s” has more than %(limit)d characters.") % limits
        return _("%(medium)s does not have all of these buttons.") % {"medium": self.medium}


def _links(lost: Sequence[Media]) -> str:
    if len(lost) == 1:
        kind = words.kind(lost[0].content_type)
        file = f"{kind} “{lost[0].name}”" if lost[0].name else kind
        return _("%(file)s becomes a link") % {"file": file}
    return _("%(count)d files become links") % {"count": len(lost)}
