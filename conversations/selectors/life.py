"""All that is known of what became of a message: deliveries, exchanges, reports."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from conversations.models import Message
from gateway.models import ChannelLog, Delivery, DeliveryStatus
from gateway.quiet.places import Rule
from gateway.quiet.words import rule_of

# A delivery that was asked about again and again is cut here, the newest kept.
MOST_EXCHANGES = 200


@dataclass(frozen=True, slots=True)
class Life:
    """A message's rows, each list the oldest first; ``exchanges`` and ``reports`` by delivery.

    ``rule`` is the workspace's quiet hours, where a delivery waits for their end.
    """

    deliveries: Sequence[Delivery]
    exchanges: Mapping[int, Sequence[ChannelLog]]
    reports: Mapping[int, Sequence[DeliveryStatus]]
    rule: Rule | None = None


def life_of(message: Message) -> Life:
    """Three statements, however long the life; one more where it waits for its morning."""
    rows = Delivery.objects.filter(workspace=message.workspace_id, message_uid=message.uid)
    deliveries = list(rows.select_related("channel", "batch").order_by("id"))
    return Life(
        deliveries,
        exchanges_of(deliveries),
        reports_of(deliveries),
        rule_of(message.workspace_id, deliveries),
    )


def exchanges_of(deliveries: Sequence[Delivery]) -> dict[int, list[ChannelLog]]:
    """What was said to the provider and back, by delivery id, oldest first; one statement."""
    found: dict[int, list[ChannelLog]] = defaultdict(list)
    if deliveries:
        ids = [row.pk for row in deliveries]
        rows = ChannelLog.objects.filter(delivery_id__in=ids).defer("request", "response")
        for entry in reversed(rows.order_by("-pk")[:MOST_EXCHANGES]):
            found[entry.delivery_id or 0].append(entry)
    return found


def reports_of(deliveries: Sequence[Delivery]) -> dict[int, list[DeliveryStatus]]:
    """What the provider reported by delivery id, oldest first; one statement."""
    found: dict[int, list[DeliveryStatus]] = defaultdict(list)
    if not deliveries:
        return found
    by_uid = {row.uid: row.pk for row in deliveries}
    by_external = {(row.channel_id, row.external_id): row.pk for row in deliveries}
    named = Q(delivery_uid__in=list(by_uid)) | Q(
        external_id__in=[row.external_id for row in deliveries if row.external_id]
    )
    rows = DeliveryStatus.objects.filter(named, channel__in={row.channel_id for row in deliveries})
    for status in rows.order_by("received_at", "id"):
        pk = by_external.get((status.channel_id, status.external_id))
        pk = pk or (by_uid.get(status.delivery_uid) if status.delivery_uid else None)
        if pk is not None:
            found[pk].append(status)
    return found
