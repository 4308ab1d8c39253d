"""Opt-out keywords that a channel has beside those that always count (gateway.keywords)."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.contract import ConfigField
from gateway.events import Keyword
from gateway.keywords import LONGEST, WORDS, folded
from gateway.keywords import NONE as NONE
from gateway.keywords import keyword as keyword

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# Settings that add words, and what these mean.
SETTINGS = {
    "stop_words": Keyword.STOP,
    "start_words": Keyword.START,
    "help_words": Keyword.HELP,
}
GROUP = gettext_lazy("Texts and keywords")
FIELDS = (
    ConfigField(
        "stop_words",
        gettext_lazy("More words for STOP"),
        help=gettext_lazy(
            "With commas between them. Whoever writes nothing but such a word is opted out. STOP, "
            "UNSUBSCRIBE, CANCEL, END, QUIT, ARRET, BAJA, PARAR and the like always count."
        ),
        required=False,
        placeholder="DESABONNER, NO MAS",
        group=GROUP,
    ),
    ConfigField(
        "start_words",
        gettext_lazy("More words for START"),
        help=gettext_lazy("They undo an opt-out. START, UNSTOP and ALTA always count."),
        required=False,
        placeholder="OUI",
        group=GROUP,
    ),
    ConfigField(
        "help_words",
        gettext_lazy("More words for HELP"),
        help=gettext_lazy("HELP, INFO, AIDE and AYUDA always count."),
        required=False,
        group=GROUP,
    ),
)


def own_words(config: Mapping[str, str]) -> Mapping[str, Keyword]:
    """The words that a channel's checked settings add."""
    return {
        folded(word): meaning
        for name, meaning in SETTINGS.items()
        for word in _listed(config.get(name, ""))
    }


def check_words(config: Mapping[str, str]) -> dict[str, "str | _StrPromise"]:
    """Errors by setting: an empty word, one that no message could be, one that means two things."""
    errors: dict[str, str | _StrPromise] = {}
    meanings = dict(WORDS)
    for name, meaning in SETTINGS.items():
        for word in _listed(config.get(name, "")):
            found = folded(word)
            if not found or len(word) > LONGEST:
                errors[name] = _unusable(word)
            elif meanings.setdefault(found, meaning) != meaning:
                errors[name] = _("“%(word)s” means %(meaning)s already.") % {
                    "word": word,
                    "meaning": meanings[found].value.upper(),
                }
    return errors


def _listed(text: str) -> Iterator[str]:
    if text.strip():
        yield from (word.strip() for word in text.split(","))


def _unusable(word: str) -> str:
    if not word:
        return _("There is no word between two commas, or before or after one.")
    if len(word) > LONGEST:
        return _("“%(word)s…” is longer than %(most)d characters.") % {
            "word": word[:20],
            "most": LONGEST,
        }
    return _("“%s” holds neither a letter nor a digit.") % word
