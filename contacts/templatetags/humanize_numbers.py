"""Numbers as the reader's language writes them."""

from babel.numbers import format_decimal, format_percent
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
