"""The charts' figures in a table's cells."""

from django import template

from operations import charts

register = template.Library()


@register.filter
def whole(value: float) -> str:
    """A count."""
    return charts.whole(value)


@register.filter
def span(seconds: float) -> str:
    """A duration."""
    return charts.span(seconds)


@register.filter
def rate(value: float | None) -> str:
    """A rate per second; a dash where it is not known."""
    return "–" if value is None else charts.rate(value)
