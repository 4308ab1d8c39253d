"""Nothing of a campaign leaves while it is night where the person is, whatever happens to it."""

import uuid
from collections.abc import Iterator
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.errors import Throttled
from gateway.models import Batch, Bucket, Channel, Delivery, QuietHours
from gateway.operating.outbox import Selection, requeue
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.queue import BulkItem, queue_bulk, queue_delivery, retry_delivery
from gateway.outbox.setback import beat
from gateway.outbox.settle import Outcome, settle
from gateway.quiet.holding import SETTLED_AFTER, hold_back, settle_change, settle_changes
from gateway.quiet.hours import Hours
from gateway.quiet.places import Rule, rules_of
from gateway.quiet.words import is_held, why_held
from gateway.states import State
from gateway.tasks import keep_quiet_hours
from tests import builders
from tests.gateway.quiet.night import ASLEEP, AWAKE, fall, lift
from tests.gateway.sink import Sink
from tests.gateway.test_outbox import run

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


@pytest.fixture
def sink(settings: object) -> Iterator[Sink]:
    with Sink() as made:
        settings.SIMULATOR_URL = made.url  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def channel() -> Channel:
    return builders.channel()


def offer(channel: Channel, *zones: str) -> list[Delivery]:
    """A batch's message to somebody in each of the zones, under the workspace's rule."""
    batch = Batch.objects.create(workspace=channel.workspace)
    items = [BulkItem(uuid.uuid4(), builders.phone(), zone, zone=zone) for zone in zones]
    rule = rules_of([channel.workspace_id])[channel.workspace_id]
    queue_bulk(channel=channel, batch=batch, items=items, rule=rule)
    return list(Delivery.objects.filter(batch=batch).order_by("id"))


def sent(sink: Sink) -> list[str]:
    return sorted(fields["Body"] for fields in sink.received)


def claimed() -> list[str]:
    Bucket.objects.update(tokens=100, refilled_at=timezone.now() - timedelta(seconds=1))
    return [row.content["text"] for row in claim(Load()).rows]


def again(row: Delivery) -> Delivery:
    return Delivery.objects.get(pk=row.pk)


def test_who_sleeps_waits_for_the_morning(sink: Sink, channel: Channel) -> None:
    rule = fall(channel.workspace)
    asleep, awake = offer(channel, ASLEEP, AWAKE)
    run()
    assert sent(sink) == [AWAKE]
    assert (asleep.state, asleep.due_at, asleep.attempts) == (State.QUEUED, asleep.held_until, 0)
    assert asleep.held_until is not None
    assert asleep.held_until.astimezone(ZoneInfo(ASLEEP)).time() == rule.ends
    assert timezone.now() + HOUR < asleep.held_until < timezone.now() + 2 * HOUR
    assert (awake.held_until, awake.quiet_at) != (None, None)
    assert again(awake).state == State.SENT


def test_replies_and_what_is_no_marketing_leave_at_night(sink: Sink, channel: Channel) -> None:
    fall(channel.workspace, "America/Los_Angeles")
    queue_delivery(channel=channel, address="+14155550100", text="reply", message_uid=uuid.uuid4())
    queue_delivery(
        channel=channel, address="+14155550101", text="code", message_uid=uuid.uuid4(), priority=50
    )
    held = queue_delivery(
        channel=channel,
        address="+14155550102",
        text="offer",
        message_uid=uuid.uuid4(),
        marketing=True,
    )
    run()
    assert sent(sink) == ["code", "reply"]
    assert is_held(held)


def test_a_queue_that_lasts_into_the_night_is_held_at_the_last_moment(channel: Channel) -> None:
    fall(channel.workspace)
    [row] = offer(channel, AWAKE)
    Delivery.objects.update(zone=ASLEEP)  # evening came while it waited
    Delivery.objects.update(quiet_at=timezone.now() - HOUR)
    assert claimed() == []
    found = again(row)
    assert (found.state, found.attempts) == (State.QUEUED, 0)
    assert is_held(found)
    assert claimed() == []


def test_a_row_whose_time_has_not_come_is_put_back(channel: Channel) -> None:
    """As when the machine's clock was put back: it became due, but its morning is as far away."""
    fall(channel.workspace)
    [row] = offer(channel, ASLEEP)
    Delivery.objects.update(due_at=timezone.now() - HOUR)
    assert claimed() == []
    assert again(row).due_at == row.held_until
    beat()
    assert claimed() == []


def test_one_that_is_held_keeps_nobody_else_waiting(channel: Channel) -> None:
    fall(channel.workspace)
    offer(channel, *[AWAKE] * 30)
    Delivery.objects.update(quiet_at=timezone.now() - HOUR, zone=ASLEEP)
    offer(channel, AWAKE)
    Bucket.objects.update(tokens=1, refilled_at=timezone.now())
    claim(Load())
    assert Delivery.objects.filter(held_until__gt=timezone.now()).count() == 30
    assert claimed() == [AWAKE]


def test_a_retry_at_night_waits(sink: Sink, channel: Channel) -> None:
    [row] = offer(channel, ASLEEP)
    Delivery.objects.update(state=State.FAILED)
    fall(channel.workspace)
    settle_change(channel.workspace_id)
    assert again(row).quiet_at is None  # what is over is left alone
    retry_delivery(delivery=row)
    run(0.5)
    assert sent(sink) == []
    assert is_held(again(row))


def test_many_sent_again_at_night_wait(sink: Sink, channel: Channel) -> None:
    rows = offer(channel, ASLEEP, AWAKE)
    Delivery.objects.update(state=State.FAILED)
    fall(channel.workspace)
    assert requeue(Selection([State.FAILED]), report=lambda done: None) == 2
    run()
    assert sent(sink) == [AWAKE]
    assert is_held(again(rows[0]))


