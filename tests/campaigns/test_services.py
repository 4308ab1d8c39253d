"""A campaign is launched once, to exactly whom its segment selects."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.models import AuditEntry
from campaigns import services
from campaigns.ledger import Ledger
from campaigns.models import Campaign, CampaignStatus, Recipient
from contacts.consent import opt_out
from gateway.models import Batch, BatchState, Delivery, Suppression
from gateway.suppression import suppress
from tests import builders as make
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def ledger(campaign: Campaign) -> set[tuple[str, str, str, str]]:
    campaign.refresh_from_db()
    build.counted(campaign)
    return {
        (
            entry.contact.name if entry.contact else "",
            entry.recipient.address,
            entry.state,
            entry.reason,
        )
        for entry in Ledger(campaign)
    }


def test_a_draft_may_be_unfinished_but_not_wrong():
    ws = make.workspace()
    campaign = services.create(workspace=ws, member=make.member(ws))
    assert campaign.status == CampaignStatus.DRAFT
    assert campaign.name == "Untitled campaign"
    foreign = make.channel()
    with pytest.raises(ValidationError) as caught:
        services.update(
            campaign=campaign,
            member=None,
            name="x" * 201,
            text="Hi {{ nobody }}",
            channel=foreign,
            segment=build.segment(foreign.workspace),
            status="sending",
        )
    assert set(caught.value.message_dict) == {"name", "text", "channel", "segment", "status"}
    campaign.refresh_from_db()
    assert (campaign.text, campaign.channel, campaign.status) == ("", None, "draft")


def test_launching_names_everything_that_is_missing():
    ws = make.workspace()
    campaign = services.create(workspace=ws, member=None)
    with pytest.raises(ValidationError) as caught:
        services.launch(campaign=campaign, member=None)
    assert set(caught.value.message_dict) == {"segment", "channel", "text"}
    off = make.channel(ws, enabled=False)
    long = build.draft(ws, channel=off, text="x" * 1601)
    build.people(ws, 1)
    with pytest.raises(ValidationError) as caught:
        services.launch(campaign=long, member=None)
    assert set(caught.value.message_dict) == {"channel", "text"}
    off.enabled = True
    off.save()
    with pytest.raises(ValidationError) as caught:
        services.launch(campaign=long, member=None)
    assert set(caught.value.message_dict) == {"text"}
    assert "1601" in caught.value.message_dict["text"][0]
    assert not Recipient.objects.exists()
    assert not Batch.objects.exists()


def test_nobody_to_send_to_is_an_error_and_nothing_happens():
    campaign = build.draft(make.workspace())
    with pytest.raises(ValidationError, match="No contact matches"):
        services.launch(campaign=campaign, member=None)
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.DRAFT
    assert not Batch.objects.exists()


def test_the_audience_is_frozen_exactly():
    ws = make.workspace()
    inside = {"country": "ES"}
    plain = make.address(make.contact(ws, name="plain", **inside)).value
    twice = make.contact(ws, name="twice", **inside)
    first, second = make.address(twice).value, make.address(twice).value
    make.address(twice, "twice@example.com", kind="email")
    make.contact(ws, name="none", **inside)
    only_mail = make.contact(ws, name="mail", **inside)
    make.address(only_mail, "mail@example.com", kind="email")
    out = make.address(make.contact(ws, name="out", **inside))
    opt_out(address=out, medium="sms", source="agent")
    dead = make.address(make.contact(ws, name="dead", **inside)).value
    suppress(
        workspace_id=ws.pk,
        medium="sms",
        address=dead,
        reason=Suppression.Reason.BOUNCED,
        source="provider",
    )
    blocked = make.address(make.contact(ws, name="blocked", blocked=True, **inside)).value
    # One of two numbers opted out: the other one gets it.
    half = make.contact(ws, name="half", **inside)
    gone, kept = make.address(half), make.address(half).value
    opt_out(address=gone, medium="sms", source="agent")
    # An opt-out from another medium does not count.
    other_medium = make.address(make.contact(ws, name="rcs", **inside))
    opt_out(address=other_medium, medium="rcs", source="agent")
    make.address(make.contact(ws, name="outside", country="US"))
    stranger = make.contact(make.workspace(), name="stranger", **inside)
    make.address(stranger)
    spain = build.segment(ws, {"field": "country", "op": "is", "value": "ES"})
    campaign = build.launched(ws, segment=spain)
    assert ledger(campaign) == {
        ("plain", plain, "pending", ""),
        ("twice", first, "pending", ""),
        ("twice", second, "skipped", "duplicate"),
        ("none", "", "skipped", "no_address"),
        ("mail", "", "skipped", "no_address"),
        ("out", out.value, "skipped", "opted_out"),
        ("dead", dead, "skipped", "bounced"),
        ("blocked", blocked, "skipped", "blocked"),
        ("half", gone.value, "skipped", "opted_out"),
        ("half", kept, "pending", ""),
        ("rcs", other_medium.value, "pending", ""),
    }
    entry = AuditEntry.objects.get(action="campaign.launched")
    assert entry.data == {"recipients": 11}
    # Who joins the segment afterwards is not part of it.
    make.address(make.contact(ws, name="late", **inside))
    assert campaign.recipients.count() == 11


def test_freezing_is_one_statement(django_assert_num_queries):
    ws = make.workspace()
    build.people(ws, 30)
    from campaigns.audience import freeze

    campaign = Campaign.objects.select_related("workspace", "channel", "segment").get(
        pk=build.draft(ws).pk
    )
    # Two read which fields a filter may use; a lock; where the ledger ends; its span and counts.
    with django_assert_num_queries(8) as statements:
        assert freeze(campaign) == 30
    assert sum(q["sql"].count("INSERT") for q in statements) == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_launch_once():
    ws = make.workspace()
    build.people(ws, 20)
    campaign = build.draft(ws)
    start, outcomes = threading.Barrier(6), []

    def click() -> None:
        try:
            start.wait(5)
            services.launch(campaign=campaign, member=None)
            outcomes.append("launched")
        except services.WrongStatus:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(outcomes) == ["launched"] + ["refused"] * 5
    assert Recipient.objects.count() == 20
    assert Batch.objects.count() == 1


def test_what_is_launched_cannot_be_edited_or_thrown_away():
    ws = make.workspace()
    build.people(ws, 1)
    campaign = build.launched(ws)
    for call in (services.update, services.delete_draft):
        with pytest.raises(services.WrongStatus):
            call(campaign=campaign, member=None)
    draft = build.draft(ws)
    services.delete_draft(campaign=draft, member=None)
    assert list(Campaign.objects.all()) == [campaign]


def test_pausing_resuming_and_cancelling_follow_one_table():
    ws = make.workspace()
    build.people(ws, 3)
    campaign = build.launched(ws)
    assert campaign.batch
    for call, status, batch in [
        (services.pause, "paused", BatchState.PAUSED),
        (services.resume, "sending", BatchState.RUNNING),
        (services.pause, "paused", BatchState.PAUSED),
        (services.cancel, "cancelled", BatchState.CANCELLED),
    ]:
        call(campaign=campaign, member=None)
        campaign.refresh_from_db()
        campaign.batch.refresh_from_db()
        assert (campaign.status, campaign.batch.state) == (status, batch)
    for call in (services.pause, services.resume, services.cancel, services.launch):
        with pytest.raises(services.WrongStatus):
            call(campaign=campaign, member=None)
    assert {entry[2:] for entry in ledger(campaign)} == {("skipped", "cancelled")}
    assert build.counted(campaign).skipped == {"cancelled": 3}
    assert campaign.finished_at is not None
    assert not Delivery.objects.exists()


def test_cancelling_stops_what_is_queued():
    ws = make.workspace()
    build.people(ws, 4)
    campaign = build.expanded(ws)
    gone = build.deliveries(campaign).first()
    Delivery.objects.filter(pk=gone.pk).update(state="sent")
    services.cancel(campaign=campaign, member=None)
    assert sorted(build.deliveries(campaign).values_list("state", flat=True)) == [
        *["cancelled"] * 3,
        "sent",
    ]
