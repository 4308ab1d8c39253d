"""The arithmetic of quiet hours, over zones, days on which clocks change, and windows."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.quiet.hours import Hours, Slot, next_slot
from gateway.quiet.zones import zones_of

NIGHT = Hours(time(21), time(8))
MINUTE = timedelta(minutes=1)
MADRID, TOKYO = ("Europe/Madrid",), ("Asia/Tokyo",)
# Clocks that change at midnight, by half an hour, in the south, never, and twice about Ramadan.
ZONES = [
    "UTC", "Europe/Madrid", "America/New_York", "America/Santiago", "America/Havana", "Asia/Beirut",
    "Australia/Lord_Howe", "Australia/Adelaide", "Asia/Kathmandu", "Asia/Tokyo",
    "Africa/Casablanca", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns",
    "Pacific/Apia", "Africa/Cairo",
]  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def slot(opens: str, closes: str, *, suits_all: bool = True) -> Slot:
    return Slot(at(opens), at(closes), suits_all)


@pytest.mark.parametrize(
    ("hours", "zones", "now", "found"),
    [
        # By day it may leave at once, until the evening.
        (NIGHT, MADRID, "2026-11-22T12:00", slot("2026-11-22T12:00", "2026-11-22T20:00")),
        (NIGHT, MADRID, "2026-11-22T19:59:59", slot("2026-11-22T19:59:59", "2026-11-22T20:00")),
        # The first moment of the night is quiet, the last is over when the morning begins.
        (NIGHT, MADRID, "2026-11-22T20:00", slot("2026-11-23T07:00", "2026-11-23T20:00")),
        (NIGHT, MADRID, "2026-11-23T06:59:59", slot("2026-11-23T07:00", "2026-11-23T20:00")),
        (NIGHT, MADRID, "2026-11-23T07:00", slot("2026-11-23T07:00", "2026-11-23T20:00")),
        (NIGHT, TOKYO, "2026-11-22T12:00", slot("2026-11-22T23:00", "2026-11-23T12:00")),
        # The night in which clocks are put back is an hour longer, the other one shorter.
        (NIGHT, MADRID, "2026-10-24T19:00", slot("2026-10-25T07:00", "2026-10-25T20:00")),
        (NIGHT, MADRID, "2026-03-28T20:00", slot("2026-03-29T06:00", "2026-03-29T19:00")),
        # It ends at an hour that does not exist that day: when the clock jumps over it.
        (
            Hours(time(23), time(2, 30)), MADRID, "2026-03-29T00:00",
            slot("2026-03-29T01:00", "2026-03-29T21:00"),
        ),
        # And at one that there is twice: the first time, until it is back.
        (
            Hours(time(23), time(2, 30)), MADRID, "2026-10-25T00:00",
            slot("2026-10-25T00:30", "2026-10-25T01:00"),
        ),
        # Within a day.
        (
            Hours(time(13), time(15)), MADRID, "2026-11-22T12:30",
            slot("2026-11-22T14:00", "2026-11-23T12:00"),
        ),
        # A number of Spain may be in the Canaries: both must be awake.
        (
            NIGHT, ("Atlantic/Canary", "Europe/Madrid"), "2026-11-23T07:30",
            slot("2026-11-23T08:00", "2026-11-23T20:00"),
        ),
        # From Kaliningrad to Kamchatka nobody is always awake: when the fewest sleep.
        (
            Hours(time(18), time(12)), ("Asia/Kamchatka", "Europe/Kaliningrad"),
            "2026-11-22T18:00",
            slot("2026-11-23T00:00", "2026-11-23T06:00", suits_all=False),
        ),
    ],
)  # fmt: skip
def test_when_it_may_leave(hours: Hours, zones: tuple[str, ...], now: str, found: Slot) -> None:
    assert next_slot(hours, zones, at(now)) == found


clocks = st.times(timezones=st.none()).map(lambda found: found.replace(second=0, microsecond=0))
# Around the days on which clocks change somewhere, and any.
moments = st.one_of(
    st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31)),
    st.builds(
        lambda day, seconds: datetime.fromisoformat(day) + timedelta(seconds=seconds),
        st.sampled_from(["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-25", "2026-11-01"]),
        st.integers(-200_000, 200_000),
    ),
)


@settings(max_examples=300, deadline=None)
@given(clocks, clocks, st.lists(st.sampled_from(ZONES), min_size=1, max_size=4), moments)
def test_never_in_quiet_hours_and_never_later_than_needed(
    starts: time, ends: time, zones: list[str], moment: datetime
) -> None:
    assume(starts != ends)
    hours, now = Hours(starts, ends), moment.replace(microsecond=0, tzinfo=UTC)
    found = next_slot(hours, tuple(zones), now)

    def quiet(moment: datetime) -> int:
        return sum(hours.quiet(moment.astimezone(ZoneInfo(zone)).time()) for zone in zones)

    assert now <= found.opens < found.closes
    fewest = quiet(found.opens)
    assert found.suits_all == (fewest == 0)
    # Not a moment that suits more, or as many, before it.
    before = now
    while before < found.opens:
        assert quiet(before) > fewest
        before += 7 * MINUTE
    assert found.opens == now or quiet(found.opens - timedelta(seconds=1)) > fewest
    # All of the slot suits as many, and its end is where that ends.
    inside = found.opens
    while inside < found.closes:
        assert quiet(inside) <= fewest
        inside += 7 * MINUTE
    assert quiet(found.closes - timedelta(seconds=1)) <= fewest
    assert quiet(found.closes) > fewest
    # Within the two days that are looked at there is none that suits more.
    assert all(quiet(now + n * 13 * MINUTE) >= fewest for n in range(200))


@pytest.mark.parametrize(
    ("zone", "address", "workspace_zone", "zones"),
    [
        ("Asia/Tokyo", "+34600000001", "UTC", ("Asia/Tokyo",)),
        ("", "+34600000001", "UTC", ("Atlantic/Canary", "Europe/Madrid")),
        (None, "+14155550100", "UTC", ("America/Los_Angeles",)),
        ("Nowhere/Land", "+81312345678", "UTC", ("Asia/Tokyo",)),
        ("", "+88216123456", "Europe/Paris", ("Europe/Paris",)),
        ("", "ana@example.com", "Europe/Paris", ("Europe/Paris",)),
        ("", "ana@example.com", "Nowhere/Land", ("UTC",)),
    ],
)
def test_where_a_person_may_be(
    zone: str | None, address: str, workspace_zone: str, zones: tuple[str, ...]
) -> None:
    assert zones_of(zone, address, workspace_zone) == zones
