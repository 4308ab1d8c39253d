"""Puts the health page together: a card a channel with its charts, and the workers' heartbeats."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from gateway.models import Channel, Heartbeat
from gateway.registry import UnknownKind, adapter_class
from gateway.vitals import Vitals, vitals
from operations.charts import Chart, Values, area_path, line_path, rate, share, span, whole
from operations.health import WORKER_SECONDS
from operations.sampling import RECENTLY, Point, Series, Window, series
from operations.verdicts import Verdict, judge

# The scheduler's own sign of life is what it started last.
PROCESSES = {
    "sweep": _lazy("Scheduler"),
    "worker:inbound": _lazy("Receiving"),
    "worker:outbound": _lazy("Sending"),
    "worker:routing": _lazy("Routing"),
    "worker:campaigns": _lazy("Campaigns"),
    "worker:media": _lazy("Files"),
    "worker:maintenance": _lazy("Maintenance"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A channel as the page shows it."""

    channel: Channel
    label: str
    row: Vitals
    verdict: Verdict
    charts: Sequence[Chart]
    points: Series


@dataclass(frozen=True, slots=True)
class Process:
    """A kind of background work and when it was last seen; None: never."""

    name: str
    beat_at: datetime | None
    alive: bool


def cards(channels: Sequence[Channel], window: Window) -> list[Card]:
    """A card for each channel, in the order given; five statements."""
    ids = [channel.pk for channel in channels]
    found, points, now = vitals(ids), series(ids, window), timezone.now()
    # The same verdict whatever stretch of time is shown.
    latest = series(ids, RECENTLY)
    return [_card(one, found[one.pk], points[one.pk], latest[one.pk], now) for one in channels]


def _card(channel: Channel, row: Vitals, points: Series, latest: Series, now: datetime) -> Card:
    errors = error_share([point for point in latest if point])
    return Card(
        channel=channel,
        label=_label(channel.kind),
        row=row,
        verdict=judge(channel, row, errors, now),
        charts=_charts(row, points, now),
        points=points,
    )


def _label(kind: str) -> str:
    try:
        return str(adapter_class(kind).label)
    except UnknownKind:
        return kind


def error_share(points: Sequence[Point]) -> float:
    """Which part of the requests of these points failed."""
    failed = sum(point.failed or 0.0 for point in points)
    requests = failed + sum(point.sent or 0.0 for point in points)
    return failed / requests if requests else 0.0


def processes() -> list[Process]:
    """The signs of life of everything that has to run."""
    now = timezone.now()
    seen = dict(Heartbeat.objects.values_list("name", "beat_at"))
    names = ["sweep", *(f"worker:{queue}" for queue in settings.WORKER_QUEUES)]
    found = []
    for name in names:
        beat_at = seen.get(name)
        alive = beat_at is not None and (now - beat_at).total_seconds() < WORKER_SECONDS
        found.append(Process(str(PROCESSES.get(name, name)), beat_at, alive))
    return found


def _charts(row: Vitals, points: Series, now: datetime) -> list[Chart]:
    oldest = (now - row.oldest_at).total_seconds() if row.oldest_at else 0.0
    sent = [point.sent if point else None for point in points]
    errors = [error_share([point]) if point and point.failed is not None else None
              for point in points]  # fmt: skip
    return [
        _chart("depth", _("Waiting"), _of(points, "depth"), whole, 1, row.depth),
        _chart("oldest", _("Oldest"), _of(points, "oldest_seconds"), span, 10, oldest),
        _chart("sent", _("Sends"), sent, rate, 0.1),
        _chart("errors", _("Errors"), errors, share, 0.05, tone="danger"),
        _chart("inbound", _("Inbound"), _of(points, "inbound"), whole, 1, row.inbound_new),
    ]


def _of(points: Series, name: str) -> Values:
    return [float(getattr(point, name)) if point else None for point in points]


def _chart(
    key: str,
    name: str,
    values: Values,
    words: Callable[[float], str],
    least_top: float,
    now: float | None = None,
    tone: str = "accent",
) -> Chart:
    """``least_top`` keeps a little noise from filling the chart; ``now`` defaults to the newest."""
    known = [value for value in values if value is not None]
    current = now if now is not None else (known[-1] if known else 0.0)
    top = max([least_top, *known])
    summary = _("%(name)s: now %(now)s, at most %(peak)s.") % {
        "name": name,
        "now": words(current),
        "peak": words(max([current, *known])),
    }
    return Chart(
        key=key,
        name=name,
        now=words(current),
        summary=summary,
        tone=tone if key != "errors" or current else "accent",
        line=line_path(values, top),
        area=area_path(values, top),
        known=bool(known),
    )
