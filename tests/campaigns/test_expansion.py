"""Recipients reach the outbox once each, whatever happens to the workers."""

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import expansion, pace, services
from campaigns.ledger import Ledger
from campaigns.models import Campaign, CampaignStatus, Recipient, line_id, line_uid
from campaigns.tasks import sweep
from contacts.attributes import create_definition, delete_definition
from contacts.services import set_blocked
from gateway.models import Delivery, Priority
from tests import builders as make
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def test_each_pending_recipient_becomes_one_delivery():
    ws = make.workspace()
    people = build.people(ws, 5)
    campaign = build.launched(ws)
    assert expansion.expand(campaign.pk) == 5
    assert expansion.expand(campaign.pk) == 0
    rows = build.deliveries(campaign).order_by("id")
    assert [row.content for row in rows] == [{"text": f"Hello {p.name}!"} for p in people]
    assert {(row.priority, row.marketing, row.state) for row in rows} == {
        (Priority.BULK, True, "queued")
    }
    campaign.refresh_from_db()
    assert (campaign.handed, campaign.waiting) == (5, 0)
    for entry in Ledger(campaign):
        assert entry.delivery is not None
        assert entry.delivery.uid == line_uid(campaign, entry.recipient.pk)
        assert line_id(entry.delivery.uid) == entry.recipient.pk
        assert entry.delivery.address == entry.recipient.address


def test_who_cannot_be_told_is_skipped_with_the_reason():
    ws = make.workspace()
    create_definition(workspace=ws, member=None, key="tier", name="Tier", type="text")
    fine, nothing, long, blocked = build.people(ws, 4)
    for contact, tier in [(fine, "gold"), (long, "x" * 1_700), (blocked, "gold")]:
        contact.attributes = {"tier": tier}
        contact.save()
    campaign = build.launched(ws, text="You are {{ attributes.tier }}")
    set_blocked(contact=blocked, member=None, blocked=True)
    expansion.expand(campaign.pk)
    assert dict(campaign.recipients.values_list("contact__name", "reason")) == {
        fine.name: "",
        nothing.name: "no_text",
        long.name: "too_long",
        blocked.name: "blocked",
    }
    assert [row.content["text"] for row in build.deliveries(campaign)] == ["You are gold"]


def test_an_attribute_deleted_meanwhile_skips_instead_of_failing():
    ws = make.workspace()
    tier = create_definition(workspace=ws, member=None, key="tier", name="Tier", type="text")
    build.people(ws, 2)
    campaign = build.launched(ws, text="{{ attributes.tier|x }}")
    delete_definition(definition=tier, member=None)
    assert expansion.expand(campaign.pk) == 2
    assert set(campaign.recipients.values_list("reason", flat=True)) == {"no_text"}
    assert build.counted(campaign).skipped == {"no_text": 2}


def test_the_statements_do_not_grow_with_the_batch():
    def count(size: int) -> int:
        ws = make.workspace()
        build.people(ws, size)
        campaign = build.launched(ws)
        with CaptureQueriesContext(connection) as statements:
            assert expansion.expand_batch(campaign.pk) == size
        return len(statements)

    assert count(1) == count(100) == count(500)


def test_the_statements_do_not_grow_with_who_is_skipped():
    def count(size: int) -> int:
        ws = make.workspace()
        for _ in range(size):
            make.address(make.contact(ws, name=""))
        campaign = build.launched(ws)
        with CaptureQueriesContext(connection) as statements:
            assert expansion.expand_batch(campaign.pk) == size
        assert build.counted(campaign).skipped == {"no_text": size}
        return len(statements)

    assert count(1) == count(50)


def test_no_more_than_the_look_ahead_is_queued(monkeypatch):
    monkeypatch.setattr(pace, "LOOK_AHEAD", 7)
    monkeypatch.setattr(pace, "BATCH", 3)
    ws = make.workspace()
    build.people(ws, 12)
    campaign = build.expanded(ws)
    # The next batch waits until a whole one has room.
    assert build.deliveries(campaign).count() == 6
    assert build.counted(campaign).states == {"queued": 6, "pending": 6}
    build.deliveries(campaign).update(state="sent")
    expansion.expand(campaign.pk)
    assert build.deliveries(campaign).count() == 12


def test_a_paused_campaign_hands_nothing_over():
    ws = make.workspace()
    build.people(ws, 3)
    campaign = build.launched(ws)
    services.pause(campaign=campaign, member=None)
    assert expansion.expand(campaign.pk) == 0
    services.resume(campaign=campaign, member=None)
    assert expansion.expand(campaign.pk) == 3


@pytest.mark.django_db(transaction=True)
def test_many_expanders_at_once_double_and_lose_nobody(monkeypatch):
    monkeypatch.setattr(pace, "BATCH", 10)
    ws = make.workspace()
    build.people(ws, 200)
    campaign = build.launched(ws)
    counts: list[int] = []

    def work() -> None:
        try:
            # Whoever finds another one at it turns away, so each comes often.
            counts.extend(expansion.expand_batch(campaign.pk) for _ in range(100))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(counts) == 200
    assert build.deliveries(campaign).count() == 200
    assert build.deliveries(campaign).values("address").distinct().count() == 200
    assert build.counted(campaign).states == {"queued": 200}


