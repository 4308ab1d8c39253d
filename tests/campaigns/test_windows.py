"""Before a launch: for how many the reply window is closed, and what becomes of their message."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from campaigns.preview import foresee
from campaigns.windows import Closed
from gateway.models import Channel, ReplyWindow
from gateway.templates.keeping import keep_templates
from tests import builders as make
from tests.api.client import caller
from tests.campaigns import build
from tests.gateway.windows import talk
from tests.gateway.windows.test_templates import ORDER

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kinds(settings: Any) -> Iterator[None]:
    with talk.registered(settings):
        yield


def audience(channel: Channel, *hours: int) -> None:
    """A person each; their window ends in so many hours, 0: it never was open."""
    for each in hours:
        address = make.address(make.contact(channel.workspace))
        if each:
            ReplyWindow.objects.create(
                workspace=channel.workspace,
                channel=channel,
                address=address.value,
                until=timezone.now() + timedelta(hours=each),
            )


def test_the_check_says_for_how_many_it_is_closed(client: Client) -> None:
    channel = make.channel(kind="talk")
    audience(channel, 3, -3, 0)
    campaign = build.draft(channel.workspace, channel=channel)
    client.force_login(make.member(channel.workspace, Role.ADMIN).user)
    page = client.get(reverse("campaign-step", args=[campaign.pk, "check"])).content.decode()
    assert "About 2 people have not written lately" in page
    assert "They do not get this message." in page
    assert "Use a template" in page
    found = caller(Role.ADMIN, channel.workspace).get(f"campaigns/{campaign.pk}/forecast/").json()
    assert (found["reached"], found["window_closed"]) == (3, 2)


def test_who_gets_it_by_another_channel_is_no_warning(client: Client) -> None:
    channel = make.channel(kind="talk")
    channel.fallback_channel = make.channel(channel.workspace)
    channel.save()
    audience(channel, -3)
    campaign = build.draft(channel.workspace, channel=channel)
    assert foresee(campaign).closed == Closed(1, "SMS", templates=True)
    client.force_login(make.member(channel.workspace, Role.ADMIN).user)
    page = client.get(reverse("campaign-step", args=[campaign.pk, "check"])).content.decode()
    assert "it goes by SMS instead" in page


@pytest.mark.parametrize("how", ["open", "template", "no windows"])
def test_nothing_is_said_where_all_get_it(how: str) -> None:
    channel = make.channel(kind="twilio_sms" if how == "no windows" else "talk")
    audience(channel, 3 if how == "open" else -3)
    fields: dict[str, Any] = {}
    if how == "template":
        keep_templates(channel, [ORDER])
        use = {"name": "order_update", "language": "en", "body": {"1": "Ann", "2": "7"}}
        fields = {
            "text": "",
            "content": {"template": use | {"header_values": {"1": "a"}, "buttons": {"0": "b"}}},
        }
    assert foresee(build.draft(channel.workspace, channel=channel, **fields)).closed is None
