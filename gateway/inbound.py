"""The raw inbound log: verified requests, stored before they are understood, and their replay."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from gateway.contract import WebhookRequest
from gateway.intake import Arrival
from gateway.known import KnownChannel
from gateway.models import InboundRequest, InboundState
from gateway.sql import with_values
from gateway.wake import wake

DRAIN = "gateway.tasks.drain_inbound"
# Headers a parser may need; the rest (cookies, signatures, proxies' words) is not kept.
KEPT_HEADERS = (
    "content-type",
    "i-twilio-idempotency-token",
    "x-envelope-from",
    "x-envelope-to",
)

REFUSED = """
INSERT INTO gateway_signaturerefusal (workspace_id, channel_id, day, count)
SELECT c.workspace_id, c.id, v.day::date, v.count
FROM (VALUES {values}) AS v (channel, day, count) JOIN gateway_channel c ON c.id = v.channel::uuid
ORDER BY c.id
ON CONFLICT (channel_id, day)
DO UPDATE SET count = gateway_signaturerefusal.count + excluded.count
"""


class StoredRequest(NamedTuple):
    """A row of the inbound log as the drain needs it; ``version`` is its channel's.

    ``body`` is None where it is larger than usual, and read by itself.
    """

    pk: int
    workspace_id: int
    channel_id: UUID
    method: str
    url: str
    headers: str
    body: memoryview | None
    request_id: str
    received_at: datetime
    version: datetime

    def as_request(self) -> WebhookRequest:
        """The stored request as the adapter saw it."""
        if self.body is None:
            raise ValueError("The body has not been read yet.")
        return WebhookRequest(
            method=self.method,
            url=self.url,
            headers=orjson.loads(self.headers),
            body=bytes(self.body),
            received_at=self.received_at,
        )


def shard_of(channel_id: UUID, key: str) -> int:
    """The shard that keeps requests of one sender on one channel in order."""
    return zlib.crc32(f"{channel_id}:{key}".encode()) % settings.GATEWAY_SHARDS


def as_arrival(
    channel: KnownChannel, request: WebhookRequest, shard_key: str, request_id: str
) -> Arrival:
    """A verified request as it will be kept."""
    return Arrival(
        channel_id=channel.pk,
        version=channel.version,
        shard=shard_of(channel.pk, shard_key),
        method=request.method,
        url=channel.adapter.kept_url(request),
        headers={name: request.headers[name] for name in KEPT_HEADERS if name in request.headers},
        body=request.body,
        request_id=request_id,
        received_at=request.received_at,
    )


def wake_drain() -> None:
    """Let a worker drain what is new once this transaction has committed."""
    wake(DRAIN)


@transaction.atomic
def replay(*, requests: QuerySet[InboundRequest]) -> int:
    """Take failed and unknown requests of this queryset in again; returns how many.

    Those that were erased have nothing more to tell.
    What was already understood of them is recognised by its external id and not doubled.
    """
    troubled = requests.filter(
        state__in=[InboundState.FAILED, InboundState.UNKNOWN], erased_at=None
    )
    count = troubled.update(state=InboundState.NEW, error="", processed_at=None)
    wake_drain()
    return count


def count_refusals(counts: Mapping[UUID, int]) -> None:
    """Add to the refused signatures of today (UTC), by channel; nothing of the requests is kept."""
    today = timezone.now().date()
    with_values(REFUSED, [(str(channel_id), today, count) for channel_id, count in counts.items()])
