"""Where a person may be, by what is known of them."""

from functools import lru_cache
from zoneinfo import available_timezones

import phonenumbers
from phonenumbers import timezone as phone_timezone

FALLBACK = "UTC"


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """The zones whose clocks this system knows."""
    return frozenset(available_timezones())


def zones_of(zone: str | None, address: str, workspace_zone: str) -> tuple[str, ...]:
    """IANA names, at least one: the person's own zone if it is known, else those their number may
    be in, else the workspace's.
    """
    if zone and zone in known_zones():
        return (zone,)
    found = _of_number(address)
    if found:
        return found
    return (workspace_zone if workspace_zone in known_zones() else FALLBACK,)


@lru_cache(maxsize=50_000)
def _of_number(address: str) -> tuple[str, ...]:
    try:
        number = phonenumbers.parse(address)
    except phonenumbers.NumberParseException:
        return ()
    found = phone_timezone.time_zones_for_number(number)
    return tuple(sorted(set(found) & known_zones()))
