"""A worker that stops hands back what has not left, and writes down what may have."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult

from gateway import guard, stopping
from gateway.models import Delivery
from gateway.outbox import places
from gateway.outbox import runner as runners
from gateway.outbox.runner import Runner
from gateway.states import State
from tests import builders
from tests.gateway.sink import Sink, accepted
from tests.gateway.test_outbox import bulk, queued, sink

__all__ = ["sink"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    """A runner of a worker that has little patience."""
    monkeypatch.setattr(runners, "GRACE_SECONDS", 0.3)
    made = Runner()
    yield made
    made.close()
    stopping.forget()


@contextmanager
def stopped_on_the_way(runner: Runner) -> Iterator[None]:
    """In the middle of a run when the block begins; at its end comes what SIGTERM does."""
    thread = threading.Thread(target=runner.run, args=[20.0])
    thread.start()
    yield
    stopping.ask()
    thread.join(20)
    assert not thread.is_alive()


def wait_for_flights(count: int) -> None:
    """Until so many rows are under way."""
    until = time.monotonic() + 10
    while Delivery.objects.filter(state=State.SENDING).count() < count:
        assert time.monotonic() < until, "nothing leaves"
        time.sleep(0.02)


def test_what_may_have_been_accepted_is_asked_about(sink: Sink, runner: Runner) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return accepted("SM" + "5" * 32)

    sink.answers = [hang] * 100
    bulk(builders.channel(rate_per_second=10_000.0), 100)
    Delivery.objects.update(priority=0)
    with stopped_on_the_way(runner):
        until = time.monotonic() + 10
        while len(sink.received) < 100 and time.monotonic() < until:
            time.sleep(0.02)
    rows = list(Delivery.objects.values_list("state", "error_class", "attempts", "ask_at"))
    assert {row[:3] for row in rows} == {(State.UNKNOWN, "Ambiguous", 1)}
    assert all(row[3] is not None for row in rows)
    assert len(sink.received) == 100


def test_what_waits_in_hand_for_a_place_is_queued_again(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, runner: Runner
) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return accepted("SM" + "5" * 32)

    monkeypatch.setattr(places, "PER_CHANNEL", 10)
    sink.answers = [hang] * 30
    channel = builders.channel(rate_per_second=1_000.0)
    batch = bulk(channel, 30)
    with stopped_on_the_way(runner):
        # 8 in flight, 2 more places are for replies, and 20 messages (0.02 s of the rate) in hand.
        wait_for_flights(28)
        reply = queued(channel)
        until = time.monotonic() + 10
        while len(sink.received) < 9 and time.monotonic() < until:
            time.sleep(0.02)
    assert sum(fields["Body"] == "Hi" for fields in sink.received) == 1
    reply.refresh_from_db()
    assert reply.state == State.UNKNOWN
    rows = Delivery.objects.filter(batch=batch).values_list("state", "attempts", "lease_until")
    assert sorted(rows) == [(State.QUEUED, 0, None)] * 22 + [(State.UNKNOWN, 1, None)] * 8


def test_what_has_certainly_not_left_is_queued_again(
    sink: Sink,
    settings: object,
    monkeypatch: pytest.MonkeyPatch,
    runner: Runner,
) -> None:
    async def never(*args: object, **options: object) -> list[ResolveResult]:
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr(guard.GuardedResolver, "resolve", never)
    settings.SIMULATOR_URL = f"http://localhost:{sink.port}"  # type: ignore[attr-defined]
    for _ in range(3):
        queued(builders.channel())
    with stopped_on_the_way(runner):
        wait_for_flights(3)
    rows = Delivery.objects.values_list("state", "attempts", "error_class", "lease_until")
    assert set(rows) == {(State.QUEUED, 0, "", None)}
    assert sink.received == []


def test_an_answer_that_comes_in_time_counts(sink: Sink, runner: Runner) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return accepted("SM" + "6" * 32)

    sink.answers = [slow]
    queued(builders.channel())
    with stopped_on_the_way(runner):
        wait_for_flights(1)
    assert Delivery.objects.get().state == State.SENT


def test_a_worker_that_stops_begins_nothing(sink: Sink, runner: Runner) -> None:
    queued(builders.channel())
    stopping.ask()
    assert runner.run(5.0)
    assert Delivery.objects.get().state == State.QUEUED
    assert sink.received == []
