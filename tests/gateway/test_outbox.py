"""The way out against a provider on loopback: every end a send can take."""

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from aiohttp import web
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.models import Batch, BatchState, Bucket, Channel, ChannelLog, Delivery, Suppression
from gateway.outbox import flights, places
from gateway.outbox.ask import end_leases
from gateway.outbox.claim import claim
from gateway.outbox.places import IN_ALL, PER_CHANNEL, Load, places_per_channel
from gateway.outbox.queue import (
    BulkItem,
    NotAllowed,
    cancel_delivery,
    queue_bulk,
    queue_delivery,
    retry_delivery,
    set_batch_state,
)
from gateway.outbox.runner import Runner
from gateway.outbox.settle import Outcome, settle
from gateway.states import State
from gateway.suppression import suppress
from tests import builders
from tests.gateway import twilio
from tests.gateway.sink import Sink, accepted, answer, hang_up
from tests.gateway.test_door import drain_all

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sink(settings: object) -> Iterator[Sink]:
    """A provider that accepts everything unless told otherwise."""
    with Sink() as made:
        settings.SIMULATOR_URL = made.url  # type: ignore[attr-defined]
        yield made


def run(seconds: float = 5.0) -> None:
    """One wake-up of the outbox, in a process of its own making."""
    runner = Runner()
    try:
        runner.run(seconds)
    finally:
        runner.close()


def queued(channel: Channel, text: str = "Hi", **fields: object) -> Delivery:
    """A reply in the outbox."""
    return queue_delivery(
        channel=channel,
        text=text,
        message_uid=uuid.uuid4(),
        **{"address": "+14155550100"} | fields,  # type: ignore[arg-type]
    )


def bulk(channel: Channel, count: int) -> Batch:
    """A batch of bulk messages in the outbox."""
    batch = Batch.objects.create(workspace=channel.workspace)
    items = [BulkItem(uuid.uuid4(), f"+1415555{n:04d}", "Offer") for n in range(count)]
    queue_bulk(channel=channel, batch=batch, items=items)
    return batch


def state(delivery: Delivery) -> str:
    """The state in the database."""
    return Delivery.objects.get(pk=delivery.pk).state


def test_a_message_is_sent_once_and_logged_without_its_text(sink: Sink) -> None:
    channel = builders.channel()
    delivery = queued(channel, "My secret text")
    run()
    run()
    assert [fields["Body"] for fields in sink.received] == ["My secret text"]
    assert f"delivery={delivery.uid}" in sink.received[0]["StatusCallback"]
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == (State.SENT, 1)
    assert row.external_id
    log = ChannelLog.objects.get()
    assert (log.ok, log.status, log.delivery_id) == (True, 201, row.pk)
    assert "secret" not in log.request + log.response
    assert builders.TOKEN not in log.request + log.response + log.url


def test_throttling_rests_the_channel_and_loses_nothing(sink: Sink) -> None:
    channel = builders.channel()
    sink.answers = [answer(429, 20429, **{"Retry-After": "30"})]
    delivery = queued(channel)
    run(0.5)
    row = Delivery.objects.get(pk=delivery.pk)
    assert (row.state, row.error_class) == (State.QUEUED, "Throttled")
    assert row.due_at > timezone.now() + timedelta(seconds=25)
    assert Bucket.objects.get(pk=channel.pk).refilled_at > timezone.now() + timedelta(seconds=25)
    queued(channel)
    run(0.5)
    assert len(sink.received) == 1


@pytest.mark.parametrize(
    ("status", "code", "expected", "error"),
    [
        (400, 21211, State.FAILED, "Rejected"),
        (400, 21617, State.FAILED, None),
        (503, 20503, State.QUEUED, "Unreachable"),
        (500, 20500, State.UNKNOWN, "Ambiguous"),
    ],
)
def test_errors_decide_what_happens(
    sink: Sink, status: int, code: int, expected: State, error: str | None
) -> None:
    sink.answers = [answer(status, code)]
    delivery = queued(builders.channel())
    run(0.5)
    row = Delivery.objects.get(pk=delivery.pk)
    assert row.state == expected
    assert error is None or row.error_class == error
    assert row.error_text


def test_an_opt_out_at_the_provider_suppresses_the_address(sink: Sink) -> None:
    sink.answers = [answer(400, 21610)]
    channel = builders.channel()
    queued(channel)
    run()
    found = Suppression.objects.get()
    assert (found.workspace, found.medium, found.address) == (
        channel.workspace,
        "sms",
        "+14155550100",
    )


def test_bad_credentials_pause_the_channel_and_keep_the_message(sink: Sink) -> None:
    sink.answers = [answer(401, 20003)]
    channel = builders.channel()
    delivery = queued(channel)
    run()
    channel.refresh_from_db()
    assert channel.paused_at is not None
    assert "20003" in channel.paused_reason
    assert state(delivery) == State.QUEUED
    Channel.objects.update(paused_at=None)
    run()
    assert state(delivery) == State.SENT
    assert len(sink.received) == 2


