"""A channel's pool of senders: how it is written, and whom each of them is for."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from django.utils.translation import gettext as _

from gateway.addresses import PHONE, InvalidAddress, normalize

MOST_SENDERS = 50
EVERYWHERE = "*"
COUNTRY = re.compile(r"[A-Za-z]{2}")
SHORT_CODE = re.compile(r"\d{3,8}")
NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 .&_\-]{1,11}")


class InvalidPool(ValueError):
    """The text is no pool; the message is for people and names the line."""


@dataclass(frozen=True, slots=True)
class Sender:
    """A number (E.164), short code or name, and whom it is for.

    ``countries`` are ISO 3166-1 codes of the recipients' numbers; ``general``: all others too.
    """

    value: str
    countries: frozenset[str] = frozenset()

    @property
    def general(self) -> bool:
        """For everybody that no other sender is for."""
        return not self.countries or EVERYWHERE in self.countries


@dataclass(frozen=True, slots=True)
class Pool:
    """The senders of a channel, at least one of them general."""

    senders: tuple[Sender, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The senders alone, in the order they were written."""
        return tuple(one.value for one in self.senders)

    def choose(self, address: str) -> tuple[str, bool]:
        """Who writes to an address first, and whether for its country.

        The senders of the country, or else the general ones, share the addresses evenly. By the
        greatest hash: equal inputs give equal senders, and where a sender comes or goes, only its
        own part of the people moves.
        """
        country = country_of(address)
        named = [one for one in self.senders if country and country in one.countries]
        able = named or [one for one in self.senders if one.general]
        return max(able, key=lambda one: _weight(one.value, address)).value, bool(named)

    def written_to(self, recipient: str) -> str:
        """The sender a customer wrote to, as the provider names it; empty where it is none."""
        wanted = _bare(recipient)
        return next((value for value in self.values if wanted and _bare(value) == wanted), "")


def read_pool(text: str, own: str = "") -> Pool | None:
    """The pool a setting describes; None where there is nothing to choose from.

    A line is a sender and, behind it, the countries it is for; without any, or with ``*``, it is a
    general one. ``own``, the channel's own sender, belongs to it as a general one unless it has a
    line. Raises InvalidPool.
    """
    senders: dict[str, Sender] = {}
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines:
        sender = _read_line(line)
        if sender.value in senders:
            raise InvalidPool(_("“%(sender)s” stands here twice.") % {"sender": sender.value})
        senders[sender.value] = sender
    if own and senders:
        senders.setdefault(own, Sender(own))
    if len(senders) > MOST_SENDERS:
        raise InvalidPool(_("At most %d senders.") % MOST_SENDERS)
    if senders and not any(one.general for one in senders.values()):
        raise InvalidPool(
            _("One sender must be for all other countries: write * behind it, or no country.")
        )
    return Pool(tuple(senders.values())) if len(senders) > 1 else None


def check_pool(text: str, own: str = "") -> str:
    """What is wrong with such a setting, in words; empty when nothing is."""
    try:
        pool = read_pool(text, own)
    except InvalidPool as error:
        return str(error)
    return _("A pool has at least two senders.") if text.strip() and pool is None else ""


def _read_line(line: str) -> Sender:
    words = line.replace(",", " ").split()
    countries: list[str] = []
    while len(words) > 1 and (words[-1] == EVERYWHERE or COUNTRY.fullmatch(words[-1])):
        countries.append(words.pop().upper())
    for country in countries:
        if country != EVERYWHERE and country not in phonenumbers.SUPPORTED_REGIONS:
            raise InvalidPool(
                _("“%(line)s”: %(country)s is not a country; write it like ES or GB.")
                % {"line": line.strip()[:60], "country": country}
            )
    return Sender(_read_sender(" ".join(words), line), frozenset(countries))


def _read_sender(value: str, line: str) -> str:
    if value.startswith("+"):
        try:
            return normalize(PHONE, value)
        except InvalidAddress as error:
            raise InvalidPool(str(error)) from error
    if SHORT_CODE.fullmatch(value) or NAME.fullmatch(value):
        return value
    raise InvalidPool(
        _(
            "“%(line)s”: begin with a number like +14155550100, a short code or a name of up to 11 "
            "letters; then the countries, like ES or GB."
        )
        % {"line": line.strip()[:60]}
    )


@lru_cache(maxsize=20_000)
def country_of(address: str) -> str:
    """The country of a phone number (ISO 3166-1); empty when it cannot be told."""
    try:
        code = phonenumbers.region_code_for_number(phonenumbers.parse(address))
    except phonenumbers.NumberParseException:
        return ""
    # Satellite phones and the like are of no country.
    return code if code in phonenumbers.SUPPORTED_REGIONS else ""


def _weight(sender: str, address: str) -> bytes:
    return hashlib.blake2b(f"{sender}\n{address}".encode(), digest_size=8).digest()


def _bare(value: str) -> str:
    return value.strip().lstrip("+").casefold()
