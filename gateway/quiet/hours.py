"""The arithmetic of quiet hours: when a message may leave, by the clocks of one or more places.

A person's number may be of a country with several time zones. Then a message waits until it is
quiet in none of them; where there is no such hour, until it is quiet in the fewest.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
# Every clock is looked at from the day before to so many days after.
DAYS_AHEAD = 6
# The best hour is looked for within this time: each hour of the clock comes in it twice.
AHEAD = 2 * DAY
# Clocks are not put forward or back twice in this time.
BETWEEN_CHANGES = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Hours:
    """From ``starts`` until just before ``ends`` it is quiet, by the clock of the place.

    They differ; where ``ends`` is earlier, it is that of the next day.
    """

    starts: time
    ends: time

    def quiet(self, clock: time) -> bool:
        """Whether it is quiet when a clock shows this."""
        if self.starts < self.ends:
            return self.starts <= clock < self.ends
        return clock >= self.starts or clock < self.ends

    def quiet_in(self, zone: str, at: datetime) -> bool:
        """Whether it is quiet at a moment in a zone (an IANA name)."""
        return self.quiet(at.astimezone(ZoneInfo(zone)).time())


@dataclass(frozen=True, slots=True)
class Slot:
    """A message may leave from ``opens`` until just before ``closes``, both in UTC.

    ``suits_all`` is false where it is quiet in some of the zones then too: no hour is better.
    """

    opens: datetime
    closes: datetime
    suits_all: bool


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Moments at which it changes in how many zones it is quiet, and in how many from then on."""

    starts: tuple[datetime, ...]
    counts: tuple[int, ...]


def next_slot(hours: Hours, zones: tuple[str, ...], at: datetime) -> Slot:
    """The first time, not before ``at``, at which it is quiet in the fewest of the zones."""
    at = at.astimezone(UTC)
    known = _stretches(hours, zones, at.date())
    first = bisect_right(known.starts, at) - 1
    last = bisect_right(known.starts, at + AHEAD)
    fewest = min(known.counts[first:last])
    place = next(n for n in range(first, last) if known.counts[n] == fewest)
    end = next(
        (n for n in range(place, len(known.counts)) if known.counts[n] > fewest),
        len(known.starts) - 1,
    )
    return Slot(max(at, known.starts[place]), known.starts[end], fewest == 0)


@lru_cache(maxsize=4096)
def _stretches(hours: Hours, zones: tuple[str, ...], day: date) -> _Stretches:
    """All there is to know for moments of a day (of UTC)."""
    moments = sorted({moment for zone in zones for moment in _turns(hours, zone, day)})
    counts = [sum(hours.quiet_in(zone, moment) for zone in zones) for moment in moments]
    return _Stretches(tuple(moments), tuple(counts))


def _turns(hours: Hours, zone: str, day: date) -> Iterator[datetime]:
    """Moments at which it may begin or end to be quiet in a zone; some are none, which is fine."""
    place = ZoneInfo(zone)
    first, last = day - DAY, day + DAYS_AHEAD * DAY
    # Calendars differ by a day: in the west it is still the day before that.
    local = first - DAY
    yield datetime.combine(first, time(), UTC)
    yield from _changes(place, datetime.combine(first, time(), UTC), DAYS_AHEAD + 1)
    while local <= last:
        for clock in (hours.starts, hours.ends):
            for fold in (0, 1):  # when clocks are put back, they show it twice
                yield datetime.combine(local, clock.replace(fold=fold), place).astimezone(UTC)
        local += DAY


def _changes(place: ZoneInfo, begin: datetime, days: int) -> Iterator[datetime]:
    """When the clocks of a place are put forward or back, to the second."""
    end = begin + days * DAY
    while begin < end:
        low, high = begin, begin + BETWEEN_CHANGES
        before = low.astimezone(place).utcoffset()
        if high.astimezone(place).utcoffset() != before:
            while high - low > SECOND:
                middle = (low + (high - low) / 2).replace(microsecond=0)
                if middle.astimezone(place).utcoffset() == before:
                    low = middle
                else:
                    high = middle
            yield high
        begin += BETWEEN_CHANGES