def test_no_connection_is_tried_again(sink: Sink, settings: object) -> None:
    settings.SIMULATOR_URL = "http://127.0.0.1:1"  # type: ignore[attr-defined]
    delivery = queued(builders.channel())
    run(0.5)
    row = Delivery.objects.get(pk=delivery.pk)
    assert (row.state, row.error_class) == (State.QUEUED, "Unreachable")
    assert row.due_at > timezone.now()


def ask_now() -> None:
    """Let the waiting time before a question pass."""
    Delivery.objects.filter(state=State.UNKNOWN).update(ask_at=timezone.now())


def listed_at_the_provider(channel: Channel) -> dict[str, str]:
    """An accepted message as the provider lists it."""
    sent_at = timezone.now().strftime("%a, %d %b %Y %H:%M:%S +0000")
    return {
        "sid": "SM" + "9" * 32,
        "body": "Hi",
        "to": "+14155550100",
        "from": channel.address,
        "direction": "outbound-api",
        "status": "sent",
        "date_created": sent_at,
        "date_sent": sent_at,
    }


def test_an_unclear_send_is_found_at_the_provider_and_not_sent_again(sink: Sink) -> None:
    sink.answers = [hang_up]
    channel = builders.channel()
    delivery = queued(channel)
    run()
    assert state(delivery) == State.UNKNOWN
    sink.listed = [listed_at_the_provider(channel)]
    ask_now()
    run()
    row = Delivery.objects.get(pk=delivery.pk)
    assert (row.state, row.external_id) == (State.SENT, "SM" + "9" * 32)
    assert len(sink.received) == 1


def test_an_unclear_send_that_the_provider_denies_is_sent_again_after_the_last_question(
    sink: Sink,
) -> None:
    sink.answers = [hang_up]
    delivery = queued(builders.channel())
    run()
    for _ in range(2):
        ask_now()
        run()
        assert state(delivery) == State.UNKNOWN
    ask_now()
    run()
    assert state(delivery) == State.SENT
    assert len(sink.received) == 2


def test_two_unclear_sends_never_claim_the_same_message(sink: Sink) -> None:
    sink.answers = [hang_up, hang_up]
    channel = builders.channel()
    deliveries = [queued(channel), queued(channel)]
    run()
    sink.listed = [listed_at_the_provider(channel)]
    ask_now()
    run()
    assert sorted(state(delivery) for delivery in deliveries) == [State.SENT, State.UNKNOWN]


def test_a_dead_workers_lease_ends_as_unknown_and_is_asked_about(sink: Sink) -> None:
    delivery = queued(builders.channel())
    assert len(claim(Load()).rows) == 1
    Delivery.objects.update(lease_until=timezone.now())
    assert end_leases() == 1
    row = Delivery.objects.get(pk=delivery.pk)
    assert row.state == State.UNKNOWN
    assert row.ask_at is not None
    assert sink.received == []


def test_a_report_before_the_answer_counts(sink: Sink) -> None:
    channel = builders.channel()
    delivery = queued(channel)
    assert len(claim(Load()).rows) == 1
    fields = twilio.status_fields("SM" + "7" * 32, "delivered")
    assert twilio.post(channel, fields, query=f"delivery={delivery.uid}").status_code == 200
    drain_all()
    row = Delivery.objects.get(pk=delivery.pk)
    assert (row.state, row.external_id) == (State.DELIVERED, "SM" + "7" * 32)


def test_reports_never_go_back(sink: Sink) -> None:
    channel = builders.channel()
    delivery = queued(channel)
    run()
    sid = str(Delivery.objects.get().external_id)
    for word in ["delivered", "sent", "queued", "delivered"]:
        twilio.post(channel, twilio.status_fields(sid, word))
        drain_all()
    assert state(delivery) == State.DELIVERED


def test_an_opt_out_between_queue_and_send_stops_bulk_but_no_reply(sink: Sink) -> None:
    channel = builders.channel()
    bulk(channel, 2)
    queued(channel)
    suppress(
        workspace_id=channel.workspace_id,
        medium="sms",
        address="+14155550000",
        reason="opted_out",
        source="keyword",
    )
    suppress(
        workspace_id=channel.workspace_id,
        medium="sms",
        address="+14155550100",
        reason="opted_out",
        source="keyword",
    )
    run()
    assert sorted(fields["To"] for fields in sink.received) == ["+14155550001", "+14155550100"]
    stopped = Delivery.objects.get(address="+14155550000")
    assert (stopped.state, stopped.error_class, stopped.attempts) == (State.FAILED, "OptedOut", 0)


