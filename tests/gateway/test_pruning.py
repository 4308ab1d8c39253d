"""Old log rows go in batches; what somebody still has to look at stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.models import Channel, ChannelLog, DeliveryStatus, InboundRequest
from gateway.pruning import prune_before
from gateway.tasks import prune
from tests import builders

pytestmark = pytest.mark.django_db
NOW = timezone.now()
OLD, NEW = NOW - timedelta(days=31), NOW - timedelta(days=29)


def log(channel: Channel, at: Any) -> int:
    return ChannelLog.objects.create(
        workspace=channel.workspace, channel=channel, kind="send", ok=True, method="POST", url="x",
        created_at=at,
    ).pk  # fmt: skip


def request(channel: Channel, at: Any, state: str) -> int:
    return InboundRequest.objects.create(
        workspace=channel.workspace, channel=channel, shard=0, state=state, method="POST", url="x",
        body=b"x", received_at=at,
    ).pk  # fmt: skip


def report(channel: Channel, at: Any, number: int = 0) -> int:
    return DeliveryStatus.objects.create(
        workspace=channel.workspace, channel=channel, external_id=f"SM{number}{at:%d}",
        state="sent", provider_word="sent", occurred_at=at, received_at=at,
    ).pk  # fmt: skip


def test_what_is_older_goes_and_what_failed_stays(settings: Any) -> None:
    settings.GATEWAY_LOG_DAYS = 30
    channel = builders.channel()
    log(channel, OLD)
    report(channel, OLD)
    kept = [log(channel, NEW)]
    kept_reports = [report(channel, NEW)]
    kept_requests = [
        request(channel, OLD, "failed"),
        request(channel, OLD, "new"),
        request(channel, NEW, "done"),
        request(channel, NEW, "unknown"),
    ]
    request(channel, OLD, "done")
    request(channel, OLD, "unknown")
    erased = InboundRequest.objects.filter(pk=request(channel, OLD, "failed"))
    erased.update(body=b"", erased_at=NOW)

    prune()

    assert list(ChannelLog.objects.values_list("pk", flat=True)) == kept
    assert list(DeliveryStatus.objects.values_list("pk", flat=True)) == kept_reports
    assert list(InboundRequest.objects.order_by("pk").values_list("pk", flat=True)) == kept_requests


def test_many_rows_go_in_batches_and_a_run_ends() -> None:
    channel = builders.channel()
    for number in range(7):
        log(channel, OLD)
        report(channel, OLD, number)

    with CaptureQueriesContext(connection) as captured:
        assert prune_before(NEW, size=2, most=2) == 8
    assert len(captured) == 2 + 1 + 2

    assert prune_before(NEW, size=2, most=10) == 6
    assert not ChannelLog.objects.exists()
    assert not DeliveryStatus.objects.exists()


def test_a_new_report_ends_the_search_for_old_ones() -> None:
    channel = builders.channel()
    for number, at in enumerate([OLD, OLD, NEW, NEW, NEW]):
        report(channel, at, number)

    with CaptureQueriesContext(connection) as captured:
        assert prune_before(NEW - timedelta(hours=1), size=2, most=10) == 2

    assert len(captured) == 2 + 2
    assert DeliveryStatus.objects.count() == 3
