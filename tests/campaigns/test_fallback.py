"""A campaign by RCS with SMS behind it: each line stands where what the person got stands."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.expansion import expand
from campaigns.ledger import Ledger
from campaigns.models import Campaign
from gateway import statuses
from gateway.contract import Reach, Reached
from gateway.errors import NotCapable
from gateway.events import StatusUpdate
from gateway.models import Bucket, Channel, Delivery
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.settle import Outcome, settle
from gateway.reach.asking import note
from gateway.states import State
from tests import builders
from tests.campaigns import build
from tests.gateway.test_states_machine import report_request
from tests.payloads.google_rcs.exhibit import AGENT, config

pytestmark = pytest.mark.django_db

PEOPLE = 12


@pytest.fixture
def rcs() -> Channel:
    """An agent with SMS behind it, and people to write to."""
    sms = builders.channel()
    build.people(sms.workspace, PEOPLE)
    return builders.channel(
        sms.workspace, config(), kind="google_rcs", address=AGENT, fallback_channel=sms
    )


def leave(*, capable: int) -> None:
    """What is due leaves; the first ``capable`` RCS messages are taken, no phone has RCS else."""
    Bucket.objects.update(tokens=1000, refilled_at=timezone.now() - timedelta(seconds=1))
    for place, row in enumerate(claim(Load()).rows):
        if row.medium == "rcs" and place >= capable:
            settle([Outcome(row, error=NotCapable("No RCS", code="404"))])
        else:
            sid = row.uid if row.medium == "rcs" else f"SM{uuid.uuid4().hex}"
            settle([Outcome(row, external_id=sid)])


def report(row: Delivery, state: State) -> None:
    """Google reports on a delivery."""
    event = StatusUpdate(str(row.uid), state, state, row.uid)
    statuses.apply(statuses.record([statuses.Report(report_request(row.channel), event)]))


def test_each_line_follows_what_took_over(rcs: Channel) -> None:
    campaign = build.expanded(rcs.workspace, channel=rcs)
    leave(capable=5)
    assert dict(build.counted(campaign).states) == {State.SENT: 5, State.QUEUED: 7}
    leave(capable=0)
    assert dict(build.counted(campaign).states) == {State.SENT: 12}
    first = Delivery.objects.filter(channel=rcs, state=State.SENT).order_by("pk")[0]
    report(first, State.DELIVERED)
    assert dict(build.counted(campaign).states) == {State.SENT: 11, State.DELIVERED: 1}
    told = list(Ledger(Campaign.objects.get(pk=campaign.pk)))
    verdicts = sorted(entry.fallback.verdict for entry in told if entry.fallback)
    assert verdicts == [*[""] * 4, *["not_capable"] * 7, "reached"]


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
def test_pages_by_outcome_give_every_line_once(rcs: Channel, limit: int) -> None:
    campaign = build.expanded(rcs.workspace, channel=rcs)
    leave(capable=5)
    leave(capable=0)
    everybody = [entry.recipient.pk for entry in Ledger(Campaign.objects.get(pk=campaign.pk))]
    sent = Ledger(Campaign.objects.get(pk=campaign.pk), outcome="sent")
    found: list[int] = []
    while page := sent.page(limit, after=found[-1] if found else 0):
        found += [entry.recipient.pk for entry in page]
    assert found == everybody
    assert len(found) == PEOPLE
    back: list[int] = []
    while page := sent.page(limit, before=back[-1] if back else found[-1] + 1):
        back += [entry.recipient.pk for entry in reversed(page)]
    assert back == everybody[::-1]


def test_a_replacement_of_several_parts_is_one_line(rcs: Channel) -> None:
    campaign = build.expanded(rcs.workspace, channel=rcs, text="Hello {{ name }}! " + "a b " * 500)
    leave(capable=0)
    parts = Delivery.objects.filter(replaces__isnull=False)
    assert set(parts.values_list("part", flat=True)) == {0, 101}
    assert dict(build.counted(campaign).states) == {State.QUEUED: PEOPLE}


def test_what_arrives_after_all_counts_once(rcs: Channel) -> None:
    campaign = build.expanded(rcs.workspace, channel=rcs)
    leave(capable=PEOPLE)
    late, recalled, *_others = Delivery.objects.filter(channel=rcs).order_by("pk")
    for row in (late, recalled):
        report(row, State.EXPIRED)
    leave_one(late)
    for row in (late, recalled):
        report(row, State.DELIVERED)
    assert Delivery.objects.get(replaces=recalled).state == State.REPLACED
    assert Delivery.objects.get(replaces=late).state == State.SENT
    assert build.counted(campaign).audience == PEOPLE


def leave_one(first: Delivery) -> None:
    """Of what took over only this one's leaves."""
    row = Delivery.objects.get(replaces=first)
    row.state, row.external_id = State.SENT, f"SM{uuid.uuid4().hex}"
    row.save()


def test_who_is_known_to_have_no_rcs_gets_sms_at_once(rcs: Channel) -> None:
    campaign = build.launched(rcs.workspace, channel=rcs)
    addresses = list(campaign.recipients.values_list("address", flat=True))
    note(rcs, {address: Reached(Reach.NO) for address in addresses[:4]})
    note(rcs, {address: Reached(Reach.YES) for address in addresses[4:]})
    expand(campaign.pk)
    assert Delivery.objects.filter(channel=rcs, state=State.QUEUED).count() == PEOPLE - 4
    assert Delivery.objects.exclude(channel=rcs).count() == 4
    assert dict(build.counted(campaign).states) == {State.QUEUED: PEOPLE}
