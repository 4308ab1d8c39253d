"""Fills letters: each delivery's own values in the gaps of what all of them say.

Delivered mails of a campaign differ in a few words. Kept whole, a million of them would take as
many times the letter's size; so a delivery holds the words and the letter is there once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Any
from urllib.parse import quote

from gateway.letters.model import Letter
from gateway.mail import OutboundMail

MOST = 200  # letters that a process remembers
_known: dict[int, "Filling"] = {}


class Way(StrEnum):
    """How a value is written where it stands."""

    PLAIN = "p"
    HTML = "h"
    URL = "u"


class NoSuchLetter(LookupError):
    """A delivery names a letter that is gone."""


@dataclass(frozen=True, slots=True)
class Filling:
    """A letter's parts, to be filled many times; see Letter."""

    parts: Mapping[str, Sequence[str | tuple[int, Way]]]

    @classmethod
    def of(cls, parts: Mapping[str, Any]) -> "Filling":
        """From JSON as it is kept."""
        return cls(
            {
                name: tuple(one if isinstance(one, str) else (one[0], Way(one[1])) for one in said)
                for name, said in parts.items()
            }
        )

    def say(self, name: str, values: Sequence[str]) -> str:
        """One of the parts, with these values."""
        return "".join(
            one if isinstance(one, str) else written(values[one[0]], one[1])
            for one in self.parts.get(name, ())
        )


def written(value: str, way: Way) -> str:
    """A value where it stands: in words, in HTML, or in a web address (within HTML or not)."""
    if way == Way.HTML:
        return escape(value)
    return quote(value, safe="") if way == Way.URL else value


def filled(use: Mapping[str, Any]) -> tuple[str, OutboundMail]:
    """The text and the mail of a delivery: ``{"id": a letter's, "values": […]}``.

    A statement when this process does not know the letter yet. NoSuchLetter when there is none.
    """
    letter, values = letter_of(use["id"]), use["values"]
    mail = OutboundMail(
        subject=letter.say("subject", values),
        html=letter.say("html", values),
        unsubscribe_url=letter.say("unsubscribe_url", values),
    )
    return letter.say("text", values), mail


def letter_of(pk: int) -> Filling:
    """A letter, which never changes; a statement the first time. NoSuchLetter without one."""
    if pk not in _known:
        parts = Letter.objects.filter(pk=pk).values_list("parts", flat=True).first()
        if parts is None:
            raise NoSuchLetter(f"Letter {pk} is gone.")
        if len(_known) >= MOST:
            _known.clear()
        _known[pk] = Filling.of(parts)
    return _known[pk]
