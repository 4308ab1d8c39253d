"""What breaks one request, delivery or channel holds up no other."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

import pytest
from aiohttp import web
from django.db import IntegrityError, OperationalError
from django.utils import timezone

from contacts.services import merge_contacts
from conversations import ingest
from conversations.models import Conversation, Message
from gateway import statuses
from gateway.errors import Throttled
from gateway.events import UnknownEvent
from gateway.models import (
    BatchState,
    Bucket,
    Channel,
    ChannelLog,
    Delivery,
    DeliveryStatus,
    InboundRequest,
    InboundState,
)
from gateway.outbox.ask import end_leases
from gateway.outbox.claim import claim
from gateway.outbox.places import PER_CHANNEL, RESERVE_SECONDS, Load
from gateway.outbox.queue import cancel_left_over, retry_delivery, set_batch_state
from gateway.outbox.row import Row
from gateway.outbox.runner import Runner
from gateway.outbox.settle import Outcome, settle
from gateway.states import State
from tests import builders
from tests.gateway import twilio
from tests.gateway.sink import Sink
from tests.gateway.test_door import drain_all
from tests.gateway.test_drain import write
from tests.gateway.test_outbox import bulk, queued, run, sink, state

__all__ = ["sink"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_whose_kind_cannot_be_stored_holds_up_no_shard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from channels_sms import twilio_webhooks

    kind = UnknownEvent(kind="odd\0kind \ud800")
    genuine = twilio_webhooks.parse
    monkeypatch.setattr(
        twilio_webhooks,
        "parse",
        lambda request, own: [kind] if b"odd" in request.body else genuine(request, own),
    )
    channel = builders.channel()
    for text in ["odd", "fine"]:
        write(channel, "+14155550100", text)
    drain_all()
    assert [message.text for message in Message.objects.all()] == ["fine"]
    assert InboundRequest.objects.get(state=InboundState.UNKNOWN).error == "oddkind ?"


def test_a_message_that_meets_a_merge_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = builders.channel()
    keep, other = builders.contact(channel.workspace), builders.contact(channel.workspace)
    address = builders.address(other)
    genuine = ingest._resolve

    def merged_meanwhile(fresh: Sequence[object]) -> object:
        lines = genuine(fresh)  # type: ignore[arg-type]
        monkeypatch.setattr(ingest, "_resolve", genuine)
        raise IntegrityError(f"contact {lines[0].who.contact_id} is gone")

    monkeypatch.setattr(ingest, "_resolve", merged_meanwhile)
    write(channel, address.value, "Hello")
    merge_contacts(keep=keep, other=other, member=None)
    drain_all()
    assert Message.objects.get().text == "Hello"
    assert Conversation.objects.get().contact == keep
    assert not InboundRequest.objects.exclude(state=InboundState.DONE).exists()


def test_a_request_that_always_conflicts_fails_and_can_be_replayed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def conflicts(fresh: Sequence[object]) -> object:
        raise IntegrityError("never")

    monkeypatch.setattr(ingest, "_resolve", conflicts)
    write(builders.channel(), "+14155550100", str(uuid.uuid4()))
    drain_all()
    assert InboundRequest.objects.get().state == InboundState.FAILED
    assert not Message.objects.exists()


# --- The way out -------------------------------------------------------------------------------


def test_a_channel_that_cannot_be_opened_is_paused_and_holds_up_no_other(sink: Sink) -> None:
    broken, fine = builders.channel(), builders.channel()
    kept, sent = queued(broken), queued(fine)
    Channel.objects.filter(pk=broken.pk).update(config=b"under a key that is gone")
    run()
    broken.refresh_from_db()
    assert broken.paused_at is not None
    assert "Undecryptable" in broken.paused_reason
    assert (state(kept), state(sent)) == (State.QUEUED, State.SENT)


def test_a_question_about_a_channel_that_cannot_be_opened_waits(sink: Sink) -> None:
    broken = builders.channel()
    unclear = queued(broken)
    Delivery.objects.update(state=State.UNKNOWN, ask_at=timezone.now())
    Channel.objects.update(config=b"under a key that is gone")
    sent = queued(builders.channel())
    run()
    assert (state(unclear), state(sent)) == (State.UNKNOWN, State.SENT)


def test_an_answer_survives_a_database_that_is_away_for_a_moment(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [OperationalError("deadlock detected"), OperationalError("gone")]

    def flaky(outcomes: Sequence[Outcome]) -> None:
        if failures:
            raise failures.pop()
        settle(outcomes)

    monkeypatch.setattr("gateway.outbox.runner.settle", flaky)
    delivery = queued(builders.channel())
    run()
    assert state(delivery) == State.SENT
    assert len(sink.received) == 1


def test_an_answer_is_kept_until_the_database_is_back(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(outcomes: Sequence[Outcome]) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("gateway.outbox.runner.settle", away)
    delivery = queued(builders.channel())
    runner = Runner()
    with pytest.raises(OperationalError):
        runner.run(1)
    assert state(delivery) == State.SENDING
    monkeypatch.undo()
    Delivery.objects.update(lease_until=timezone.now())
    end_leases()
    runner.run(1)
    runner.close()
    row = Delivery.objects.get()
    assert (row.state, row.ask_at, row.attempts) == (State.SENT, None, 1)
    assert len(sink.received) == 1


def test_an_outcome_that_cannot_be_written_is_left_alone(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def picky(outcomes: Sequence[Outcome]) -> None:
        if any(one.row.content["text"] == "poison" for one in outcomes):
            raise ValueError("cannot be written")
        settle(outcomes)

    monkeypatch.setattr("gateway.outbox.runner.settle", picky)
    channel = builders.channel()
    poison, fine = queued(channel, "poison"), queued(channel, address="+14155550199")
    run()
    assert (state(poison), state(fine)) == (State.SENDING, State.SENT)


def test_what_is_found_at_the_provider_while_a_person_retries_is_not_sent_again() -> None:
    delivery = queued(builders.channel())
    Delivery.objects.update(state=State.UNKNOWN, attempts=1)
    asked = Row.of_delivery(Delivery.objects.get())
    retry_delivery(delivery=delivery)
    settle([Outcome(asked, external_id="SM" + "3" * 32, asked=True)])
    row = Delivery.objects.get()
    assert (row.state, row.external_id) == (State.SENT, "SM" + "3" * 32)


def test_an_answer_no_database_can_keep_whole_is_logged(sink: Sink) -> None:
    async def odd(request: web.Request) -> web.StreamResponse:
        return web.Response(status=400, body=b"nul \0 here")

    async def half(request: web.Request) -> web.StreamResponse:
        return web.Response(status=400, body=b'{"note": "half \\ud800"}')

    sink.answers = [odd, half]
    channel = builders.channel()
    deliveries = [queued(channel), queued(channel)]
    run()
    assert [state(delivery) for delivery in deliveries] == [State.FAILED, State.FAILED]
    assert ChannelLog.objects.count() == 2


def test_a_full_channel_does_not_make_the_outbox_spin() -> None:
    channel = builders.channel()
    queued(channel)
    in_hand = {channel.pk: int(channel.rate_per_second * RESERVE_SECONDS)}
    full = claim(Load({channel.pk: PER_CHANNEL}, in_hand))
    assert (list(full.rows), full.wait_seconds) == ([], None)


def test_what_comes_back_after_its_batch_was_cancelled_is_cancelled(sink: Sink) -> None:
    channel = builders.channel()
    batch, reply = bulk(channel, 2), queued(channel)
    Bucket.objects.update(tokens=40)
    bulk_rows = [row for row in claim(Load()).rows if row.batch_id == batch.pk]
    assert len(bulk_rows) == 2
    set_batch_state(batch=batch, state=BatchState.CANCELLED)
    settle([Outcome(row, error=Throttled("slower", retry_after=0.0)) for row in bulk_rows])
    assert Delivery.objects.filter(batch=batch, state=State.QUEUED).count() == 2
    assert cancel_left_over() == 2
    assert Delivery.objects.filter(batch=batch, state=State.CANCELLED).count() == 2
    assert cancel_left_over() == 0
    assert state(reply) == State.SENDING


@pytest.mark.parametrize("word", ["sent", "undelivered"])
def test_a_late_report_of_the_first_attempt_is_not_the_seconds(sink: Sink, word: str) -> None:
    channel = builders.channel()
    delivery = queued(channel)
    run()
    first = str(Delivery.objects.get().external_id)

    def report(external_id: str, said: str) -> None:
        fields = twilio.status_fields(external_id, said)
        assert twilio.post(channel, fields, query=f"delivery={delivery.uid}").status_code == 200
        drain_all()

    report(first, "failed")
    assert state(delivery) == State.FAILED
    retry_delivery(delivery=delivery)
    report(first, word)
    assert state(delivery) == State.QUEUED
    run()
    row = Delivery.objects.get()
    assert row.state == State.SENT
    assert len(sink.received) == 2
    DeliveryStatus.objects.update(received_at=timezone.now() - timedelta(seconds=6))
    statuses.apply_left_over()
    assert state(delivery) == State.SENT
    assert not DeliveryStatus.objects.filter(applied_at=None).exists()
    report(str(row.external_id), "delivered")
    assert state(delivery) == State.DELIVERED


def test_an_early_failure_of_the_second_attempt_counts(sink: Sink) -> None:
    channel = builders.channel()
    delivery = queued(channel)
    Delivery.objects.update(state=State.FAILED, sent_at=timezone.now(), external_id="SM1")
    retry_delivery(delivery=delivery)
    rows = claim(Load()).rows
    fields = twilio.status_fields("SM" + "2" * 32, "failed")
    twilio.post(channel, fields, query=f"delivery={delivery.uid}")
    drain_all()
    assert state(delivery) == State.SENDING
    settle([Outcome(rows[0], external_id="SM" + "2" * 32)])
    assert state(delivery) == State.FAILED
