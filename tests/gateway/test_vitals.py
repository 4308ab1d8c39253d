"""A channel's numbers come from the live rows alone, however many are done."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.models import Bucket, Channel, Delivery, InboundRequest, Priority
from gateway.outbox.settle import BREAKER_AFTER
from gateway.states import State
from gateway.vitals import vitals
from tests import builders

pytestmark = pytest.mark.django_db


def deliveries(channel: Channel, count: int, **fields: Any) -> None:
    now = timezone.now()
    known = {"state": State.QUEUED, "due_at": now, "created_at": now} | fields
    Delivery.objects.bulk_create(
        Delivery(
            workspace_id=channel.workspace_id, channel=channel, medium="sms", address="+1",
            content={}, **known,
        )
        for _ in range(count)
    )  # fmt: skip


def test_the_oldest_of_every_priority_counts() -> None:
    channel, now = builders.channel(), timezone.now()
    deliveries(channel, 2)
    for age, priority in [(90, Priority.BULK), (30, Priority.REPLY)]:
        since = now - timedelta(seconds=age)
        deliveries(channel, 1, priority=priority, created_at=since, due_at=since)

    row = vitals([channel.pk])[channel.pk]

    assert row.queued == row.depth == 4
    assert row.oldest_at == now - timedelta(seconds=90)


def test_other_states_and_channels_are_kept_apart() -> None:
    channel, other = builders.channel(), builders.channel()
    now = timezone.now()
    deliveries(channel, 1, state=State.SENDING)
    deliveries(channel, 2, state=State.UNKNOWN)
    deliveries(channel, 3, state=State.FAILED, failed_at=now)
    deliveries(channel, 5, state=State.FAILED, failed_at=now - timedelta(hours=2))
    deliveries(other, 1)
    Bucket.objects.filter(pk=other.pk).update(
        failures=BREAKER_AFTER, refilled_at=now + timedelta(seconds=30)
    )

    found = vitals([channel.pk, other.pk])

    row, second = found[channel.pk], found[other.pk]
    assert (row.queued, row.sending, row.unclear, row.failed) == (0, 1, 2, 3)
    assert (row.breaker_open, row.rests_until) == (False, None)
    assert (second.depth, second.breaker_open) == (1, True)
    assert second.rests_until == now + timedelta(seconds=30)
    assert vitals([]) == {}


def test_rows_that_are_done_are_not_read() -> None:
    channel = builders.channel()
    deliveries(channel, 5_000, state=State.DELIVERED)
    now = timezone.now()
    InboundRequest.objects.bulk_create(
        InboundRequest(
            workspace_id=channel.workspace_id, channel=channel, shard=0, state="done",
            method="POST", url="x", body=b"x", received_at=now,
        )
        for _ in range(5_000)
    )  # fmt: skip
    deliveries(channel, 3)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE gateway_delivery, gateway_inboundrequest")
    with CaptureQueriesContext(connection) as captured:
        assert vitals([channel.pk])[channel.pk].queued == 3
    assert len(captured) == 3
    for query in captured.captured_queries[:2]:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + query["sql"])
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "Seq Scan" not in plan
