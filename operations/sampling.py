"""Takes each channel's numbers once a minute, and reads them back as series for the charts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from gateway.models import Channel
from gateway.vitals import vitals
from operations import tallies
from operations.models import Sample, Tally

KEPT = timedelta(hours=25)
# The largest numbers of a bin count, so that a short peak is seen in the chart of a day too.
SERIES = """
SELECT channel_id, date_bin(%s, at, %s), max(depth), max(oldest_seconds), max(inbound),
       max(sent), max(failed), extract(epoch FROM max(at))::bigint
FROM operations_sample WHERE channel_id = ANY(%s::uuid[]) AND at >= %s
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time up to now and the width of a point of the chart."""

    name: str
    length: timedelta
    bin: timedelta

    @property
    def points(self) -> int:
        """How many points a full chart has."""
        return self.length // self.bin

    def starts(self, now: datetime) -> list[datetime]:
        """The beginning of each bin, the oldest first."""
        since_epoch = now - datetime.fromtimestamp(0, now.tzinfo)
        newest = now - since_epoch % self.bin
        return [newest - self.bin * n for n in reversed(range(self.points))]


HOUR = Window("hour", timedelta(hours=1), timedelta(minutes=1))
RECENTLY = Window("recently", timedelta(minutes=10), timedelta(minutes=1))
DAY = Window("day", timedelta(days=1), timedelta(minutes=15))


@dataclass(frozen=True, slots=True)
class Point:
    """A bin. ``sent`` and ``failed`` are per second, None where the bin before is missing."""

    at: datetime
    depth: int
    oldest_seconds: int
    inbound: int
    sent: float | None
    failed: float | None


# A point for each bin of the window, None where no sample was taken.
Series = Sequence[Point | None]


def take_samples() -> int:
    """Write this minute's samples unless they are there; returns how many channels have one now.

    A fixed number of statements for all channels. Two at once write the same rows once.
    """
    minute = timezone.now().replace(second=0, microsecond=0)
    if Sample.objects.filter(at=minute).exists():
        return 0
    channels = dict(Channel.objects.values_list("pk", "workspace_id"))
    found, totals = vitals(channels), _totals()
    samples = [
        Sample(
            workspace_id=workspace_id,
            channel_id=pk,
            at=minute,
            depth=found[pk].depth,
            oldest_seconds=_age(found[pk].oldest_at, minute),
            inbound=found[pk].inbound_new,
            sent=totals[pk, True],
            failed=totals[pk, False],
        )
        for pk, workspace_id in channels.items()
    ]
    Sample.objects.bulk_create(samples, ignore_conflicts=True)
    Sample.objects.filter(at__lt=minute - KEPT).delete()
    return len(samples)


def _totals() -> Mapping[tuple[UUID, bool], int]:
    totals: dict[tuple[UUID, bool], int] = defaultdict(int)
    for tally in Tally.objects.filter(source="sends"):
        totals[tally.channel_id, tally.outcome == tallies.OK] += tally.total
    return totals


def _age(since: datetime | None, now: datetime) -> int:
    return 0 if since is None else max(0, int((now - since).total_seconds()))


def series(channels: Iterable[UUID], window: Window) -> dict[UUID, Series]:
    """The window's points of these channels, by id, in one statement."""
    starts = window.starts(timezone.now())
    wanted = [str(pk) for pk in channels]
    epoch = datetime.fromtimestamp(0, starts[0].tzinfo)
    bins: dict[str, dict[datetime, tuple[int, ...]]] = {pk: {} for pk in wanted}
    with connection.cursor() as cursor:
        # One bin more than is shown: a rate needs the one before.
        parameters: list[Any] = [window.bin, epoch, wanted, starts[0] - window.bin]
        cursor.execute(SERIES, parameters)
        for channel, at, *numbers in cursor.fetchall():
            bins[str(channel)][at] = tuple(numbers)
    return {UUID(pk): [_point(found, at, window) for at in starts] for pk, found in bins.items()}


def _point(found: Mapping[datetime, tuple[int, ...]], at: datetime, window: Window) -> Point | None:
    numbers = found.get(at)
    if numbers is None:
        return None
    depth, oldest, inbound, sent, failed, taken = numbers
    before = found.get(at - window.bin)
    # Between the samples themselves, because the newest bin is not over yet.
    seconds = taken - before[5] if before else 0
    return Point(
        at=at,
        depth=depth,
        oldest_seconds=oldest,
        inbound=inbound,
        sent=max(0, sent - before[3]) / seconds if before else None,
        failed=max(0, failed - before[4]) / seconds if before else None,
    )
