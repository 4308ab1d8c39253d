"""Campaigns under quiet hours: who sleeps waits, nobody else does, and all of it is told."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, Workspace
from campaigns import expansion, pace
from campaigns.ledger import Ledger
from campaigns.models import Campaign, CampaignStatus
from campaigns.presenters import lines
from campaigns.progress import receive_changes
from campaigns.selectors import progress
from contacts.models import Contact
from gateway.errors import NotCapable
from gateway.models import Bucket, Delivery
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.settle import Outcome, settle
from gateway.outbox.telling import change_of
from gateway.quiet.places import Rule
from gateway.states import State
from tests import builders as make
from tests.api.client import caller
from tests.campaigns import build
from tests.gateway.quiet.night import ASLEEP, AWAKE, fall
from tests.payloads.google_rcs.exhibit import AGENT, config

pytestmark = pytest.mark.django_db


def people(ws: Workspace, *zones: str) -> list[Contact]:
    found = build.people(ws, len(zones))
    for contact, zone in zip(found, zones, strict=True):
        contact.timezone = zone
        contact.save()
    return found


def rows(campaign: Campaign) -> QuerySet[Delivery]:
    found: QuerySet[Delivery] = build.deliveries(campaign).order_by("id")
    return found


def leave() -> list[str]:
    Bucket.objects.update(tokens=1000, refilled_at=timezone.now() - timedelta(seconds=1))
    found = claim(Load()).rows
    settle([Outcome(row, external_id=f"SM{row.pk:032d}") for row in found])
    return [row.address for row in found]


def test_a_contacts_own_zone_decides_and_the_campaign_goes_on_until_the_morning() -> None:
    ws = make.workspace()
    asleep, awake = people(ws, ASLEEP, AWAKE)
    fall(ws)
    campaign = build.expanded(ws)
    assert [row.zone for row in rows(campaign)] == [ASLEEP, AWAKE]
    assert leave() == [awake.addresses.get().value]
    assert expansion.finish_settled() == []
    numbers = progress(Campaign.objects.get(pk=campaign.pk))
    assert (numbers.held, numbers.waiting, numbers.sent) == (1, 1, 1)
    # The morning comes.
    Delivery.objects.filter(state=State.QUEUED).update(due_at=timezone.now(), held_until=None)
    assert leave() == [asleep.addresses.get().value]
    assert [done.pk for done in expansion.finish_settled()] == [campaign.pk]
    assert Campaign.objects.get().status == CampaignStatus.FINISHED


def test_who_sleeps_takes_no_room_from_who_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "BATCH", 2)
    monkeypatch.setattr(pace, "LOOK_AHEAD", 4)
    ws = make.workspace()
    people(ws, *[ASLEEP] * 10, *[AWAKE] * 10)
    fall(ws)
    campaign = build.expanded(ws)
    assert rows(campaign).filter(zone=ASLEEP).count() == 10
    # Those who are awake fill the room that there is.
    assert rows(campaign).filter(zone=AWAKE).count() == 4
    assert len(leave()) == 4
    woken: list[str] = []
    monkeypatch.setattr("campaigns.progress.wake", lambda task, key, **_: woken.append(key))
    receive_changes([change_of(row) for row in rows(campaign).filter(state=State.SENT)])
    assert woken == [str(campaign.pk)]
    expansion.expand(campaign.pk)
    assert rows(campaign).filter(zone=AWAKE).count() == 8


def test_handing_over_takes_no_statement_more() -> None:
    ws = make.workspace()
    build.people(ws, 3)
    plain = build.launched(ws)
    with CaptureQueriesContext(connection) as before:
        expansion.expand_batch(plain.pk)
    fall(ws)
    quiet = build.launched(ws)
    with CaptureQueriesContext(connection) as after:
        expansion.expand_batch(quiet.pk)
    assert len(after) == len(before)


def test_what_another_channel_takes_over_at_night_waits_too() -> None:
    sms = make.channel()
    ws = sms.workspace
    people(ws, AWAKE)
    rcs = make.channel(
        ws, config(), kind="google_rcs", address=AGENT, fallback_channel=sms, rate_per_second=100
    )
    fall(ws)
    campaign = build.expanded(ws, channel=rcs)
    Bucket.objects.update(tokens=1000, refilled_at=timezone.now() - timedelta(seconds=1))
    [row] = claim(Load()).rows
    Delivery.objects.update(zone=ASLEEP)  # evening came
    settle([Outcome(row, error=NotCapable("No RCS", code="404"))])
    second = rows(campaign).get(replaces__isnull=False)
    assert (second.state, second.zone, second.medium) == (State.QUEUED, ASLEEP, "sms")
    assert second.held_until is not None
    assert second.due_at == second.held_until
    assert leave() == []


def test_the_ledger_says_until_when() -> None:
    ws = make.workspace()
    people(ws, ASLEEP, AWAKE)
    rule = fall(ws)
    campaign = Campaign.objects.get(pk=build.expanded(ws).pk)
    found = lines(Ledger(campaign), Rule.of(campaign.workspace))
    told = [(line.outcome_name, line.why) for line in found]
    assert told == [
        (
            "Waits for the morning",
            f"Quiet hours: waits until {rule.ends:%H:%M} there ({ASLEEP}).",
        ),
        ("On its way", ""),
    ]


def test_the_pages_and_the_api_tell_who_waits(client) -> None:
    ws = make.workspace()
    member = make.member(ws, Role.ADMIN)
    client.force_login(member.user)
    people(ws, ASLEEP, ASLEEP, AWAKE)
    rule = fall(ws)
    campaign = build.expanded(ws)
    page = client.get(reverse("campaign", args=[campaign.pk])).content.decode()
    assert "2 wait for the morning there." in page
    assert f"waits until {rule.ends:%H:%M} there ({ASLEEP})" in page
    api = caller(Role.ADMIN, ws)
    assert api.get(f"campaigns/{campaign.pk}/").json()["progress"]["held"] == 2
    found = api.get(f"campaigns/{campaign.pk}/recipients/").json()["results"]
    assert [bool(line["story"]) for line in found] == [True, True, False]
    export = client.get(reverse("campaign-export", args=[campaign.pk]))
    text = b"".join(export.streaming_content).decode()
    assert text.count("Waits for the morning") == 2


@pytest.mark.parametrize(
    ("held", "words"),
    [(True, "waits for their morning"), (False, "quiet hours are switched off")],
)
def test_the_check_says_for_how_many_it_is_night(client, held: bool, words: str) -> None:
    ws = make.workspace()
    client.force_login(make.member(ws, Role.ADMIN).user)
    people(ws, ASLEEP, ASLEEP, AWAKE)
    row = fall(ws)
    row.enabled = held
    row.save()
    campaign = build.draft(ws)
    page = client.get(reverse("campaign-step", args=[campaign.pk, "check"])).content.decode()
    assert "For about 2 people it is night now" in page
    assert words in page
    Contact.objects.update(timezone=AWAKE)
    page = client.get(reverse("campaign-step", args=[campaign.pk, "check"])).content.decode()
    assert 'data-testid="night"' not in page
