"""What takes over for a campaign is its own word, or its channel's at the launch."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from campaigns import expansion, services
from campaigns.behind import fallback_of
from campaigns.ledger import Ledger
from campaigns.models import Behind, Campaign
from gateway.contract import Reach, Reached
from gateway.fallback.model import Fallback, Success
from gateway.fallback.policy import Policy
from gateway.models import Channel, Delivery
from gateway.reach.asking import note
from gateway.states import State
from tests import builders as make
from tests.campaigns import build
from tests.campaigns.rich import ROOMS, pair
from tests.campaigns.test_fallback import leave

pytestmark = pytest.mark.django_db


def sent(channel: Channel, **fields: Any) -> Campaign:
    """A campaign to three people, in the outbox."""
    build.people(channel.workspace, 3)
    return build.expanded(channel.workspace, channel=channel, **fields)


def test_without_a_word_of_its_own_it_is_the_channels_at_the_launch() -> None:
    rcs, sms = pair(fallback_after_s=90)
    build.people(rcs.workspace, 3)
    campaign = build.launched(rcs.workspace, channel=rcs)
    assert campaign.fallback_by == Behind.OWN
    Channel.objects.filter(pk=rcs.pk).update(fallback_channel=None)
    expansion.expand(campaign.pk)
    assert set(Fallback.objects.values_list("channel", "success")) == {(sms.pk, "delivered")}
    assert set(Delivery.objects.values_list("fallback_s", flat=True)) == {90}


def test_nothing_takes_over_where_the_campaign_says_so() -> None:
    rcs, _sms = pair()
    sent(rcs, fallback=Behind.NOTHING)
    assert not Fallback.objects.exists()
    assert set(Delivery.objects.values_list("fallback_s", flat=True)) == {None}


def test_its_own_word_goes_before_the_channels() -> None:
    rcs, _sms = pair()
    other = make.channel(rcs.workspace)
    policy = Policy(other, 3600, Success.READ)
    campaign = sent(rcs, fallback=policy)
    assert set(Fallback.objects.values_list("channel", "success")) == {(other.pk, "read")}
    assert set(Delivery.objects.values_list("fallback_s", flat=True)) == {3600}
    assert fallback_of(Campaign.objects.get(pk=campaign.pk)) == policy


def test_a_channel_that_is_switched_off_meanwhile_takes_nothing_over() -> None:
    rcs, sms = pair()
    build.people(rcs.workspace, 1)
    campaign = build.launched(rcs.workspace, channel=rcs)
    Channel.objects.filter(pk=sms.pk).update(enabled=False)
    expansion.expand(campaign.pk)
    assert not Fallback.objects.exists()


def test_what_cannot_work_names_the_part() -> None:
    rcs, sms = pair()
    elsewhere = make.channel()
    for policy, name in [
        (Policy(rcs), "fallback.channel"),
        (Policy(elsewhere), "fallback.channel"),
        (Policy(sms, 1), "fallback.after_s"),
        (Policy(sms, 10**12), "fallback.after_s"),
    ]:
        with pytest.raises(ValidationError) as caught:
            build.draft(rcs.workspace, channel=rcs, fallback=policy)
        assert list(caught.value.message_dict) == [name]
    with pytest.raises(ValidationError) as caught:
        build.draft(sms.workspace, channel=sms, fallback=Policy(rcs, success=Success.READ))
    assert list(caught.value.message_dict) == ["fallback.success"]
    with pytest.raises(ValidationError) as caught:
        services.create(workspace=sms.workspace, member=None, fallback=Policy(sms))
    assert list(caught.value.message_dict) == ["fallback.channel"]
    assert not Campaign.objects.exists()


def test_a_word_that_no_longer_fits_is_told_at_the_launch() -> None:
    rcs, sms = pair()
    build.people(rcs.workspace, 1)
    draft = build.draft(rcs.workspace, channel=rcs, fallback=Policy(sms))
    services.update(campaign=draft, member=None, channel=sms)
    with pytest.raises(ValidationError) as caught:
        services.launch(campaign=draft, member=None)
    assert list(caught.value.message_dict) == ["fallback.channel"]


def test_whom_the_channel_does_not_reach_is_asked_for_where_the_campaign_falls_back() -> None:
    rcs, sms = pair()
    Channel.objects.filter(pk=rcs.pk).update(fallback_channel=None)
    build.people(rcs.workspace, 3)
    campaign = build.launched(rcs.workspace, channel=rcs, fallback=Policy(sms))
    addresses = list(campaign.recipients.values_list("address", flat=True))
    note(rcs, {address: Reached(Reach.NO) for address in addresses})
    expansion.expand(campaign.pk)
    assert Delivery.objects.filter(channel=sms, state=State.QUEUED).count() == 3
    assert dict(build.counted(campaign).states) == {State.QUEUED: 3}


def test_a_carousel_that_becomes_several_messages_is_one_line() -> None:
    rcs, _sms = pair()
    picture = {"url": "https://example.org/a.png", "content_type": "image/png"}
    cards = [{**card, "media": picture} for card in ROOMS["cards"]]
    campaign = sent(rcs, text="", content={"cards": cards})
    leave(capable=1)
    parts = Delivery.objects.filter(replaces__isnull=False)
    assert parts.count() == 4
    assert set(parts.values_list("part", flat=True)) == {0, 101}
    assert dict(build.counted(campaign).states) == {State.SENT: 1, State.QUEUED: 2}
    leave(capable=0)
    assert dict(build.counted(campaign).states) == {State.SENT: 3}
    told = list(Ledger(Campaign.objects.get(pk=campaign.pk), outcome="sent"))
    assert [entry.fallback.verdict for entry in told if entry.fallback] == [
        "",
        "not_capable",
        "not_capable",
    ]
