"""Price tables: read from what people paste, kept per channel, summed by country."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from gateway.models import Batch, Delivery, Price
from gateway.prices.reading import as_lines, plain, read_lines
from gateway.prices.selectors import country_of, estimate, price_table, price_to, spent
from gateway.prices.services import set_prices
from gateway.states import State
from tests import builders

SPAIN, FRANCE, JERSEY = "+34600123456", "+33612345678", "+447797712345"
UNITED_STATES, JAMAICA = "+14155550114", "+18765550114"


def priced(currency: str = "USD", **prices: str):
    channel = builders.channel()
    table = {"*" if name == "other" else name: Decimal(price) for name, price in prices.items()}
    set_prices(channel=channel, member=None, currency=currency, prices=table)
    return channel


@pytest.mark.parametrize(
    "text",
    ["ES 0.0750\n* 0.1", "es\t0,0750\n\n*\t0,1\r\n", "ES;0.0750\n*;0.1", "ES = 0.075\n* : 0.10"],
)
def test_lines_as_people_paste_them(text):
    assert read_lines(text) == {"ES": Decimal("0.075"), "*": Decimal("0.1")}


def test_every_wrong_line_is_named():
    with pytest.raises(ValidationError) as raised:
        read_lines("ES 0.07\nXX 0.1\nFR\nDE -1\nES 0.08\nIT 0.1234567\nPT free")
    assert raised.value.message_dict["prices"] == [
        "Line 2: “XX” is no country: two letters like ES, or * for all others.",
        "Line 3: A country and a price, like ES 0.0750.",
        "Line 4: “-1” is no price: a number like 0.0750, with at most six decimals.",
        "Line 5: ES stands in line 1 already.",
        "Line 6: “0.1234567” is no price: a number like 0.0750, with at most six decimals.",
        "Line 7: “free” is no price: a number like 0.0750, with at most six decimals.",
    ]


def test_a_table_can_be_pasted_again():
    prices = {"*": Decimal("0.100000"), "FR": Decimal("0.065"), "ES": Decimal(12)}
    assert as_lines(prices) == "ES 12.00\nFR 0.065\n* 0.10"
    assert read_lines(as_lines(prices)) == prices
    assert plain(Decimal("0.000001")) == "0.000001"


@pytest.mark.parametrize(
    ("number", "country"),
    [
        (SPAIN, "ES"),
        (UNITED_STATES, "US"),
        (JAMAICA, "JM"),
        (JERSEY, "JE"),
        ("+80012345678", ""),
        ("22395", ""),
    ],
)
def test_the_country_of_a_number(number, country):
    assert country_of(number) == country


@pytest.mark.django_db
def test_saving_replaces_the_table_of_this_channel_only():
    channel, other = priced(ES="0.07", FR="0.06"), priced(ES="0.5")
    set_prices(channel=channel, member=None, currency="eur", prices={"*": Decimal("0.1")})
    table = price_table(channel)
    assert table is not None
    assert (table.currency, dict(table.prices)) == ("EUR", {"*": Decimal("0.1")})
    assert Price.objects.filter(channel=other).count() == 1
    set_prices(channel=channel, member=None, currency="", prices={})
    assert price_table(channel) is None


@pytest.mark.django_db
def test_a_currency_that_does_not_exist_saves_nothing():
    channel = priced(ES="0.07")
    with pytest.raises(ValidationError) as raised:
        set_prices(channel=channel, member=None, currency="XYQ", prices={"ES": Decimal(1)})
    assert list(raised.value.message_dict) == ["currency"]
    assert Price.objects.get(channel=channel).per_segment == Decimal("0.07")


@pytest.mark.django_db
def test_the_price_of_one_sms():
    channel = priced(ES="0.07", other="0.2")
    assert price_to(channel, SPAIN) == (Decimal("0.07"), "USD")
    assert price_to(channel, FRANCE) == (Decimal("0.2"), "USD")
    assert price_to(priced(ES="0.07"), FRANCE) is None
    assert price_to(builders.channel(), SPAIN) is None


@pytest.mark.django_db
def test_an_estimate_says_for_whom_no_price_is_known():
    table = price_table(priced(ES="0.07", US="0.01"))
    assert table is not None
    cost = estimate(table, [(SPAIN, 2), (UNITED_STATES, 1), (FRANCE, 1), ("+80012345678", 3)])
    assert (cost.amount, cost.currency, cost.about) == (Decimal("0.15"), "USD", False)
    assert (cost.unpriced, cost.countries, cost.named) == (2, {"FR", ""}, "FR")
    cost = estimate(table, [(SPAIN, 2), (FRANCE, 1)], each=100)
    assert (cost.amount, cost.about, cost.unpriced) == (Decimal(14), True, 100)


def sent(batch, channel, address, state=State.DELIVERED, cost=1, **fields):
    now = timezone.now()
    fields = {"sent_at": now} | fields
    Delivery.objects.create(
        workspace=channel.workspace,
        channel=channel,
        batch=batch,
        medium="sms",
        address=address,
        content={"text": "Hi"},
        state=state,
        cost=cost,
        due_at=now,
        created_at=now,
        **fields,
    )


@pytest.mark.django_db
def test_what_was_sent_costs_by_country_and_channel(django_assert_num_queries):
    channel = priced(ES="0.07", JM="1", US="0.01", GB="0.02", JE="3")
    unpriced = builders.channel(channel.workspace)
    batch = Batch.objects.create(workspace=channel.workspace)
    sent(batch, channel, SPAIN, cost=2)
    sent(batch, channel, "+34600123457", state=State.FAILED)
    sent(batch, channel, UNITED_STATES)
    sent(batch, channel, JAMAICA)
    sent(batch, channel, JERSEY)
    sent(batch, channel, "+447400123456")
    sent(batch, channel, FRANCE)
    sent(batch, channel, SPAIN, state=State.QUEUED, sent_at=None)
    sent(batch, channel, SPAIN, state=State.FAILED, sent_at=None)
    sent(batch, unpriced, SPAIN)
    with django_assert_num_queries(2):
        [cost] = spent(batch)
    assert cost.amount == Decimal("4.24")
    assert (cost.unpriced, cost.countries) == (1, {"FR"})
