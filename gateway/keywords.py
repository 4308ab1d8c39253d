"""Opt-out keywords: a message that is nothing but one of these words.

YES is not among them: it means START only to somebody who has opted out, and is an ordinary answer
otherwise; whoever reads one message cannot know which. Source: providers.md section 16 (Twilio's
defaults, Canada's French words), and Spanish words.

Adapters of SMS hear the words themselves, as providers and channels have a say in it there. For all
others the gateway does (``heard``): their providers know no such words.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from gateway.events import Event, InboundMessage, Keyword, OptOut

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
# What nobody means otherwise: on a button, and in a mail, where "cancel" or "end" may be about an
# order.
PLAIN = frozenset({"stop", "stopall", "stop all", "unsubscribe", "optout", "opt out", "baja"})
# What opens a bot; whoever does so has not asked for news.
OPENS = "/start"


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


def heard(events: Sequence[Event]) -> list[Event]:
    """The events with an OptOut behind each message that is a keyword. Public ones are none, nor is
    what a machine wrote, and what the adapter has heard itself stays as it is.
    """
    known = {event.external_id for event in events if isinstance(event, OptOut)}
    return [one for event in events for one in _with_keyword(event, known)]


def _with_keyword(event: Event, known: set[str]) -> Iterator[Event]:
    yield event
    if not isinstance(event, InboundMessage) or event.public or event.automatic:
        return
    word = _said(event)
    if word in (Keyword.STOP, Keyword.START) and event.external_id not in known:
        words = event.text if event.mail is None else (event.text or event.mail.subject)
        yield OptOut(
            event.external_id,
            event.sender,
            word,
            words,
            answered=False,
            sender_kind=event.sender_kind,
        )


def _said(message: InboundMessage) -> Keyword | None:
    if message.mail is not None:
        return _mailed(message.text, message.mail.subject)
    if message.text.strip().startswith(OPENS):
        return None
    if message.payload is not None and _short(message.text) not in PLAIN:
        return None
    return keyword(message.text)


def _mailed(text: str, subject: str) -> Keyword | None:
    """A mail that says nothing else: in its text, or in its subject above none.

    "Unsubscribe" as a subject is what mail programs write for their button, with any text below.
    """
    if _short(subject) == "unsubscribe":
        return Keyword.STOP
    said = text.strip() or subject
    word = keyword(said)
    return word if word is Keyword.START or _short(said) in PLAIN else None


def _short(text: str) -> str:
    """A word as words are compared; empty for what is longer than any of them."""
    text = text.strip()
    return folded(text) if len(text) <= LONGEST else ""
