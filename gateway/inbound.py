"""The raw inbound log: verified requests, stored before they are understood, and their replay."""

import zlib

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from gateway.contract import WebhookRequest
from gateway.models import Channel, InboundRequest, InboundState, SignatureRefusal
from gateway.wake import wake

DRAIN = "gateway.tasks.drain_inbound"
# Headers a parser may need; the rest (cookies, signatures, proxies' words) is not kept.
KEPT_HEADERS = ("content-type", "i-twilio-idempotency-token")


def shard_of(channel: Channel, key: str) -> int:
    """The shard that keeps requests of one sender on one channel in order."""
    return zlib.crc32(f"{channel.pk}:{key}".encode()) % settings.GATEWAY_SHARDS


def store(channel: Channel, request: WebhookRequest, shard_key: str) -> InboundRequest:
    """Keep a verified request; durable when this returns. Wakes the shard's drain."""
    shard = shard_of(channel, shard_key)
    row = InboundRequest.objects.create(
        workspace_id=channel.workspace_id,
        channel=channel,
        shard=shard,
        method=request.method,
        url=request.url,
        headers={name: request.headers[name] for name in KEPT_HEADERS if name in request.headers},
        body=request.body,
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
        received_at=request.received_at,
    )
    wake_drain(shard)
    return row


def wake_drain(shard: int) -> None:
    """Let a worker drain a shard once this transaction has committed."""
    wake(DRAIN, str(shard), shard=shard)


def as_request(row: InboundRequest) -> WebhookRequest:
    """The stored request as the adapter saw it."""
    return WebhookRequest(
        method=row.method,
        url=row.url,
        headers=row.headers,
        body=bytes(row.body),
        received_at=row.received_at,
    )


@transaction.atomic
def replay(*, requests: QuerySet[InboundRequest]) -> int:
    """Take failed and unknown requests of this queryset in again; returns how many.

    What was already understood of them is recognised by its external id and not doubled.
    """
    troubled = requests.filter(state__in=[InboundState.FAILED, InboundState.UNKNOWN])
    shards = list(troubled.order_by().values_list("shard", flat=True).distinct())
    count = troubled.update(state=InboundState.NEW, error="", processed_at=None)
    for shard in shards:
        wake_drain(shard)
    return count


def count_refusal(channel: Channel) -> None:
    """Count a refused signature; nothing of the request is kept."""
    today = timezone.now().date()
    row, _created = SignatureRefusal.objects.get_or_create(
        workspace_id=channel.workspace_id, channel=channel, day=today
    )
    SignatureRefusal.objects.filter(pk=row.pk).update(count=F("count") + 1)
