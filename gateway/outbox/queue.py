"""Puts deliveries into the outbox and changes ones that have not left."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone

from gateway.answering import with_about
from gateway.content.model import Content
from gateway.content.reading import write
from gateway.content.wording import worded
from gateway.contract import Adapter
from gateway.events import NOTHING, About
from gateway.fallback.beforehand import replace_unreachable
from gateway.fallback.policy import Policy, arm
from gateway.models import Batch, BatchState, Channel, Delivery, Priority
from gateway.outbox.changes import announce
from gateway.outbox.waking import wake_outbox
from gateway.quiet.places import Rule, put
from gateway.registry import adapter_for
from gateway.states import State, may_follow
from gateway.windows.giving_back import give_back_of

# Arrays, because a thousand rows of VALUES take PostgreSQL longer to read than to insert.
QUEUE_BULK = """
INSERT INTO gateway_delivery
    (workspace_id, channel_id, batch_id, uid, message_uid, medium, address, content, cost, priority,
     marketing, state, due_at, created_at, attempts, asks, error_class, error_code, error_text,
     fallback_s, zone, held_until, quiet_at)
SELECT %(workspace)s, %(channel)s, %(batch)s, item.uid, item.uid, %(medium)s, item.address,
    jsonb_build_object('text', item.text), item.cost, %(priority)s,
    true, 'queued', coalesce(item.held_until, %(now)s), %(now)s, 0, 0, '', '', '', %(fallback_s)s,
    item.zone, item.held_until, item.quiet_at
FROM unnest(%(uids)s::uuid[], %(addresses)s::text[], %(texts)s::text[], %(costs)s::float[],
        %(zones)s::text[], %(held)s::timestamptz[], %(quiet)s::timestamptz[])
    AS item (uid, address, text, cost, zone, held_until, quiet_at)
ON CONFLICT (uid) DO NOTHING
"""
# Rich content is handed over as JSON; plain texts, which nearly all are, spare themselves that.
PLAIN, RICH = "jsonb_build_object('text', item.text)", "item.text::jsonb"
WITH_FALLBACK = """
WITH made AS ({queue} RETURNING id)
INSERT INTO gateway_fallback
    (workspace_id, delivery_id, channel_id, success, urgent, stage, verdict, asks, options, note)
SELECT %(workspace)s, id, %(fallback_channel)s, %(success)s, false, 'armed', '', 0, '[]', ''
FROM made
"""

# What somebody claims at this moment leaves; waiting for it row by row would end in a deadlock with
# whoever settles what has left. What comes back to the queue is cancelled by the sweep.
CANCEL = """
UPDATE gateway_delivery SET state = 'cancelled' WHERE id IN (
    SELECT id FROM gateway_delivery WHERE batch_id = %s AND state = 'queued'
    ORDER BY id FOR UPDATE SKIP LOCKED)
RETURNING CASE WHEN attempted_at IS NOT NULL THEN id END
"""


class NotAllowed(Exception):
    """The delivery is in a state from which this is not possible."""


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One bulk message. ``uid`` becomes the delivery's own and makes a repeat impossible.

    ``content`` is rich content that the channel shows in one message, as gateway.content.reading
    writes it; ``text`` are its words, by which it is counted. ``zone``: the person's own, where it
    is known.
    """

    uid: uuid.UUID
    address: str
    text: str
    content: Mapping[str, Any] | None = None
    zone: str = ""


@transaction.atomic
def queue_delivery(
    *,
    channel: Channel,
    address: str,
    text: str,
    message_uid: uuid.UUID,
    priority: int = Priority.REPLY,
    marketing: bool = False,
    expires_at: datetime | None = None,
) -> Delivery:
    """Queue a text in the caller's transaction; it may leave once that has committed."""
    terms = Terms(message_uid, priority, marketing, expires_at)
    parts = [Content(text)]
    return queue_parts(channel=channel, address=address, parts=parts, terms=terms)[0]


@dataclass(frozen=True, slots=True)
class Terms:
    """Which message it is, when it may leave, and until when it is worth to (None: always).

    ``fallback`` says what happens when it does not arrive (None: nothing), ``about`` what it
    answers.
    """

    message_uid: uuid.UUID
    priority: int = Priority.REPLY
    marketing: bool = False
    expires_at: datetime | None = None
    fallback: Policy | None = None
    about: About = NOTHING


@transaction.atomic
def queue_parts(
    *, channel: Channel, address: str, parts: Sequence[Content], terms: Terms
) -> list[Delivery]:
    """Queue what one message became on this channel (``gateway.content.adapting``), in order."""
    adapter = adapter_for(channel)
    parts = [worded(adapter, content) for content in parts]
    now = timezone.now()
    deliveries = [
        Delivery(
            workspace_id=channel.workspace_id,
            channel=channel,
            message_uid=terms.message_uid,
            medium=adapter.medium,
            address=address,
            content=with_about(write(content), _part_about(terms.about, adapter, place)),
            part=place,
            fallback_s=terms.fallback.fallback_s if terms.fallback else None,
            cost=adapter.segments(content.text),
            priority=terms.priority,
            marketing=terms.marketing,
            due_at=now,
            expires_at=terms.expires_at,
            created_at=now,
        )
        for place, content in enumerate(parts)
    ]
    put(deliveries, now)
    Delivery.objects.bulk_create(deliveries)
    if terms.fallback is not None:
        arm(deliveries, terms.fallback)
        replace_unreachable(channel, [row.uid for row in deliveries])
    wake_outbox()
    return deliveries


