"""Prices of channels and costs of campaigns over the API."""

from decimal import Decimal

import pytest

from accounts.models import AuditEntry, Role
from campaigns.expansion import expand
from gateway.models import Price
from tests import builders
from tests.api.client import caller, errors
from tests.campaigns import build

pytestmark = pytest.mark.django_db

TABLE = {
    "currency": "USD",
    "prices": [
        {"country": "*", "per_segment": "0.10"},
        {"country": "ES", "per_segment": "0.075"},
    ],
}


def test_a_table_is_put_and_read():
    api = caller()
    path = f"channels/{builders.channel(api.workspace).pk}/prices/"
    assert api.get(path).json() == {"currency": "", "prices": []}
    answer = api.put(path, TABLE)
    assert (answer.status_code, answer.json()) == (200, TABLE)
    assert api.get(path).json() == TABLE
    assert AuditEntry.objects.get(action="channel.prices_changed").member == api.member
    assert api.put(path, {"prices": []}).json() == {"currency": "", "prices": []}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "XYQ"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"prices": [{"country": "XX", "per_segment": "1"}]}, "prices.0.country"),
        ({"prices": [TABLE["prices"][0], {"country": "ES", "per_segment": "-1"}]},
         "prices.1.per_segment"),
        ({"prices": [TABLE["prices"][0], TABLE["prices"][0]]}, "prices"),
        ({"prices": [{"country": "ES"}]}, "prices.0.per_segment"),
        ({"price": 1}, "price"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_changes(change, field):
    api = caller()
    channel = builders.channel(api.workspace)
    answer = api.put(f"channels/{channel.pk}/prices/", TABLE | change)
    assert answer.status_code == 400
    assert list(errors(answer)) == [field]
    assert not Price.objects.exists()


def test_only_admins_change_prices():
    api = caller(Role.AGENT)
    channel = builders.channel(api.workspace)
    assert api.put(f"channels/{channel.pk}/prices/", TABLE).status_code == 403
    assert not Price.objects.exists()


def test_a_forecast_and_what_it_has_cost():
    api = caller()
    channel = builders.channel(api.workspace)
    api.put(f"channels/{channel.pk}/prices/", {
        "currency": "EUR", "prices": [{"country": "US", "per_segment": "0.01"}],
    })  # fmt: skip
    build.people(api.workspace, 3)
    builders.address(builders.contact(api.workspace), "+34600123456")
    builders.contact(api.workspace)
    campaign = build.draft(api.workspace, channel=channel, text="x" * 161)
    assert api.get(f"campaigns/{campaign.pk}/forecast/").json() == {
        "reached": 4,
        "skipped": 1,
        "skipped_by_reason": {"no_address": 1},
        "messages": 8,
        "window_closed": 0,
        "cost": {
            "amount": "0.0600",
            "currency": "EUR",
            "about": False,
            "unpriced": 1,
            "unpriced_countries": ["ES"],
        },
    }
    assert api.get(f"campaigns/{campaign.pk}/cost/").json() == []

    api.post(f"campaigns/{campaign.pk}/launch/")
    assert api.get(f"campaigns/{campaign.pk}/forecast/").status_code == 409
    expand(campaign.pk)
    campaign.refresh_from_db()
    build.deliveries(campaign).update(state="delivered")
    [cost] = api.get(f"campaigns/{campaign.pk}/cost/").json()
    assert (Decimal(cost["amount"]), cost["currency"]) == (Decimal("0.06"), "EUR")
    assert (cost["about"], cost["unpriced"], cost["unpriced_countries"]) == (False, 1, ["ES"])


def test_without_prices_nothing_is_said_of_cost():
    api = caller()
    build.people(api.workspace, 1)
    campaign = build.draft(api.workspace)
    assert api.get(f"campaigns/{campaign.pk}/forecast/").json()["cost"] is None
