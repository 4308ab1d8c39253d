"""The database's clock goes back: what was noted in the hour undone does not wait for it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gateway.models import Bucket, Delivery, Heartbeat
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.queue import queue_delivery
from gateway.outbox.setback import beat
from gateway.states import State
from omnichannel.beat import SteadyScheduler
from omnichannel.celery import app
from tests import builders

HOUR = timedelta(hours=1)


def queued() -> Delivery:
    """A reply in the outbox."""
    return queue_delivery(
        channel=builders.channel(), address="+14155550100", text="Hi", message_uid=uuid.uuid4()
    )


@pytest.mark.django_db
def test_nothing_waits_for_the_hour_undone() -> None:
    beat()
    backed_off, waiting, unclear, leased = (queued() for _ in range(4))
    ahead = timezone.now() + HOUR
    Heartbeat.objects.filter(name="sweep").update(beat_at=ahead)
    rows = Delivery.objects.all()
    rows.filter(pk=backed_off.pk).update(due_at=ahead + timedelta(minutes=5))
    rows.filter(pk=waiting.pk).update(due_at=ahead)
    rows.filter(pk=unclear.pk).update(state=State.UNKNOWN, ask_at=ahead)
    rows.filter(pk=leased.pk).update(state=State.SENDING, lease_until=ahead + timedelta(seconds=30))
    Bucket.objects.filter(pk=waiting.channel_id).update(refilled_at=ahead)

    behind = beat()

    assert behind is not None
    assert HOUR - timedelta(minutes=1) < behind <= HOUR
    soon = timezone.now() + timedelta(seconds=31)
    assert rows.get(pk=unclear.pk).ask_at < soon  # type: ignore[operator]
    assert rows.get(pk=leased.pk).lease_until < soon  # type: ignore[operator]
    assert [row.pk for row in claim(Load()).rows] == [waiting.pk]
    due_at = rows.get(pk=backed_off.pk).due_at
    assert timedelta(minutes=4) < due_at - timezone.now() <= timedelta(minutes=5)
    assert beat() is None


@pytest.mark.django_db
def test_a_clock_that_goes_on_changes_nothing() -> None:
    assert beat() is None
    row = queued()
    rests_until = timezone.now() + timedelta(minutes=10)
    Delivery.objects.filter(pk=row.pk).update(due_at=rests_until)
    assert beat() is None
    assert Delivery.objects.get(pk=row.pk).due_at == rests_until


class Scheduler(SteadyScheduler):
    """Keeps its schedule in memory and sends nothing."""

    sent: list[str]

    def setup_schedule(self) -> None:
        self.sent = []
        self.data: dict[str, Any] = {}
        self.update_from_dict(
            {name: {"task": name, "schedule": 1.0} for name in ("first", "second")}
        )

    def get_schedule(self) -> dict[str, Any]:
        return self.data

    schedule = property(get_schedule)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        self.sent.append(entry.name)


def test_beat_does_not_stand_still_when_the_clock_goes_back() -> None:
    scheduler = Scheduler(app)
    for entry in scheduler.data.values():
        entry.last_run_at = app.now() + HOUR
    assert scheduler.tick() <= 1.0
    scheduler.seen = app.now() + HOUR
    for entry in scheduler.data.values():
        entry.last_run_at = app.now() - timedelta(seconds=2)
    while scheduler.tick() == 0:
        pass
    assert sorted(scheduler.sent) == ["first", "second"]
