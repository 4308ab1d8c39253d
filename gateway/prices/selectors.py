"""What messages cost, by a channel's table; every sum says for how many no price is known."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import phonenumbers
from django.db import connection

from gateway.models import Batch, Channel
from gateway.prices.model import ANYWHERE, Price

# By the digits that tell the country, with one number to tell it by: the area code in North
# America (whose +1 many countries share), elsewhere up to six digits (Jersey within +44, Kazakhstan
# within +7). So a million deliveries become some thousand groups.
SENT = """
SELECT channel_id, min(address), sum(cost), count(*)
FROM gateway_delivery
WHERE batch_id = %s AND (sent_at IS NOT NULL OR state IN ('sent', 'delivered', 'read'))
GROUP BY channel_id, CASE WHEN address LIKE '+1%%' THEN left(address, 5) ELSE left(address, 7) END
"""

MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class PriceTable:
    """A channel's prices by country, all in one currency."""

    currency: str
    prices: Mapping[str, Decimal]

    def of(self, country: str) -> Decimal | None:
        """The price of one unit to a country ("": not known which); None without one."""
        return self.prices.get(country, self.prices.get(ANYWHERE))


@dataclass(slots=True)
class Cost:
    """A sum in one currency. ``unpriced`` numbers in ``countries`` have no price and are not in
    it; ``about``: it is an estimate from some of them.
    """

    currency: str
    amount: Decimal = Decimal(0)
    unpriced: float = 0
    countries: set[str] = field(default_factory=set)
    about: bool = False

    @property
    def places(self) -> int:
        """How many countries have no price; an unknown one counts."""
        return len(self.countries)

    @property
    def named(self) -> str:
        """Some of them by their codes."""
        return ", ".join(sorted(filter(None, self.countries))[:MOST_NAMED])

    def add(self, table: PriceTable, country: str, units: float, numbers: float) -> None:
        """Add what so many units to so many numbers of a country cost."""
        price = table.of(country)
        if price is None:
            self.unpriced += numbers
            self.countries.add(country)
        else:
            self.amount += price * Decimal(str(units))


def country_of(number: str) -> str:
    """The country of a number in E.164 (ISO 3166-1); empty where it tells none."""
    try:
        found = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ""
    return found if found and found.isalpha() else ""


def price_table(channel: Channel) -> PriceTable | None:
    """The channel's prices; None without any."""
    return price_tables([channel.pk]).get(channel.pk)


def price_tables(channel_ids: Collection[UUID]) -> dict[UUID, PriceTable]:
    """The prices of those channels that have some, in one statement."""
    rows = Price.objects.filter(channel__in=channel_ids)
    found: dict[UUID, PriceTable] = {}
    prices: dict[UUID, dict[str, Decimal]] = {}
    for row in rows:
        own = prices.setdefault(row.channel_id, {})
        own[row.country] = row.per_segment
        found[row.channel_id] = PriceTable(row.currency, own)
    return found


def price_to(channel: Channel, number: str) -> tuple[Decimal, str] | None:
    """What one unit to a number costs, and in which currency; None where that is not known."""
    rows = Price.objects.filter(channel=channel, country__in=[country_of(number), ANYWHERE])
    found = {row.country: row for row in rows}
    row = found.get(country_of(number), found.get(ANYWHERE))
    return (row.per_segment, row.currency) if row else None


def estimate(table: PriceTable, sample: Iterable[tuple[str, int]], *, each: float = 1) -> Cost:
    """What messages cost, from (number, units) of some of them; one stands for ``each``."""
    cost = Cost(table.currency, about=each > 1)
    for number, units in sample:
        cost.add(table, country_of(number), units * each, each)
    return cost


def spent(batch: Batch) -> list[Cost]:
    """What the providers took of a batch costs, by currency; nothing without any prices.

    Two statements; the first one reads all of the batch's deliveries.
    """
    rows = _sent(batch)
    tables = price_tables({row[0] for row in rows})
    costs: dict[str, Cost] = {}
    for channel_id, number, units, count in rows:
        table = tables.get(channel_id)
        if table is not None:
            cost = costs.setdefault(table.currency, Cost(table.currency))
            cost.add(table, country_of(number), units, count)
    return list(costs.values())


def _sent(batch: Batch) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(SENT, [batch.pk])
        return list(cursor.fetchall())