@pytest.mark.django_db(transaction=True)
def test_pausing_while_expanders_run_stops_them_for_good(monkeypatch):
    monkeypatch.setattr(pace, "BATCH", 5)
    ws = make.workspace()
    build.people(ws, 150)
    campaign = build.launched(ws)

    def work() -> None:
        try:
            while expansion.expand_batch(campaign.pk):
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    services.cancel(campaign=campaign, member=None)
    queued = Delivery.objects.filter(state="queued").count()
    for thread in threads:
        thread.join(30)
    assert queued == 0
    assert not Delivery.objects.filter(state="queued").exists()
    counted = build.counted(campaign)
    stopped = build.deliveries(campaign).filter(state="cancelled").count()
    assert counted.states == ({"cancelled": stopped} if stopped else {})
    assert counted.skipped == {"cancelled": 150 - stopped}


def test_a_crash_in_the_middle_leaves_all_or_nothing(monkeypatch):
    ws = make.workspace()
    build.people(ws, 4)
    campaign = build.launched(ws)

    def killed(*args, **kwargs):
        raise SystemExit

    monkeypatch.setattr(expansion, "campaign_changed", killed)
    with pytest.raises(SystemExit):
        expansion.expand_batch(campaign.pk)
    monkeypatch.undo()
    assert not Delivery.objects.exists()
    assert expansion.expand(campaign.pk) == 4
    assert build.deliveries(campaign).count() == 4


def test_paused_resumed_and_killed_ten_times_everybody_is_queued_once(monkeypatch):
    monkeypatch.setattr(pace, "BATCH", 7)
    ws = make.workspace()
    people = build.people(ws, 100)
    make.contact(ws)
    campaign = build.launched(ws)

    def killed(*args, **kwargs):
        raise SystemExit

    for _ in range(10):
        with monkeypatch.context() as broken:
            broken.setattr(expansion, "campaign_changed", killed)
            with pytest.raises(SystemExit):
                expansion.expand_batch(campaign.pk)
        services.pause(campaign=campaign, member=None)
        assert expansion.expand_batch(campaign.pk) == 0
        services.resume(campaign=campaign, member=None)
        assert expansion.expand_batch(campaign.pk) == 7
    expansion.expand(campaign.pk)
    assert build.deliveries(campaign).count() == 100
    reached = build.deliveries(campaign).values_list("address", flat=True)
    assert set(reached) == {person.addresses.get().value for person in people}
    counted = build.counted(campaign)
    assert (counted.states, counted.skipped) == ({"queued": 100}, {"no_address": 1})


def test_a_line_taken_again_is_not_queued_again():
    ws = make.workspace()
    build.people(ws, 3)
    campaign = build.expanded(ws)
    Campaign.objects.filter(pk=campaign.pk).update(handed_to=0, handed=0)
    assert expansion.expand(campaign.pk) == 3
    assert build.deliveries(campaign).count() == 3
    assert build.counted(campaign).states == {"queued": 3}


def test_whoever_is_deleted_meanwhile_is_skipped_and_stays_in_the_ledger():
    ws = make.workspace()
    gone, fine = build.people(ws, 2)
    campaign = build.launched(ws)
    gone.delete()
    assert expansion.expand(campaign.pk) == 2
    assert [row.address for row in build.deliveries(campaign)] == [fine.addresses.get().value]
    campaign.refresh_from_db()
    assert [(entry.contact, entry.reason) for entry in Ledger(campaign)] == [
        (None, "deleted"),
        (fine, ""),
    ]
    assert build.counted(campaign).skipped == {"deleted": 1}


def test_a_campaign_is_finished_when_everybody_is_settled():
    ws = make.workspace()
    build.people(ws, 3)
    campaign = build.launched(ws)

    def status() -> str:
        sweep()
        campaign.refresh_from_db()
        return campaign.status

    assert status() == CampaignStatus.SENDING
    expansion.expand(campaign.pk)
    assert status() == CampaignStatus.SENDING
    rows = list(build.deliveries(campaign))
    for row, state in zip(rows, ["sent", "failed", "sending"], strict=True):
        Delivery.objects.filter(pk=row.pk).update(state=state)
    assert status() == CampaignStatus.SENDING
    Delivery.objects.filter(pk=rows[2].pk).update(state="unknown")
    assert status() == CampaignStatus.FINISHED
    assert campaign.finished_at is not None


def test_a_campaign_with_everybody_skipped_finishes_at_once():
    ws = make.workspace()
    make.contact(ws)
    campaign = build.launched(ws)
    sweep()
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.FINISHED
    assert set(Recipient.objects.values_list("reason", flat=True)) == {"no_address"}


def test_a_paused_campaign_does_not_finish():
    ws = make.workspace()
    build.people(ws, 1)
    campaign = build.expanded(ws)
    build.deliveries(campaign).update(state="sent")
    services.pause(campaign=campaign, member=None)
    sweep()
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.PAUSED


def test_the_sweep_finds_what_a_lost_wake_up_left(monkeypatch, django_capture_on_commit_callbacks):
    woken: list[int] = []
    monkeypatch.setattr(expansion, "wake", lambda task, key, campaign_id: woken.append(campaign_id))
    ws = make.workspace()
    build.people(ws, 1)
    waiting, paused = build.launched(ws), build.launched(ws)
    services.pause(campaign=paused, member=None)
    build.expanded(ws)
    woken.clear()
    sweep()
    assert woken == [waiting.pk]
