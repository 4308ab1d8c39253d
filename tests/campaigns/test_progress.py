"""The numbers and the ledger say exactly what became of everybody."""

import threading
import uuid

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns import pace, progress, selectors, services
from campaigns.expansion import expand, expand_batch
from campaigns.ledger import OUTCOMES, Ledger
from campaigns.merging import receive_merging
from campaigns.models import Recipient, line_id, line_uid
from contacts.consent import opt_out
from contacts.services import merge_contacts
from conversations.ingest import receive_messages
from conversations.models import Kind, Message
from gateway.events import InboundMessage, Received
from gateway.models import Delivery
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.states import State
from tests import builders as make
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def writes(channel, sender: str, text: str = "Yes") -> Received:
    from django.utils import timezone

    return Received(
        workspace_id=channel.workspace_id,
        channel_id=channel.pk,
        address_kind="phone",
        medium="sms",
        received_at=timezone.now(),
        request_id="r",
        event=InboundMessage(uuid.uuid4().hex, sender, channel.address, text),
    )


def ledger(campaign) -> list[tuple[int, str, str]]:
    campaign.refresh_from_db()
    return [(e.recipient.contact_id, e.state, e.reason) for e in Ledger(campaign)]


def test_the_numbers_are_counted_from_the_ledger():
    ws = make.workspace()
    build.people(ws, 9)
    make.contact(ws)
    make.contact(ws, blocked=True)
    campaign = build.expanded(ws)
    states = ["queued", "sending", "sent", "delivered", "delivered", "read", "failed", "unknown"]
    for row, state in zip(build.deliveries(campaign).order_by("id"), states, strict=False):
        Delivery.objects.filter(pk=row.pk).update(state=state)
    Delivery.objects.filter(state="failed").update(error_class="Rejected", error_code="30006")
    read = build.deliveries(campaign).get(state="read")
    Recipient.objects.filter(pk=line_id(read.uid)).update(replied_at="2024-01-01T00:00Z")
    campaign.refresh_from_db()
    found = selectors.progress(campaign)
    assert found.states == {
        "queued": 2,
        "sending": 1,
        "sent": 1,
        "delivered": 2,
        "read": 1,
        "failed": 1,
        "unknown": 1,
    }
    assert found.skipped == {"no_address": 1, "blocked": 1}
    assert (found.total, found.audience, found.skipped_total) == (11, 9, 2)
    assert (found.sent, found.delivered, found.read, found.replied) == (4, 3, 1, 1)
    assert (found.waiting, found.failed, found.settled, found.percent) == (3, 2, 6, 66)
    assert selectors.failures(campaign) == [("Rejected", "30006", "", 1)]
    names = {outcome: len(list(Ledger(campaign, outcome=outcome))) for outcome in OUTCOMES}
    assert names == {
        "pending": 0, "queued": 3, "sent": 1, "delivered": 2, "read": 1, "failed": 1, "unknown": 1,
        "expired": 0, "cancelled": 0, "skipped": 2,
    }  # fmt: skip
    assert len(list(Ledger(campaign, reason="blocked"))) == 1
    assert len(list(Ledger(campaign, replied=True))) == 1
    assert len(list(Ledger(campaign, outcome="nonsense"))) == 11


def test_many_campaigns_are_counted_in_three_statements(django_assert_num_queries):
    ws = make.workspace()
    build.people(ws, 2)
    campaigns = [build.expanded(ws) for _ in range(5)] + [build.draft(ws)]
    for campaign in campaigns:
        campaign.refresh_from_db()
    with django_assert_num_queries(3):
        found = selectors.progress_of(campaigns)
    assert [found[c.pk].audience for c in campaigns] == [2, 2, 2, 2, 2, 0]
    assert found[campaigns[5].pk].percent == 100
    # Who waits for the morning is asked only where somebody waits.
    Delivery.objects.update(state=State.SENT)
    with django_assert_num_queries(2):
        selectors.progress_of(campaigns)


