"""Price tables as people paste them: a country and a price a line."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import phonenumbers
from babel.numbers import is_currency
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gateway.prices.model import ANYWHERE

# Between a country and its price: what spreadsheets and people put there.
LINE = re.compile(r"(\S+?)\s*[\s;,:=]\s*(\S+)")
PRICE = re.compile(r"\d{1,6}(\.\d{1,6})?")
MOST_ERRORS = 10

COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS) | {ANYWHERE}


def read_currency(value: str) -> str:
    """An ISO 4217 code; ValidationError for none."""
    code = value.strip().upper()
    if not is_currency(code):
        raise ValidationError(_("Three letters of a currency, like USD or EUR."))
    return code


def read_country(value: str) -> str:
    """An ISO 3166-1 code of a country with phones, or ``*``; ValidationError for none."""
    code = value.strip().upper()
    if code not in COUNTRIES:
        raise ValidationError(
            _("“%s” is no country: two letters like ES, or * for all others.") % value[:20]
        )
    return code


def read_price(value: str) -> Decimal:
    """A price, with a point or a comma; ValidationError for what is none."""
    text = value.strip().replace(",", ".")
    try:
        if PRICE.fullmatch(text):
            return Decimal(text)
    except InvalidOperation:
        pass
    raise ValidationError(
        _("“%s” is no price: a number like 0.0750, with at most six decimals.") % value[:20]
    )


def read_lines(text: str) -> Mapping[str, Decimal]:
    """Prices by country of lines like ``ES 0.0750``; ValidationError that names the lines."""
    found: dict[str, Decimal] = {}
    at: dict[str, int] = {}
    errors = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            country, price = _read_line(line.strip())
            if country in found:
                words = _("%(country)s stands in line %(line)d already.")
                raise ValidationError(words % {"country": country, "line": at[country]})
        except ValidationError as error:
            said = {"line": number, "problem": " ".join(error.messages)}
            errors.append(_("Line %(line)d: %(problem)s") % said)
        else:
            found[country], at[country] = price, number
    if errors:
        raise ValidationError({"prices": errors[:MOST_ERRORS]})
    return found


def _read_line(line: str) -> tuple[str, Decimal]:
    parts = LINE.fullmatch(line)
    if parts is None:
        raise ValidationError(_("A country and a price, like ES 0.0750."))
    return read_country(parts[1]), read_price(parts[2])


def as_lines(prices: Mapping[str, Decimal]) -> str:
    """A table as it can be pasted again; what counts for all others comes last."""
    rows = sorted(prices.items(), key=lambda row: (row[0] == ANYWHERE, row[0]))
    return "\n".join(f"{country} {plain(price)}" for country, price in rows)


def plain(price: Decimal) -> str:
    """A price without the zeros that say nothing, but with two decimals at least."""
    whole, _point, rest = f"{price:f}".partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"