def test_paused_and_cancelled_batches_stay(sink: Sink) -> None:
    channel = builders.channel()
    batch = bulk(channel, 5)
    set_batch_state(batch=batch, state=BatchState.PAUSED)
    run(0.5)
    assert sink.received == []
    set_batch_state(batch=batch, state=BatchState.RUNNING)
    run()
    assert len(sink.received) == 5
    other = bulk(channel, 3)
    set_batch_state(batch=other, state=BatchState.CANCELLED)
    run()
    assert len(sink.received) == 5
    assert Delivery.objects.filter(batch=other, state=State.CANCELLED).count() == 3


def test_replies_leave_before_bulk(sink: Sink) -> None:
    channel = builders.channel(rate_per_second=50.0)
    bulk(channel, 20)
    queued(channel, "Reply")
    run()
    assert sink.received[0]["Body"] == "Reply" or sink.received[1]["Body"] == "Reply"
    assert len(sink.received) == 21


def test_expired_messages_are_not_sent(sink: Sink) -> None:
    delivery = queued(builders.channel(), expires_at=timezone.now() - timedelta(seconds=1))
    run()
    assert state(delivery) == State.EXPIRED
    assert sink.received == []


def test_the_provider_is_told_what_is_left_of_a_message(sink: Sink) -> None:
    channel = builders.channel(config={"validity": "10m"})
    soon = timezone.now() + timedelta(seconds=90)
    queued(channel, "Soon", expires_at=soon, address=builders.phone())
    queued(channel, "Later", expires_at=soon + timedelta(hours=1), address=builders.phone())
    queued(channel, "Any time", address=builders.phone())
    run()
    told = {form["Body"]: int(form["ValidityPeriod"]) for form in sink.received}
    assert told.keys() == {"Soon", "Later", "Any time"}
    assert 80 <= told["Soon"] <= 90
    assert (told["Later"], told["Any time"]) == (600, 600)


def test_what_the_provider_gave_up_in_time_is_expired_and_no_failure(sink: Sink) -> None:
    delivery = queued(builders.channel(config={"validity": "10m"}))
    run()
    delivery.refresh_from_db()
    fields = twilio.status_fields(str(delivery.external_id), "undelivered", ErrorCode="30036")
    twilio.post(delivery.channel, fields)
    drain_all()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error_class, delivery.failed_at) == (State.EXPIRED, "", None)


def test_texts_are_counted_stored_and_sent_with_look_alikes(sink: Sink) -> None:
    channel = builders.channel(config={"lookalikes": "on"})
    text, plain = "“" + "x" * 100 + "”", '"' + "x" * 100 + '"'
    queued(channel, text, address=builders.phone())
    batch = Batch.objects.create(workspace=channel.workspace)
    item = BulkItem(uuid.uuid4(), builders.phone(), text)
    queue_bulk(channel=channel, batch=batch, items=[item])
    written = queued(builders.channel(), text, address=builders.phone())
    rows = Delivery.objects.filter(channel=channel)
    assert [(row.content, row.cost) for row in rows] == [({"text": plain}, 1.0)] * 2
    assert (written.content, written.cost) == ({"text": text}, 2.0)
    run()
    assert sorted(form["Body"] for form in sink.received) == [plain, plain, text]


def test_the_rate_holds_in_every_second(sink: Sink) -> None:
    channel = builders.channel(rate_per_second=20.0)
    bulk(channel, 30)
    started = timezone.now()
    run(4)
    took = (timezone.now() - started).total_seconds()
    assert len(sink.received) == 30
    # 30 messages at 20 a second, one of them for free.
    assert took >= 29 / 20 * 0.95


def test_retry_keeps_the_row_and_only_after_a_failure(sink: Sink) -> None:
    sink.answers = [answer(400, 21211)]
    delivery = queued(builders.channel())
    with pytest.raises(NotAllowed):
        retry_delivery(delivery=delivery)
    run()
    retry_delivery(delivery=delivery)
    run()
    assert Delivery.objects.count() == 1
    assert state(delivery) == State.SENT
    assert {fields["StatusCallback"] for fields in sink.received} == {
        sink.received[0]["StatusCallback"]
    }
    with pytest.raises(NotAllowed):
        cancel_delivery(delivery=delivery)


def statements_to_send(monkeypatch: pytest.MonkeyPatch, count: int) -> int:
    """How many statements claiming and settling one batch of ``count`` takes."""
    channel = builders.channel(rate_per_second=20_000.0)
    Bucket.objects.filter(pk=channel.pk).update(tokens=600)
    bulk(channel, count)
    monkeypatch.setattr(places, "PER_CHANNEL", 500)
    with CaptureQueriesContext(connection) as captured:
        rows = claim(Load()).rows
        settle([Outcome(row, external_id=f"SM{row.pk:032d}") for row in rows])
    assert len(rows) == count
    return len(captured)


