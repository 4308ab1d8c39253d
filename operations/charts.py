"""Small charts as SVG paths, made here, so that a page needs neither a script nor a library."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from conversations.templatetags.ui import locale

# The coordinates of a chart; the page stretches it to its own size.
WIDTH, HEIGHT = 300, 48
Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """A line over time with its words. ``known`` is false when there is nothing to draw."""

    key: str
    name: str
    now: str
    summary: str
    tone: str
    line: str
    area: str
    known: bool


def line_path(values: Values, top: float) -> str:
    """The line through the values; a gap where one is missing, a dot for one that stands alone."""
    return " ".join(_move_along(run) for run in _runs(values, top))


def area_path(values: Values, top: float) -> str:
    """The ground under the line, closed run by run."""
    return " ".join(
        f"{_move_along(run)}V{HEIGHT}H{run[0][0]:g}Z" for run in _runs(values, top) if len(run) > 1
    )


def _runs(values: Values, top: float) -> list[list[tuple[float, float]]]:
    """Points of neighbouring known values, as x and y; y grows downwards."""
    step = WIDTH / max(1, len(values) - 1)
    runs: list[list[tuple[float, float]]] = []
    open_run = False
    for place, value in enumerate(values):
        if value is None:
            open_run = False
            continue
        # Two units at either edge keep half of the line's width inside.
        height = (HEIGHT - 4) * min(1.0, value / top if top else 0.0)
        point = (round(place * step, 1), round(HEIGHT - 2 - height, 1))
        if open_run:
            runs[-1].append(point)
        else:
            runs.append([point])
        open_run = True
    return runs


def _move_along(run: Sequence[tuple[float, float]]) -> str:
    first, *others = [f"{x:g} {y:g}" for x, y in run]
    return f"M{first}" + ("".join(f"L{point}" for point in others) or "h0.1")


def whole(value: float) -> str:
    """A count."""
    return str(format_decimal(round(value), locale=locale()))


def rate(value: float) -> str:
    """A rate per second, with as many digits as matter."""
    pattern = "#,##0.00" if 0 < value < 1 else "#,##0.#" if value < 100 else "#,##0"
    return f"{format_decimal(value, format=pattern, locale=locale())}/s"


def share(value: float) -> str:
    """A part of one as a percentage; a little is never shown as nothing."""
    pattern = "#,##0.0%" if 0 < value < 0.01 else "#,##0%"
    return str(format_percent(value, format=pattern, locale=locale()))


def span(seconds: float, length: str = "narrow") -> str:
    """A duration in its largest unit."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return str(_unit(seconds // size, unit, length))
    return _unit(seconds, "second", length)


def _unit(amount: float, unit: str, length: str) -> str:
    style: Literal["short", "narrow"] = "short" if length == "short" else "narrow"
    return format_unit(int(amount), f"duration-{unit}", length=style, locale=locale())
