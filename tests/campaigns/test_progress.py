"""The numbers and the ledger say exactly what became of everybody."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import progress, selectors, services
from campaigns.expansion import expand
from campaigns.models import Recipient
from contacts.consent import opt_out
from contacts.services import merge_contacts
from conversations.ingest import receive_messages
from conversations.models import Kind, Message
from gateway.events import InboundMessage, Received
from gateway.models import Delivery
from gateway.outbox.claim import claim
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
    Recipient.objects.filter(delivery__state="read").update(replied_at="2024-01-01T00:00Z")
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
    names = {
        outcome: selectors.ledger(campaign, outcome=outcome).count()
        for outcome in selectors.OUTCOMES
    }
    assert names == {
        "pending": 0, "queued": 3, "sent": 1, "delivered": 2, "read": 1, "failed": 1, "unknown": 1,
        "expired": 0, "cancelled": 0, "skipped": 2,
    }  # fmt: skip
    assert selectors.ledger(campaign, reason="blocked").count() == 1
    assert selectors.ledger(campaign, replied=True).count() == 1
    assert selectors.ledger(campaign, outcome="nonsense").count() == 11


def test_many_campaigns_are_counted_in_three_statements(django_assert_num_queries):
    ws = make.workspace()
    build.people(ws, 2)
    campaigns = [build.expanded(ws) for _ in range(5)] + [build.draft(ws)]
    with django_assert_num_queries(3):
        found = selectors.progress_of(campaigns)
    assert [found[c.pk].audience for c in campaigns] == [2, 2, 2, 2, 2, 0]
    assert found[campaigns[5].pk].percent == 100


def test_an_opt_out_in_mid_campaign_counts_and_the_ledger_says_so():
    ws = make.workspace()
    out, fine = build.people(ws, 2)
    campaign = build.expanded(ws)
    opt_out(address=out.addresses.get(), medium="sms", source="agent")
    from gateway.outbox.claim import ensure_buckets

    ensure_buckets()
    connection.cursor().execute("UPDATE gateway_bucket SET tokens = 50, refilled_at = now()")
    claimed = claim({})
    assert [row.address for row in claimed.rows] == [fine.addresses.get().value]
    failed = selectors.ledger(campaign, outcome="failed").get()
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
    assert shown.uid == campaign.recipients.get().uid
    assert shown.data["campaign"] == "Spring"


def test_deliveries_that_left_wake_the_expansion(monkeypatch):
    woken: list[int] = []
    monkeypatch.setattr(progress, "wake", lambda task, key, campaign_id: woken.append(campaign_id))
    ws = make.workspace()
    build.people(ws, 1)
    campaign = build.expanded(ws)
    from gateway.outbox.changes import announce

    row = build.deliveries(campaign).get()
    announce([row])
    assert woken == []
    row.state = "sent"
    announce([row])
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
    from gateway.outbox.changes import change_of

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
    lines = campaign.recipients.values_list("contact", "state").order_by("contact", "id")
    assert list(lines) == [(keep.pk, "queued"), (keep.pk, "queued"), (none.pk, "skipped")]
    services.cancel(campaign=campaign, member=None)


@pytest.mark.parametrize("swapped", [False, True])
def test_merging_in_mid_campaign_reaches_a_person_once(swapped):
    ws = make.workspace()
    keep, other, alone = build.people(ws, 3)
    campaign = build.launched(ws)
    if swapped:
        keep, other = other, keep
    merge_contacts(keep=keep, other=other, member=None)
    lines = campaign.recipients.order_by("id").values_list("contact", "state", "reason")
    assert list(lines) == [
        (keep.pk, "pending", ""),
        (keep.pk, "skipped", "duplicate"),
        (alone.pk, "pending", ""),
    ]
    expand(campaign.pk)
    assert build.deliveries(campaign).count() == 2


def test_merging_skips_what_waits_for_a_person_who_has_been_reached():
    ws = make.workspace()
    keep, other = build.people(ws, 2)
    campaign = build.expanded(ws)
    waiting = campaign.recipients.filter(contact=keep)
    waiting.update(state="pending", delivery=None)
    merge_contacts(keep=keep, other=other, member=None)
    lines = campaign.recipients.order_by("id").values_list("contact", "state", "reason")
    assert list(lines) == [(keep.pk, "skipped", "duplicate"), (keep.pk, "queued", "")]