def test_the_number_of_statements_does_not_grow_with_the_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = statements_to_send(monkeypatch, 1)
    assert statements_to_send(monkeypatch, 100) == one
    assert statements_to_send(monkeypatch, 500) == one
    assert one <= 20


def test_a_provider_that_hangs_holds_up_nobody_else(sink: Sink) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3)
        return accepted("SM" + "5" * 32)

    sink.answers = [hang]
    slow = queued(builders.channel())
    runner = Runner()
    thread = threading.Thread(target=lambda: runner.run(2))
    thread.start()
    time.sleep(1)
    other = queued(builders.channel())
    until = time.monotonic() + 2
    while state(other) != State.SENT and time.monotonic() < until:
        time.sleep(0.05)
    assert (state(slow), state(other)) == (State.SENDING, State.SENT)
    thread.join(20)
    runner.close()
    assert state(slow) == State.SENT


def test_what_is_under_way_for_too_long_is_unclear_and_nothing_else(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        await over.wait()
        return accepted("SM" + "5" * 32)

    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.6)
        return accepted("SM" + "6" * 32)

    monkeypatch.setattr(flights, "FLIGHT_SECONDS", 1.0)
    monkeypatch.setattr(flights, "LOOK_SECONDS", 0.05)
    sink.answers = [hang]
    hanging = queued(builders.channel())
    runner = Runner()
    runner.run(0.5)
    sink.answers = [slow]
    slower = queued(builders.channel())
    while state(hanging) == State.SENDING or state(slower) == State.SENDING:
        runner.run(0.5)
    hanging.refresh_from_db()
    assert (state(hanging), hanging.error_class) == (State.UNKNOWN, "Ambiguous")
    assert hanging.error_text == "No answer: TimeoutError"
    assert state(slower) == State.SENT
    sink.loop.call_soon_threadsafe(over.set)
    runner.close()
    assert [one["To"] for one in sink.received] == [hanging.address, slower.address]


def test_however_many_providers_hang_there_are_places_left() -> None:
    hanging: dict[uuid.UUID, int] = {}
    for _ in range(1_000):
        limit = places_per_channel(sum(hanging.values()))
        assert limit >= 1
        hanging[uuid.uuid4()] = limit
    assert sum(hanging.values()) <= IN_ALL + len(hanging)
    assert places_per_channel(0) == PER_CHANNEL
    assert places_per_channel(PER_CHANNEL) == PER_CHANNEL


def test_what_cannot_be_refused_now_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = builders.channel()
    late = queued(channel, expires_at=timezone.now() - timedelta(seconds=1))
    other = queued(channel, address="+14155550101")

    def deadlock(rows: object) -> None:
        raise OperationalError("deadlock detected")

    with monkeypatch.context() as patched:
        patched.setattr("gateway.outbox.claim.announce", deadlock)
        assert [row.pk for row in claim(Load()).rows] == [other.pk]
    assert state(late) == State.QUEUED
    assert not claim(Load()).rows
    assert state(late) == State.EXPIRED


def test_a_claim_leaves_the_channel_that_somebody_else_claims() -> None:
    one, other = builders.channel(), builders.channel()
    queued(one)
    queued(other)
    with held_bucket(one):
        assert [row.channel_id for row in claim(Load()).rows] == [other.pk]
    assert [row.channel_id for row in claim(Load()).rows] == [one.pk]


@contextmanager
def held_bucket(channel: Channel) -> Iterator[None]:
    """Another worker is in the middle of claiming from this channel."""
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Bucket.objects.select_for_update().get(pk=channel.pk)
            held.set()
            over.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    yield
    over.set()
    thread.join(10)


def test_a_claim_takes_the_time_from_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = queued(builders.channel())
    before = timezone.now()
    ahead = before + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: ahead)
    assert len(claim(Load()).rows) == 1
    row = Delivery.objects.get(pk=delivery.pk)
    assert row.attempted_at is not None
    assert row.lease_until is not None
    assert row.attempted_at < before + timedelta(minutes=1)
    assert row.lease_until < before + timedelta(minutes=3)
    assert end_leases() == 0


def test_a_message_is_found_although_our_clock_is_an_hour_ahead_of_the_providers(
    sink: Sink,
) -> None:
    sink.answers = [hang_up]
    channel = builders.channel()
    delivery = queued(channel)
    run()
    sink.listed = [listed_at_the_provider(channel) | hours_ago(1)]
    sink.date = timezone.now() - timedelta(hours=1)
    ask_now()
    run()
    assert state(delivery) == State.SENT
    assert len(sink.received) == 1


def hours_ago(hours: int) -> dict[str, str]:
    """The provider's times of a message it got so long ago by our clock."""
    at = (timezone.now() - timedelta(hours=hours)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return {"date_created": at, "date_sent": at}
