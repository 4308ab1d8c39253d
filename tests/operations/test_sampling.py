"""Samples are taken once a minute for all channels, and read back as rates."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.models import Delivery, InboundRequest
from gateway.states import State
from operations.models import Sample, Tally
from operations.sampling import DAY, HOUR, KEPT, series, take_samples
from tests import builders

pytestmark = pytest.mark.django_db


def wait(channel: Any, state: State = State.QUEUED, seconds: int = 0) -> None:
    now = timezone.now()
    Delivery.objects.create(
        workspace=channel.workspace, channel=channel, medium="sms", address=builders.phone(),
        content={}, state=state, due_at=now, created_at=now - timedelta(seconds=seconds),
    )  # fmt: skip


def sample(channel: Any, at: datetime, **numbers: int) -> None:
    Sample.objects.create(
        workspace=channel.workspace,
        channel=channel,
        at=at,
        **{"depth": 0, "oldest_seconds": 0, "inbound": 0, "sent": 0, "failed": 0} | numbers,
    )


def test_a_sample_holds_what_a_channel_shows_now() -> None:
    channel = builders.channel()
    wait(channel, seconds=3600)
    wait(channel, State.SENDING)
    wait(channel, State.SENT, seconds=9000)
    InboundRequest.objects.create(
        workspace=channel.workspace, channel=channel, shard=0, method="POST", url="x", body=b"",
        received_at=timezone.now(),
    )  # fmt: skip
    for outcome, total in [("ok", 7), ("Throttled", 2), ("Rejected", 1)]:
        Tally.objects.create(channel=channel, source="sends", outcome=outcome, total=total)

    assert take_samples() == 1

    found = Sample.objects.get()
    assert (found.workspace_id, found.channel_id) == (channel.workspace_id, channel.pk)
    assert (found.depth, found.inbound, found.sent, found.failed) == (2, 1, 7, 3)
    assert 3500 < found.oldest_seconds <= 3600


def test_a_minute_has_one_sample_and_old_ones_go() -> None:
    channel = builders.channel()
    sample(channel, timezone.now() - KEPT - timedelta(minutes=5))
    take_samples()
    take_samples()
    minute = Sample.objects.get().at
    assert (minute.second, minute.microsecond) == (0, 0)


def test_the_statements_do_not_grow_with_the_channels() -> None:
    def statements() -> int:
        Sample.objects.all().delete()
        with CaptureQueriesContext(connection) as captured:
            take_samples()
        return len(captured)

    builders.channel()
    few = statements()
    for _ in range(20):
        builders.channel()
    assert statements() == few


def test_a_series_has_rates_and_says_where_nothing_is_known() -> None:
    channel, other = builders.channel(), builders.channel()
    newest = HOUR.starts(timezone.now())[-1]
    sample(channel, newest - timedelta(minutes=3), sent=100, failed=10, depth=4)
    sample(channel, newest - timedelta(minutes=2), sent=160, failed=13, depth=5)
    sample(channel, newest, sent=200, failed=13, inbound=9)

    points = series([channel.pk, other.pk], HOUR)

    before, second, gap, last = points[channel.pk][-4:]
    assert before is not None
    assert second is not None
    assert last is not None
    assert (before.depth, before.sent) == (4, None)
    assert (second.depth, second.sent, second.failed) == (5, 1.0, 0.05)
    assert gap is None
    assert (last.inbound, last.sent) == (9, None)
    assert [len(found) for found in points.values()] == [60, 60]
    assert not any(points[other.pk])


def test_a_day_shows_the_peak_of_each_quarter() -> None:
    channel = builders.channel()
    start = DAY.starts(timezone.now())[-2]
    for minute, depth in enumerate([3, 900, 2]):
        sample(channel, start + timedelta(minutes=minute), depth=depth, sent=minute)

    point = series([channel.pk], DAY)[channel.pk][-2]

    assert point is not None
    assert (point.at, point.depth) == (start, 900)
    assert len(series([channel.pk], DAY)[channel.pk]) == 96