def test_without_quiet_hours_a_retry_leaves(sink: Sink, channel: Channel) -> None:
    [row] = offer(channel, ASLEEP)
    Delivery.objects.update(state=State.FAILED)
    retry_delivery(delivery=row)
    run(0.5)
    run(0.5)
    assert sent(sink) == [ASLEEP]


def test_what_is_under_way_when_they_are_switched_on_comes_back_to_wait(channel: Channel) -> None:
    [row] = offer(channel, ASLEEP)
    Bucket.objects.update(tokens=100, refilled_at=timezone.now())
    [leaving] = claim(Load()).rows
    fall(channel.workspace)
    assert settle_change(channel.workspace_id) == 1
    settle([Outcome(leaving, error=Throttled("slow", retry_after=0))])
    assert again(row).state == State.QUEUED
    Delivery.objects.update(due_at=timezone.now())
    assert claimed() == []
    assert is_held(again(row))


def test_a_pause_before_a_retry_is_kept(channel: Channel) -> None:
    fall(channel.workspace)
    [row] = offer(channel, AWAKE)
    later = timezone.now() + timedelta(minutes=10)
    Delivery.objects.update(due_at=later)
    lift(channel.workspace)
    settle_change(channel.workspace_id)
    found = again(row)
    assert (found.due_at, found.held_until, found.quiet_at) == (later, None, None)


def test_switched_on_it_holds_for_what_waits_already(sink: Sink, channel: Channel) -> None:
    asleep, awake = offer(channel, ASLEEP, AWAKE)
    other = builders.channel()
    offer(other, ASLEEP)
    fall(channel.workspace)
    assert settle_change(channel.workspace_id) == 2
    assert settle_change(channel.workspace_id) == 0
    run()
    assert sent(sink) == sorted([AWAKE, ASLEEP])  # the latter of the other workspace
    assert is_held(again(asleep))
    assert again(awake).state == State.SENT


def test_switched_off_it_lets_go(sink: Sink, channel: Channel) -> None:
    fall(channel.workspace)
    [row] = offer(channel, ASLEEP)
    lift(channel.workspace)
    assert settle_change(channel.workspace_id) == 1
    found = again(row)
    assert (found.held_until, found.quiet_at) == (None, None)
    run()
    assert sent(sink) == [ASLEEP]


def test_changed_it_waits_by_the_new_hours(channel: Channel) -> None:
    fall(channel.workspace)
    asleep, awake = offer(channel, ASLEEP, AWAKE)
    fall(channel.workspace, AWAKE)
    assert settle_change(channel.workspace_id) == 2
    assert not is_held(again(asleep))
    assert is_held(again(awake))
    assert claimed() == [ASLEEP]


def test_a_change_is_settled_once_more_for_whoever_knew_the_old_rule(channel: Channel) -> None:
    row = fall(channel.workspace)
    settle_change(channel.workspace_id)
    row.refresh_from_db()
    assert row.settled_at is None
    offer_without_rule = builders.phone()
    batch = Batch.objects.create(workspace=channel.workspace)
    items = [BulkItem(uuid.uuid4(), offer_without_rule, "late", zone=ASLEEP)]
    queue_bulk(channel=channel, batch=batch, items=items)
    QuietHours.objects.update(changed_at=timezone.now() - SETTLED_AFTER)
    settle_changes()
    assert QuietHours.objects.exclude(settled_at=None).get() == row
    assert claimed() == []
    with CaptureQueriesContext(connection) as captured:
        keep_quiet_hours()
    assert len(captured) == 2  # nothing over, nothing changed


def test_the_sweep_holds_many_back_in_a_fixed_number_of_statements(channel: Channel) -> None:
    fall(channel.workspace)

    def statements(count: int) -> int:
        offer(channel, *[AWAKE] * count)
        Delivery.objects.filter(held_until=None).update(quiet_at=timezone.now() - HOUR, zone=ASLEEP)
        with CaptureQueriesContext(connection) as captured:
            assert hold_back() == count
        return len(captured)

    few = statements(3)
    assert statements(200) == few


def test_without_quiet_hours_a_claim_is_one_statement_and_rows_carry_nothing(
    channel: Channel,
) -> None:
    rows = offer(channel, "", "")
    assert {(row.held_until, row.quiet_at, row.zone) for row in rows} == {(None, None, None)}
    Bucket.objects.update(tokens=100, refilled_at=timezone.now())
    with CaptureQueriesContext(connection) as captured:
        found = claim(Load()).rows
    assert (len(found), len(captured)) == (2, 1)
    settle([Outcome(row, external_id=f"SM{row.pk:032d}") for row in found])


def test_it_says_until_when_by_the_clock_there(channel: Channel) -> None:
    ws = channel.workspace
    rule = fall(ws, AWAKE)
    asleep, awake = offer(channel, AWAKE, ASLEEP)
    known = rules_of([ws.pk])[ws.pk]
    assert why_held(asleep, known) == (
        f"Quiet hours: waits until {rule.ends:%H:%M} there ({AWAKE})."
    )
    assert why_held(awake, known) == ""


def test_of_a_number_with_many_zones_it_says_that_no_hour_suits_all() -> None:
    """A toll-free number of North America, and one hour of the day in which it is not quiet."""
    rule = Rule(Hours(time(10), time(9)), "UTC")
    row = Delivery(address="+18005550100", state=State.QUEUED)
    row.held_until = rule.place("", row.address, timezone.now() + 24 * HOUR).due_at
    assert "No hour suits all time zones of this number" in why_held(row, rule)
