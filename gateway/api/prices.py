"""A channel's prices as the API shows and takes them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.rest.serializers import StrictSerializer
from gateway.models import Channel
from gateway.prices.reading import plain, read_country, read_price
from gateway.prices.selectors import price_table

MOST = 300


class PriceSerializer(StrictSerializer):
    """What one unit that the provider counts costs to one country."""

    country = serializers.CharField(
        max_length=20, help_text="ISO 3166-1 alpha-2, or `*` for all others."
    )
    per_segment = serializers.CharField(
        max_length=20,
        help_text="Of one SMS (where the channel has none: of one message), as a decimal number.",
    )

    def validate_country(self, value: str) -> str:
        """In capital letters."""
        return read_country(value)

    def validate_per_segment(self, value: str) -> Any:
        """A Decimal of at most six decimals."""
        return read_price(value)


class PricesSerializer(StrictSerializer):
    """All prices of a channel; empty where none are known."""

    currency = serializers.CharField(
        max_length=3, required=False, allow_blank=True, default="", help_text="ISO 4217."
    )
    prices: Any = serializers.ListSerializer(child=PriceSerializer(), max_length=MOST)

    def validate_prices(self, rows: list[dict[str, Any]]) -> Any:
        """By country; each one once."""
        found = {row["country"]: row["per_segment"] for row in rows}
        for place, row in enumerate(rows):
            if row["country"] in {earlier["country"] for earlier in rows[:place]}:
                words = _("%s stands there twice.") % row["country"]
                raise ValidationError(words)
        return found


def shown_prices(channel: Channel) -> dict[str, Any]:
    """What PricesSerializer describes."""
    table = price_table(channel)
    if table is None:
        return {"currency": "", "prices": []}
    rows = sorted(table.prices.items())
    return {
        "currency": table.currency,
        "prices": [{"country": country, "per_segment": plain(price)} for country, price in rows],
    }
