"""What Prometheus reads, counted from the database in a fixed number of statements.

Labels are ids of workspaces and channels, never names: names are customers' data.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from conversations.models import Conversation, Status
from gateway.models import Channel, Heartbeat, SignatureRefusal
from gateway.vitals import Vitals, vitals
from operations import tallies
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
        rows = list(Channel.objects.order_by("id").values("id", "workspace_id", "paused_at"))
        places = {row["id"]: (str(row["workspace_id"]), str(row["id"])) for row in rows}
        yield _per_channel(
            "channel_paused", "1 while the channel is paused.", places,
            {row["id"]: float(row["paused_at"] is not None) for row in rows},
        )  # fmt: skip
        found = vitals(places)
        yield from _gauges(places, found, now)
        yield _inbound(places, found)
        yield from _totals(places)
        yield _refusals(places)
        yield from _waiting(now)
        yield _agents()
        yield _workers(now)


Places = dict[UUID, tuple[str, str]]
Found = Mapping[UUID, Vitals]


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"omnichannel_{name}", text, labels=labels)


def _counter(name: str, text: str, labels: list[str]) -> CounterMetricFamily:
    return CounterMetricFamily(f"omnichannel_{name}", text, labels=labels)


def _per_channel(name: str, text: str, places: Places, values: Mapping[UUID, float]) -> Metric:
    family = _gauge(name, text, CHANNEL)
    for channel, labels in places.items():
        family.add_metric(list(labels), values[channel])
    return family


def _gauges(places: Places, found: Found, now: datetime) -> Iterable[Metric]:
    """What is one number per channel."""
    texts: dict[str, tuple[str, Callable[[Vitals], float]]] = {
        "outbox_depth": (
            "Deliveries not yet handed to the provider.",
            lambda row: row.depth,
        ),
        "outbox_oldest_seconds": (
            "Age of the oldest such delivery.",
            lambda row: _seconds(row.oldest_at, now),
        ),
        "outbox_unknown": (
            "Deliveries that the provider may have taken or not.",
            lambda row: row.unclear,
        ),
        "breaker_open": (
            "1 while the provider is out of reach and the channel holds back.",
            lambda row: row.breaker_open,
        ),
        "channel_rests_seconds": (
            "Until the channel tries again: breaker, or the provider's Retry-After.",
            lambda row: _seconds(now, row.rests_until or now),
        ),
        "inbound_oldest_seconds": (
            "Age of the oldest stored webhook that is not processed yet.",
            lambda row: _seconds(row.inbound_oldest_at, now),
        ),
    }
    for name, (text, value) in texts.items():
        yield _per_channel(name, text, places, {pk: value(row) for pk, row in found.items()})


def _inbound(places: Places, found: Found) -> Metric:
    family = _gauge(
        "inbound_requests", "Stored webhooks by state: new, failed, unknown.", [*CHANNEL, "state"]
    )
    for channel, labels in places.items():
        row = found[channel]
        counts = {"new": row.inbound_new, "failed": row.inbound_failed}
        for state, count in {**counts, "unknown": row.inbound_unknown}.items():
            family.add_metric([*labels, state], count)
    return family


def _totals(places: Places) -> Iterable[Metric]:
    families = {
        "sends": _counter("sends", "Send requests by the provider's answer.", [*CHANNEL, "result"]),
        "errors": _counter("send_errors", "Failed ones by class of error.", [*CHANNEL, "error"]),
        "reports": _counter("reports", "Status reports by state.", [*CHANNEL, "state"]),
        "webhooks": _counter("webhooks", "Verified webhooks stored.", [*CHANNEL, "result"]),
    }
    totals: dict[tuple[str, UUID, str], int] = defaultdict(int)
    for tally in Tally.objects.order_by("source", "channel", "outcome"):
        for family, outcome in _counted_as(tally):
            totals[family, tally.channel_id, outcome] += tally.total
    for (family, channel, outcome), total in totals.items():
        if family in families and channel in places:
            families[family].add_metric([*places[channel], outcome], total)
    return families.values()


def _counted_as(tally: Tally) -> Iterable[tuple[str, str]]:
    """A send counts by its result and, when it failed, by the class of error too."""
    if tally.source != "sends":
        return [(tally.source, tally.outcome)]
    if tally.outcome == tallies.OK:
        return [("sends", tally.outcome)]
    return [("sends", tallies.FAILED), ("errors", _snake(tally.outcome))]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


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
