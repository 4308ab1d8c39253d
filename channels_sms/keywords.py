"""Opt-out keywords of SMS: a message that is nothing but one of these words.

YES is not among them: it means START only to somebody who has opted out, and is an ordinary answer
otherwise; a pure parser cannot know which. Source: providers.md section 16 (Twilio's defaults,
Canada's French words), and Spanish words. A channel may have words of its own beside them.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.contract import ConfigField
from gateway.events import Keyword

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

STOP = frozenset(
    {
        "stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke",
        "optout", "opt out", "remove", "arret", "baja", "parar",
    }
)  # fmt: skip
START = frozenset({"start", "unstop", "alta"})
HELP = frozenset({"help", "info", "aide", "ayuda"})

WORDS = (
    dict.fromkeys(STOP, Keyword.STOP)
    | dict.fromkeys(START, Keyword.START)
    | dict.fromkeys(HELP, Keyword.HELP)
)
NONE: Mapping[str, Keyword] = {}
LONGEST = 40
BETWEEN = re.compile(r"[^\w]+|_+")

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


def keyword(text: str, own: Mapping[str, Keyword] = NONE) -> Keyword | None:
    """The keyword a whole message is, without regard to case, accents, spaces and punctuation.

    ``own`` are the channel's words beside the known ones (``own_words``).
    """
    if len(text) > LONGEST:
        return None
    word = folded(text)
    return WORDS.get(word) or own.get(word)


def folded(text: str) -> str:
    """A word as words are compared."""
    plain = text.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = "".join(char for char in plain if not unicodedata.combining(char))
    return BETWEEN.sub(" ", plain).strip()


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
