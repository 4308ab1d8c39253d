"""Opt-out keywords of SMS: a message that is nothing but one of these words.

YES is not among them: it means START only to somebody who has opted out, and is an ordinary answer
otherwise; a pure parser cannot know which. Source: providers.md section 16 (Twilio's defaults,
Canada's French words), and Spanish words.
"""

import re
import unicodedata

from gateway.events import Keyword

STOP = frozenset(
    {
        "stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke",
        "optout", "opt out", "remove", "arret", "baja",
    }
)  # fmt: skip
START = frozenset({"start", "unstop", "alta"})
HELP = frozenset({"help", "info", "aide", "ayuda"})

WORDS = (
    dict.fromkeys(STOP, Keyword.STOP)
    | dict.fromkeys(START, Keyword.START)
    | dict.fromkeys(HELP, Keyword.HELP)
)
LONGEST = 40
BETWEEN = re.compile(r"[^\w]+|_+")


def keyword(text: str) -> Keyword | None:
    """The keyword a whole message is, without regard to case, accents, spaces and punctuation."""
    if len(text) > LONGEST:
        return None
    plain = text.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = "".join(char for char in plain if not unicodedata.combining(char))
    return WORDS.get(BETWEEN.sub(" ", plain).strip())
