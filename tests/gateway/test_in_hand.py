"""Claimed messages in hand behind a slow provider: whoever may not leave any more does not."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web
from django.utils import timezone

from gateway.models import BatchState, Bucket, Channel, Delivery, Priority, Suppression
from gateway.outbox import flights, places
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.queue import set_batch_state
from gateway.outbox.runner import Runner
from gateway.states import State
from gateway.suppression import suppress
from tests import builders
from tests.gateway.sink import Sink, accepted
from tests.gateway.test_outbox import bulk, queued, run, sink, state

__all__ = ["sink"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)

# Of ten places two are for replies; at 1,000 a second 20 messages are in hand.
FLYING, CLAIMED, ALL = 8, 28, 30


class Slow:
    """A provider that takes its time until told otherwise."""

    def __init__(self, sink: Sink) -> None:
        self.over = threading.Event()
        self.ids = 0
        sink.answers = [self.answer] * FLYING

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Accept once it is over."""
        self.ids += 1
        sid = f"SM9{self.ids:031d}"
        while not self.over.is_set():
            await asyncio.sleep(0.02)
        return accepted(sid)


@pytest.fixture
def slow(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Slow:
    """A channel has ten places, and its provider hangs."""
    monkeypatch.setattr(places, "PER_CHANNEL", 10)
    return Slow(sink)


@contextmanager
def running() -> Iterator[None]:
    """A worker drives the outbox meanwhile."""
    runner = Runner()
    thread = threading.Thread(target=runner.run, args=[20.0])
    thread.start()
    try:
        yield
    finally:
        runner.stopped = True
        thread.join(20)
        runner.close()


def wait_until_sending(count: int) -> None:
    """Until exactly so many rows are claimed."""
    until = time.monotonic() + 10
    while Delivery.objects.filter(state=State.SENDING).count() != count:
        assert time.monotonic() < until, "that never happens"
        time.sleep(0.01)


def test_what_was_in_hand_when_its_campaign_paused_stays(sink: Sink, slow: Slow) -> None:
    batch = bulk(builders.channel(rate_per_second=1_000.0), ALL)
    with running():
        wait_until_sending(CLAIMED)
        set_batch_state(batch=batch, state=BatchState.PAUSED)
        wait_until_sending(FLYING)
        slow.over.set()
        wait_until_sending(0)
        time.sleep(0.3)
    assert len(sink.received) == FLYING
    rows = Delivery.objects.filter(batch=batch).values_list("state", "attempts")
    assert sorted(rows) == [(State.QUEUED, 0)] * (ALL - FLYING) + [(State.SENT, 1)] * FLYING


def test_whoever_opts_out_meanwhile_is_spared(sink: Sink, slow: Slow) -> None:
    channel = builders.channel(rate_per_second=1_000.0)
    batch = bulk(channel, ALL)
    with running():
        wait_until_sending(CLAIMED)
        waiting = Delivery.objects.filter(batch=batch, state=State.SENDING).order_by("id").last()
        assert waiting is not None
        suppress(
            workspace_id=channel.workspace_id,
            medium=waiting.medium,
            address=waiting.address,
            reason=Suppression.Reason.OPTED_OUT,
            source="test",
        )
        wait_until_sending(FLYING)
        slow.over.set()
        until = time.monotonic() + 10
        while Delivery.objects.filter(batch=batch, state=State.SENT).count() < ALL - 1:
            assert time.monotonic() < until, "the others never leave"
            time.sleep(0.02)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error_class) == (State.FAILED, "OptedOut")
    assert waiting.address not in {fields["To"] for fields in sink.received}
    assert len(sink.received) == ALL - 1


@pytest.mark.parametrize(
    ("rate", "in_hand"), [(1.0, 0), (50.0, 1), (100.0, 2), (10_000.0, places.RESERVE)]
)
def test_a_channel_of_low_rate_has_hardly_anything_in_hand(rate: float, in_hand: int) -> None:
    channel = waiting_replies(rate)
    assert len(claim(Load({}, {channel.pk: places.PER_CHANNEL})).rows) == in_hand


def test_a_channel_that_is_slow_claims_no_more_than_may_leave_at_once() -> None:
    channel = waiting_replies(10_000.0)
    held = {channel.pk: places.PER_CHANNEL - 30}
    assert len(claim(Load({}, held, {channel.pk})).rows) == 30
    assert claim(Load({}, {channel.pk: places.PER_CHANNEL}, {channel.pk})).rows == []


def waiting_replies(rate: float) -> Channel:
    """A channel with more replies than may leave, and all the tokens its bucket can hold."""
    channel = builders.channel(rate_per_second=rate)
    bulk(channel, 400)
    Delivery.objects.update(priority=Priority.REPLY)
    Bucket.objects.update(tokens=1_000, refilled_at=timezone.now())
    return channel


def test_replies_that_waited_keep_their_order(
    sink: Sink, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "PER_CHANNEL", 1)
    channel = builders.channel(rate_per_second=100.0)
    words = ("one", "two", "three", "four", "five")
    replies = [queued(channel, text, address=f"+1415555{n:04d}") for n, text in enumerate(words)]
    with running():
        wait_until_sending(3)
        wait_until_sending(1)
        slow.over.set()
        until = time.monotonic() + 10
        while state(replies[-1]) != State.SENT:
            assert time.monotonic() < until, "the last never leaves"
            time.sleep(0.02)
    assert [fields["Body"] for fields in sink.received] == ["one", "two", "three", "four", "five"]


def test_a_process_that_stood_still_begins_nothing_it_claimed_before(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "LATEST_SECONDS", -1.0)
    delivery = queued(builders.channel())
    run(0.3)
    assert sink.received == []
    assert state(delivery) == State.QUEUED
