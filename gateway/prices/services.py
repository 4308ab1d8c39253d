"""Changes a channel's price table."""

from collections.abc import Mapping
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Member
from gateway.addresses import PHONE
from gateway.models import Channel
from gateway.prices.model import Price
from gateway.prices.reading import read_currency
from gateway.registry import adapter_class


def has_prices(channel: Channel) -> bool:
    """Whether a price by country makes sense: where people are reached by phone number."""
    return adapter_class(channel.kind).address_kind == PHONE


@transaction.atomic
def set_prices(
    *, channel: Channel, member: Member | None, currency: str, prices: Mapping[str, Decimal]
) -> None:
    """Replace the whole table; an empty one means that nothing is known.

    ``prices`` are by country as ``gateway.prices.reading`` reads them. ValidationError names
    ``currency``, or ``prices`` where the channel has no phone numbers.
    """
    if not has_prices(channel):
        raise ValidationError({"prices": _("This kind of channel has no prices by country.")})
    try:
        code = read_currency(currency) if prices or currency.strip() else ""
    except ValidationError as error:
        raise ValidationError({"currency": error.messages}) from error
    row = Channel.objects.select_for_update().get(pk=channel.pk)
    Price.objects.filter(channel=row).delete()
    Price.objects.bulk_create(
        Price(
            workspace_id=row.workspace_id,
            channel=row,
            country=country,
            per_segment=price,
            currency=code,
        )
        for country, price in prices.items()
    )
    record(
        workspace=row.workspace_id,
        member=member,
        action="channel.prices_changed",
        target=row,
        currency=code,
        countries=len(prices),
    )
