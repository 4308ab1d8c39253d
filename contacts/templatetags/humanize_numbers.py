"""Numbers as the reader's language writes them."""

from decimal import Decimal

from babel.numbers import format_currency, format_decimal, format_percent
from django import template

from contacts.fields import reader_language

register = template.Library()


@register.filter
def grouped(number: int) -> str:
    """“12,345”, or “12.345”, by the reader's language."""
    return str(format_decimal(number, locale=reader_language().replace("-", "_")))


@register.filter
def share_of(part: int, whole: int) -> str:
    """``part`` as a percentage of ``whole``; nothing when there is no whole."""
    if not whole:
        return ""
    return str(format_percent(part / whole, locale=reader_language().replace("-", "_")))


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """“$617.00”, or “617,00 US$”, by the reader's language; very small sums with four decimals."""
    locale = reader_language().replace("-", "_")
    if 0 < amount < 1:
        return str(
            format_currency(round(amount, 4), currency, locale=locale, decimal_quantization=False)
        )
    return str(format_currency(amount, currency, locale=locale))


@register.filter
def whole(number: float) -> str:
    """The nearest whole number, grouped."""
    return grouped(round(number))
