"""Checks the fixed fields of a contact and brings each into its normal form."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contacts.models import Gender

# What CLDR lists beside ISO 3166-1: groups of countries, private use, and exceptional reservations.
NOT_COUNTRIES = frozenset(
    ["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"]
)
OLDEST = date(1900, 1, 1)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@lru_cache(maxsize=8)
def countries(language: str) -> dict[str, str]:
    """Names of the countries by ISO 3166-1 alpha-2 code, in this language, by name."""
    names = Locale.parse(language.replace("-", "_")).territories
    codes = {
        code: name
        for code, name in names.items()
        if len(code) == 2 and code.isalpha() and code not in NOT_COUNTRIES
    }
    return dict(sorted(codes.items(), key=lambda item: item[1].casefold()))


@lru_cache(maxsize=8)
def languages(language: str) -> dict[str, str]:
    """Names of the languages by ISO 639-1 code, in this language, by name."""
    names = Locale.parse(language.replace("-", "_")).languages
    codes = {code: name for code, name in names.items() if len(code) == 2}
    return dict(sorted(codes.items(), key=lambda item: item[1].casefold()))


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """IANA zone names that mean a place or UTC."""
    return frozenset(name for name in available_timezones() if "/" in name or name == "UTC")


def reader_language() -> str:
    """The language names are shown in now."""
    return get_language() or "en"


def clean_text(value: Any, limit: int) -> str:
    """A string PostgreSQL can keep, without surrounding blanks, of at most ``limit`` letters."""
    if not isinstance(value, str):
        raise ValidationError(_("This has to be text."))
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValidationError(_("This has characters that cannot be kept."))
    text = value.strip()
    if len(text) > limit:
        raise ValidationError(
            _("At most %(limit)d characters; this has %(count)d.")
            % {"limit": limit, "count": len(text)}
        )
    return text


def clean_name(value: Any) -> str:
    """A name, possibly empty."""
    return clean_text(value, 200)


def clean_language(value: Any) -> str:
    """An ISO 639-1 code, or empty."""
    code = clean_text(value, 60).lower()
    if code and code not in languages("en"):
        raise ValidationError(
            _("“%(value)s” is not a language code; write it like “es”.") % {"value": code}
        )
    return code


def clean_country(value: Any) -> str:
    """An ISO 3166-1 alpha-2 code, or empty."""
    code = clean_text(value, 60).upper()
    if code and code not in countries("en"):
        raise ValidationError(
            _("“%(value)s” is not a country code; write it like “ES”.") % {"value": code}
        )
    return code


def clean_timezone(value: Any) -> str:
    """An IANA zone name, or empty."""
    name = clean_text(value, 100)
    if name and name not in zones():
        raise ValidationError(
            _("“%(value)s” is not a time zone; write it like “Europe/Madrid”.") % {"value": name}
        )
    return name


def clean_gender(value: Any) -> str:
    """One of Gender, or empty."""
    word = clean_text(value, 60).lower()
    if word and word not in Gender.values:
        raise ValidationError(
            _("“%(value)s” is none of %(choices)s.")
            % {"value": word, "choices": ", ".join(Gender.values)}
        )
    return word


def clean_date(value: Any) -> date | None:
    """A day from ``YYYY-MM-DD`` or a date; None when empty."""
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return value
    text = clean_text(value, 60)
    try:
        if not DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError(
            _("“%(value)s” is not a date; write it like 1990-12-31.") % {"value": text}
        ) from error


def clean_birth_date(value: Any) -> date | None:
    """A day a living person can be born on, or None."""
    day = clean_date(value)
    if day and not OLDEST <= day <= timezone.localdate():
        raise ValidationError(_("A birth date lies between 1900 and today."))
    return day


def clean_flag(value: Any) -> bool:
    """True or False, nothing that merely looks like it."""
    if not isinstance(value, bool):
        raise ValidationError(_("This has to be true or false."))
    return value


CLEANERS: dict[str, Callable[[Any], Any]] = {
    "name": clean_name,
    "language": clean_language,
    "timezone": clean_timezone,
    "country": clean_country,
    "gender": clean_gender,
    "birth_date": clean_birth_date,
    "blocked": clean_flag,
}
