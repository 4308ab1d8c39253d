"""What Prometheus reads, counted from the database in a fixed number of statements.

Labels are ids of workspaces and channels, never names: names are customers' data.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from conversations.models import Conversation, Status
from gateway.models import (
    Channel,
    Delivery,
    Heartbeat,
    InboundRequest,
    InboundState,
    SignatureRefusal,
)
from gateway.states import PENDING
from operations.models import Tally
from routing.models import Agent

CONTENT_TYPE = CONTENT_TYPE_LATEST
CHANNEL = ["workspace", "channel"]


def render_metrics() -> bytes:
    """The whole page of metrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DatabaseCollector())
    return generate_latest(registry)


class DatabaseCollector(Collector):
    """Collects anew at each scrape; nothing is kept in the process."""

    def collect(self) -> Iterable[Metric]:
        """All families of metrics."""
        now = timezone.now()
        channels = list(Channel.objects.order_by("id").values("id", "workspace_id", "paused_at"))
        places = {row["id"]: (str(row["workspace_id"]), str(row["id"])) for row in channels}
        yield _paused(channels)
        yield from _outbox(places, now)
        yield from _inbound(places)
        yield from _totals(places)
        yield _refusals(places)
        yield from _waiting(now)
        yield _agents()
        yield _workers(now)


Places = dict[Any, tuple[str, str]]


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"omnichannel_{name}", text, labels=labels)


def _counter(name: str, text: str, labels: list[str]) -> CounterMetricFamily:
    return CounterMetricFamily(f"omnichannel_{name}", text, labels=labels)


def _paused(channels: Sequence[Mapping[str, Any]]) -> Metric:
    family = _gauge("channel_paused", "1 while the channel is paused.", CHANNEL)
    for row in channels:
        family.add_metric(
            [str(row["workspace_id"]), str(row["id"])], 0 if row["paused_at"] is None else 1
        )
    return family


def _outbox(places: Places, now: datetime) -> Iterable[Metric]:
    depth = _gauge("outbox_depth", "Deliveries not yet handed to the provider.", CHANNEL)
    age = _gauge("outbox_oldest_seconds", "Age of the oldest such delivery.", CHANNEL)
    counts: dict[Any, int] = defaultdict(int)
    oldest: dict[Any, datetime] = {}
    # A statement for each state: each has a partial index, the two together have none.
    for state in sorted(PENDING):
        rows = Delivery.objects.filter(state=state).order_by().values_list("channel_id")
        for channel, count, since in rows.annotate(Count("id"), Min("created_at")):
            counts[channel] += count
            oldest[channel] = min(since, oldest.get(channel, since))
    for channel, labels in places.items():
        depth.add_metric(list(labels), counts[channel])
        age.add_metric(list(labels), _seconds(oldest.get(channel), now))
    return depth, age


def _inbound(places: Places) -> Iterable[Metric]:
    family = _gauge(
        "inbound_requests", "Stored webhooks by state: new, failed, unknown.", [*CHANNEL, "state"]
    )
    states = [InboundState.NEW, InboundState.FAILED, InboundState.UNKNOWN]
    rows = (
        InboundRequest.objects.filter(state__in=states)
        .order_by()
        .values_list("channel_id", "state")
        .annotate(Count("id"))
    )
    counts = {(channel, state): count for channel, state, count in rows}
    for channel, labels in places.items():
        for state in states:
            family.add_metric([*labels, state.value], counts.get((channel, state.value), 0))
    return (family,)


def _totals(places: Places) -> Iterable[Metric]:
    families = {
        "sends": _counter("sends", "Send requests by the provider's answer.", [*CHANNEL, "result"]),
        "reports": _counter("reports", "Status reports by state.", [*CHANNEL, "state"]),
        "webhooks": _counter("webhooks", "Verified webhooks stored.", [*CHANNEL, "result"]),
    }
    for tally in Tally.objects.order_by("source", "channel", "outcome"):
        if tally.source in families and tally.channel_id in places:
            labels = [*places[tally.channel_id], tally.outcome]
            families[tally.source].add_metric(labels, tally.total)
    return families.values()


def _refusals(places: Places) -> Metric:
    family = _counter("signature_refusals", "Webhooks refused for their signature.", CHANNEL)
    rows = SignatureRefusal.objects.order_by().values_list("channel_id").annotate(Sum("count"))
    for channel, count in rows:
        if channel in places:
            family.add_metric(list(places[channel]), count)
    return family


def _waiting(now: datetime) -> Iterable[Metric]:
    count = _gauge("conversations_waiting", "Conversations that want an agent.", ["workspace"])
    age = _gauge("conversations_oldest_seconds", "Longest wait among them.", ["workspace"])
    rows = (
        Conversation.objects.filter(assignee=None, status=Status.OPEN, queued_at__isnull=False)
        .order_by()
        .values("workspace_id")
        .annotate(count=Count("id"), oldest=Min("queued_at"))
    )
    for row in rows:
        count.add_metric([str(row["workspace_id"])], row["count"])
        age.add_metric([str(row["workspace_id"])], _seconds(row["oldest"], now))
    return count, age


def _agents() -> Metric:
    family = _gauge("agents", "Agents by presence.", ["workspace", "presence"])
    rows = (
        Agent.objects.filter(member__ended_at=None)
        .order_by()
        .values_list("workspace_id", "status")
        .annotate(Count("id"))
    )
    for workspace, status, count in rows:
        family.add_metric([str(workspace), status], count)
    return family


def _workers(now: datetime) -> Metric:
    family = _gauge("heartbeat_seconds", "Since a background process was last seen.", ["process"])
    for beat in Heartbeat.objects.order_by("name"):
        family.add_metric([beat.name], _seconds(beat.beat_at, now))
    return family


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