def test_an_opt_out_in_mid_campaign_counts_and_the_ledger_says_so():
    ws = make.workspace()
    out, fine = build.people(ws, 2)
    campaign = build.expanded(ws)
    opt_out(address=out.addresses.get(), medium="sms", source="agent")
    from gateway.outbox.claim import ensure_buckets

    ensure_buckets()
    connection.cursor().execute("UPDATE gateway_bucket SET tokens = 50, refilled_at = now()")
    claimed = claim(Load())
    assert [row.address for row in claimed.rows] == [fine.addresses.get().value]
    campaign.refresh_from_db()
    failed = next(iter(Ledger(campaign, outcome="failed")))
    assert failed.contact == out
    assert failed.delivery is not None
    assert failed.delivery.error_class == "OptedOut"


def test_an_answer_is_noted_on_the_last_campaign_that_reached_the_person():
    ws = make.workspace()
    channel = make.channel(ws)
    ana, bob = build.people(ws, 2)
    older = build.expanded(ws, channel=channel)
    newer = build.expanded(ws, channel=channel)
    elsewhere = build.expanded(ws, channel=make.channel(ws))
    Delivery.objects.update(state="delivered")
    build.deliveries(newer).filter(address=bob.addresses.get().value).update(state="failed")
    receive_messages([writes(channel, ana.addresses.get().value)])
    receive_messages([writes(channel, bob.addresses.get().value)])
    answered = Recipient.objects.exclude(replied_at=None)
    assert set(answered.values_list("campaign", "contact")) == {
        (newer.pk, ana.pk),
        (older.pk, bob.pk),
    }
    first = answered.get(contact=ana).replied_at
    receive_messages([writes(channel, ana.addresses.get().value, "Again")])
    assert answered.get(contact=ana).replied_at == first
    assert selectors.progress(elsewhere).replied == 0


def test_an_answer_opens_a_conversation_that_shows_the_campaigns_message():
    ws = make.workspace()
    channel = make.channel(ws)
    (ana,) = build.people(ws, 1)
    campaign = build.expanded(ws, channel=channel, name="Spring")
    build.deliveries(campaign).update(state="delivered")
    receive_messages([writes(channel, ana.addresses.get().value, "Tell me more")])
    rows = Message.objects.order_by("created_at", "id").values_list("kind", "text")
    assert list(rows) == [
        (Kind.CAMPAIGN, f"Hello {ana.name}!"),
        (Kind.TEXT, "Tell me more"),
    ]
    shown = Message.objects.get(kind=Kind.CAMPAIGN)
    campaign.refresh_from_db()
    assert shown.uid == line_uid(campaign, campaign.recipients.get().pk)
    assert shown.data["campaign"] == "Spring"


def test_deliveries_that_left_wake_the_expansion(monkeypatch):
    woken: list[int] = []
    monkeypatch.setattr(progress, "wake", lambda task, key, campaign_id: woken.append(campaign_id))
    monkeypatch.setattr(pace, "BATCH", 2)
    monkeypatch.setattr(pace, "LOOK_AHEAD", 4)
    ws = make.workspace()
    build.people(ws, 6)
    campaign = build.expanded(ws)
    from gateway.outbox.changes import announce

    rows = list(build.deliveries(campaign).order_by("id"))
    assert len(rows) == 4

    def leave(row: Delivery) -> None:
        row.state = "sent"
        row.save()
        announce([row])

    leave(rows[0])
    assert woken == []
    leave(rows[1])
    assert woken == [campaign.pk]
    expand(campaign.pk)
    for row in build.deliveries(campaign).filter(state="queued"):
        leave(row)
    # Nobody is left to hand over.
    assert woken == [campaign.pk]