def _part_about(about: About, adapter: Adapter, place: int) -> About:
    """What a part answers: in a public thread the part before it."""
    follows = place > 0 and about.public and adapter.capabilities.threads
    return replace(about, follows=True) if follows else about


@transaction.atomic
def queue_bulk(
    *,
    channel: Channel,
    batch: Batch,
    items: Sequence[BulkItem],
    fallback: Policy | None = None,
    rule: Rule | None = None,
) -> int:
    """Queue a batch's messages in one statement; returns how many are new.

    An item whose uid is already in the outbox is left alone. ``rule``: the workspace's quiet hours.
    """
    adapter = adapter_for(channel)
    texts = [_worded(adapter, item) for item in items]
    rich = any(item.content is not None for item in items)
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            _bulk_statement(rich=rich, fallback=fallback is not None),
            {
                "fallback_s": fallback.fallback_s if fallback else None,
                "fallback_channel": str(fallback.channel.pk) if fallback else None,
                "success": fallback.success.value if fallback else None,
                "workspace": channel.workspace_id,
                "channel": str(channel.pk),
                "batch": batch.pk,
                "medium": adapter.medium,
                "priority": Priority.BULK.value,
                "now": now,
                **_places(items, rule, now),
                "uids": [str(item.uid) for item in items],
                "addresses": [item.address for item in items],
                "texts": list(map(_json, items, texts)) if rich else texts,
                "costs": [adapter.segments(text) for text in texts],
            },
        )
        queued = int(cursor.rowcount)
    if fallback is not None:
        replace_unreachable(channel, [item.uid for item in items])
    wake_outbox()
    return queued


def _places(items: Sequence[BulkItem], rule: Rule | None, now: datetime) -> dict[str, list[Any]]:
    """When each may leave; empty arrays, which stand for nothing but NULL, where it always may."""
    zones = [item.zone or None for item in items] if any(item.zone for item in items) else []
    if rule is None or rule.hours is None:
        return {"zones": zones, "held": [], "quiet": []}
    places = [rule.place(item.zone, item.address, now) for item in items]
    return {
        "zones": zones,
        "held": [place.held_until for place in places],
        "quiet": [place.quiet_at for place in places],
    }


def _bulk_statement(*, rich: bool, fallback: bool) -> str:
    queue = QUEUE_BULK.replace(PLAIN, RICH) if rich else QUEUE_BULK
    return WITH_FALLBACK.format(queue=queue) if fallback else queue


def _worded(adapter: Adapter, item: BulkItem) -> str:
    """As the channel words it (gateway.content.wording); words beside a file stay as they are."""
    return item.text if item.content and "media" in item.content else adapter.wording(item.text)


def _json(item: BulkItem, text: str) -> str:
    content = {**(item.content or {}), "text": text} if text else item.content
    return orjson.dumps(content).decode()


@transaction.atomic
def retry_delivery(*, delivery: Delivery) -> None:
    """Send a failed or unclear delivery again: the same row, the same uid. A person decided it.

    Raises NotAllowed when it is in another state by now.
    """
    row = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if row.state not in {State.FAILED, State.UNKNOWN}:
        raise NotAllowed(f"A delivery that is {row.state} cannot be sent again.")
    row.state, row.due_at, row.attempts, row.asks = State.QUEUED, timezone.now(), 0, 0
    row.error_class = row.error_code = row.error_text = ""
    row.failed_at = row.expires_at = row.external_id = None
    put([row], row.due_at)
    row.save()
    announce([row])
    wake_outbox()


@transaction.atomic
def cancel_delivery(*, delivery: Delivery) -> None:
    """Stop a delivery that has not left; NotAllowed when it has."""
    row = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if row.state != State.QUEUED or not may_follow(State.QUEUED, State.CANCELLED):
        raise NotAllowed(f"A delivery that is {row.state} cannot be cancelled.")
    row.state = State.CANCELLED
    row.save(update_fields=["state"])
    announce([row])


@transaction.atomic
def set_batch_state(*, batch: Batch, state: BatchState) -> None:
    """Pause, resume or cancel a batch; cancelling stops every row of it that has not left."""
    Batch.objects.filter(pk=batch.pk).update(state=state)
    batch.state = state
    if state == BatchState.CANCELLED:
        with connection.cursor() as cursor:
            cursor.execute(CANCEL, [batch.pk])
            give_back_of([pk for (pk,) in cursor.fetchall() if pk is not None])
    wake_outbox()


@transaction.atomic
def cancel_left_over(limit: int = 500) -> int:
    """Stop what came back to the queue after its batch was cancelled; for the sweep. How many.

    A send that was on its way at that moment may be throttled, refused or denied only later.
    """
    left = Delivery.objects.filter(state=State.QUEUED, batch__state=BatchState.CANCELLED)
    rows = list(left.order_by("id").select_for_update(skip_locked=True, of=("self",))[:limit])
    for row in rows:
        row.state = State.CANCELLED
    if rows:
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.CANCELLED)
        announce(rows)
    return len(rows)
