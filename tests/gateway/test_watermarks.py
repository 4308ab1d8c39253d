"""A watermark that comes while a message is being sent reaches it once it has been accepted."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from gateway import registry
from gateway.drain import drain
from gateway.errors import Ambiguous, Rejected, Throttled
from gateway.events import Seen, StatusUpdate
from gateway.models import Channel, Delivery, DeliveryStatus, InboundState
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.queue import queue_delivery
from gateway.outbox.row import Row
from gateway.outbox.settle import Outcome, settle
from gateway.states import State
from gateway.statuses import apply_left_over
from tests import builders
from tests.gateway import anything

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ch(settings: Settings) -> Iterator[Channel]:
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, anything.PATH]
    registry.adapters.cache_clear()
    yield anything.channel(builders.workspace())
    registry.adapters.cache_clear()


def leaving(ch: Channel) -> Row:
    """A message on its way."""
    if not Delivery.objects.exists():
        uid = uuid.uuid4()
        queue_delivery(channel=ch, address="77", text="Hi", message_uid=uid)
    [row] = claim(Load({}, {}, set())).rows
    return row


def seen(ch: Channel, state: State = State.READ, who: str = "77", ago: float = 0) -> None:
    """They have got or read everything until now."""
    request = anything.say(ch, Seen(who, state, timezone.now() - timedelta(seconds=ago), state))
    drain()
    request.refresh_from_db()
    assert request.state == InboundState.DONE, request.error


def now() -> Delivery:
    return Delivery.objects.get()


@pytest.mark.parametrize("state", [State.DELIVERED, State.READ])
def test_it_waits_for_the_answer(ch: Channel, state: State) -> None:
    row = leaving(ch)
    seen(ch, state)
    seen(ch, state)
    assert (now().state, now().external_id) == (State.SENDING, None)
    settle([Outcome(row, external_id="o1")])
    assert (now().state, now().external_id) == (state, "o1")
    assert not DeliveryStatus.objects.filter(applied_at=None).exists()


@pytest.mark.parametrize("ago", [-1.0, 60.0])
def test_what_they_had_seen_before_it_left_says_nothing(ch: Channel, ago: float) -> None:
    row = leaving(ch)
    seen(ch, ago=max(ago, 0), who="78" if ago < 0 else "77")
    settle([Outcome(row, external_id="o1")])
    assert now().state == State.SENT


def test_an_attempt_that_failed_is_not_read(ch: Channel) -> None:
    row = leaving(ch)
    seen(ch)
    settle([Outcome(row, error=Rejected("no"))])
    DeliveryStatus.objects.update(received_at=timezone.now() - timedelta(minutes=1))
    apply_left_over()
    assert (now().state, now().read_at) == (State.FAILED, None)
    assert not DeliveryStatus.objects.filter(applied_at=None).exists()


def test_nor_is_the_attempt_that_follows(ch: Channel) -> None:
    row = leaving(ch)
    seen(ch)
    settle([Outcome(row, error=Throttled("slow"))])
    Delivery.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    DeliveryStatus.objects.update(received_at=timezone.now() - timedelta(minutes=1))
    again = leaving(ch)
    apply_left_over()
    settle([Outcome(again, external_id="o1")])
    apply_left_over()
    assert (now().state, now().read_at) == (State.SENT, None)
    seen(ch)
    assert now().state == State.READ


def test_an_unclear_one_is_read_once_the_provider_has_found_it(ch: Channel) -> None:
    row = leaving(ch)
    settle([Outcome(row, error=Ambiguous("?"), can_find=True)])
    assert now().state == State.UNKNOWN
    seen(ch)
    asked = Row.of_delivery(now())
    settle([Outcome(asked, external_id="o1", asked=True, can_find=True)])
    assert now().state == State.READ


def test_the_sweep_applies_what_a_dead_worker_left(ch: Channel) -> None:
    leaving(ch)
    seen(ch)
    Delivery.objects.update(state=State.SENT, external_id="o1")
    DeliveryStatus.objects.update(received_at=timezone.now() - timedelta(minutes=1))
    assert apply_left_over() == 1
    assert now().state == State.READ


def test_a_message_that_the_provider_calls_by_our_uid_is_no_attempt(ch: Channel) -> None:
    row = leaving(ch)
    name = f"{row.uid}@mail.example"
    settle([Outcome(row, external_id=name)])
    anything.say(ch, StatusUpdate(name, State.FAILED, "bounced", delivery_uid=uuid.UUID(row.uid)))
    drain()
    assert now().state == State.FAILED