def test_events_are_at_most_one_a_second(monkeypatch, django_capture_on_commit_callbacks):
    sent: list[object] = []
    monkeypatch.setattr(
        "conversations.realtime.publish", lambda workspace_id, event: sent.append(event)
    )
    ws = make.workspace()
    build.people(ws, 1)
    campaign = build.launched(ws)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(5):
            progress.campaign_changed(campaign)
    event = {"kind": "campaign.changed", "campaign": campaign.pk}
    assert sent == [event]
    # The last change is told by the sweep, once.
    progress.tell_held_back()
    progress.tell_held_back()
    assert sent == [event, event]


def test_receiving_changes_costs_the_same_for_any_batch():
    ws = make.workspace()
    build.people(ws, 40)
    campaign = build.expanded(ws)
    from gateway.outbox.telling import change_of

    changes = [change_of(row) for row in build.deliveries(campaign)]

    def count(size: int) -> int:
        with CaptureQueriesContext(connection) as statements:
            progress.receive_changes(changes[:size])
        return len(statements)

    assert count(1) == count(40) == 1


def test_merging_contacts_keeps_the_ledger():
    ws = make.workspace()
    keep, other, none, too = [*build.people(ws, 2), make.contact(ws), make.contact(ws)]
    campaign = build.expanded(ws)
    merge_contacts(keep=keep, other=other, member=None)
    merge_contacts(keep=none, other=too, member=None)
    assert build.counted(campaign).skipped == {"no_address": 1}
    assert ledger(campaign) == [
        (keep.pk, "queued", ""),
        (keep.pk, "queued", ""),
        (none.pk, "skipped", "no_address"),
    ]
    services.cancel(campaign=campaign, member=None)


@pytest.mark.parametrize("swapped", [False, True])
def test_merging_in_mid_campaign_reaches_a_person_once(swapped):
    ws = make.workspace()
    keep, other, alone = build.people(ws, 3)
    campaign = build.launched(ws)
    if swapped:
        keep, other = other, keep
    merge_contacts(keep=keep, other=other, member=None)
    assert ledger(campaign) == [
        (keep.pk, "pending", ""),
        (keep.pk, "skipped", "duplicate"),
        (alone.pk, "pending", ""),
    ]
    expand(campaign.pk)
    assert build.deliveries(campaign).count() == 2


def test_merging_skips_what_waits_for_a_person_who_has_been_reached(monkeypatch):
    monkeypatch.setattr(pace, "BATCH", 1)
    ws = make.workspace()
    keep, other = build.people(ws, 2)
    campaign = build.launched(ws)
    expand_batch(campaign.pk)
    merge_contacts(keep=other, other=keep, member=None)
    assert ledger(campaign) == [
        (other.pk, "queued", ""),
        (other.pk, "skipped", "duplicate"),
    ]
    assert build.counted(campaign).states == {"queued": 1}
    expand(campaign.pk)
    assert build.deliveries(campaign).count() == 1


@pytest.mark.django_db(transaction=True)
def test_merging_waits_for_a_launch_under_way():
    ws = make.workspace()
    keep, other = build.people(ws, 2)
    draft = build.draft(ws)
    outcome: list[str] = []

    def merge() -> None:
        try:
            merge_contacts(keep=keep, other=other, member=None)
            outcome.append("merged")
        finally:
            connection.close()

    thread = threading.Thread(target=merge)
    with transaction.atomic():
        services.launch(campaign=draft, member=None)
        thread.start()
        thread.join(0.3)
        assert outcome == []
    thread.join(10)
    assert outcome == ["merged"]
    assert ledger(draft) == [(keep.pk, "pending", ""), (keep.pk, "skipped", "duplicate")]


def test_merging_costs_the_same_however_many_campaigns():
    def count(size: int) -> int:
        ws = make.workspace()
        keep, other = build.people(ws, 2)
        for _ in range(size):
            build.launched(ws)
        with CaptureQueriesContext(connection) as statements:
            receive_merging(keep_id=keep.pk, other_id=other.pk, workspace_id=ws.pk)
        return len(statements)

    assert count(1) == count(5)
