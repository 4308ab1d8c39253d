"""The other channel takes over: what the first one had to show is adapted to it and queued."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError
from django.db.models import Q

from gateway.content.adapting import adapt
from gateway.content.model import Content, Option
from gateway.content.options import offered
from gateway.content.reading import read_stored, write
from gateway.content.wording import worded
from gateway.contract import Adapter
from gateway.events import Replacement
from gateway.fallback.model import FURTHER_PARTS, Fallback, Stage, Verdict
from gateway.fallback.saving import save
from gateway.media.renewing import with_fresh_links
from gateway.models import Channel, Delivery
from gateway.outbox.telling import tell
from gateway.outbox.waking import wake_outbox
from gateway.quiet.places import put
from gateway.receivers import hand_over
from gateway.registry import adapter_for
from gateway.states import State
from gateway.windows.giving_back import give_back_of

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Taking:
    """A delivery, locked, that its fallback takes over from, and why."""

    delivery: Delivery
    fallback: Fallback
    verdict: Verdict
    adapter: Adapter | None = None
    parts: Sequence[Content] = ()
    options: Sequence[Option] = ()


def take_over(taking: Sequence[Taking], now: datetime) -> list[Delivery]:
    """Queue the replacements in the caller's transaction; returns what was replaced.

    A fixed number of statements a channel. Where the other channel cannot be used, nothing is
    queued and the fallback says so.
    """
    if not taking:
        return []
    able, broken = _adapted(taking)
    rows = [row for one in able for row in _rows(one, now)]
    put(rows, now)
    Delivery.objects.bulk_create(rows)
    Delivery.objects.filter(pk__in=[one.delivery.pk for one in able]).update(
        state=State.REPLACED, lease_until=None, ask_at=None
    )
    for one in able:
        one.delivery.state = State.REPLACED
        _decide(one, one.verdict, now)
    for one in broken:
        _decide(one, Verdict.BROKEN, now)
    save([one.fallback for one in taking])
    _let_answers_in({one.fallback.channel_id for one in able})
    hand_over("replacements", [_replacement(one) for one in able])
    tell(rows)
    wake_outbox()
    return [one.delivery for one in able]


def _decide(one: Taking, verdict: Verdict, now: datetime) -> None:
    fallback = one.fallback
    fallback.stage, fallback.verdict, fallback.due_at = Stage.DONE, verdict, None
    fallback.decided_at, fallback.options = now, offered(one.options)


def _adapted(taking: Sequence[Taking]) -> tuple[list[Taking], list[Taking]]:
    """What each channel shows of each content; those whose channel cannot be used apart."""
    channels = Channel.objects.in_bulk({one.fallback.channel_id for one in taking})
    adapters = {pk: _adapter(channel) for pk, channel in channels.items()}
    numbers = _numbers(taking)
    able, broken = [], []
    for one in sorted(taking, key=lambda one: one.delivery.part):
        adapter = adapters[one.fallback.channel_id]
        content = _content(one.delivery)
        if adapter is None or content is None:
            broken.append(one)
            continue
        uid = one.delivery.message_uid
        adapted = adapt(content, adapter.shows(one.delivery.address), numbers[uid] + 1)
        one.adapter, one.options = adapter, adapted.options
        one.parts = [worded(adapter, part) for part in adapted.parts]
        one.fallback.channel = channels[one.fallback.channel_id]
        numbers[uid] += len(adapted.options)
        able.append(one)
    return able, broken


def _content(delivery: Delivery) -> Content | None:
    try:
        return read_stored(with_fresh_links(delivery.content))
    except ValidationError:  # others' messages are not held up
        logger.exception("content cannot be read", delivery=delivery.pk)
        return None


def _adapter(channel: Channel) -> Adapter | None:
    try:
        return adapter_for(channel)
    except Exception:  # its config cannot be read any more: others' messages are not held up
        logger.exception("the fallback's channel cannot be used", channel=str(channel.pk))
        return None


def _numbers(taking: Sequence[Taking]) -> dict[UUID, int]:
    """How many options the replacements of other parts of these messages offer already."""
    counted: dict[UUID, int] = defaultdict(int)
    parted = [one.delivery.message_uid for one in taking if _may_offer(one.delivery.content)]
    if parted:
        earlier = Fallback.objects.filter(delivery__message_uid__in=parted)
        for uid, options in earlier.values_list("delivery__message_uid", "options"):
            counted[uid] += len(options)
    return counted


def _may_offer(content: dict[str, Any]) -> bool:
    return content.keys() != {"text"}


def _rows(one: Taking, now: datetime) -> list[Delivery]:
    first, channel, adapter = one.delivery, one.fallback.channel, one.adapter
    if adapter is None:
        return []
    return [
        Delivery(
            workspace_id=first.workspace_id,
            channel=channel,
            message_uid=first.message_uid,
            batch_id=first.batch_id,
            replaces=first,
            medium=adapter.medium,
            address=first.address,
            content=write(content),
            part=first.part if not place else FURTHER_PARTS * (first.part + 1) + place,
            cost=adapter.segments(content.text),
            priority=first.priority,
            marketing=first.marketing,
            zone=first.zone,
            due_at=now,
            expires_at=first.expires_at,
            created_at=now,
        )
        for place, content in enumerate(one.parts)
    ]


def _replacement(one: Taking) -> Replacement:
    return Replacement(
        workspace_id=one.delivery.workspace_id,
        message_uid=one.delivery.message_uid,
        channel_id=one.fallback.channel_id,
        options=tuple(one.fallback.options),
    )


def _let_answers_in(channel_ids: Collection[UUID]) -> None:
    """From now on, who answers on such a channel may mean a conversation on another."""
    Channel.objects.filter(pk__in=channel_ids, takes_over=False).update(takes_over=True)


def recall(delivery_ids: Sequence[int]) -> None:
    """These have arrived after all: what replaces them and has not begun to leave need not."""
    if not delivery_ids:
        return
    mine = Q(replaces__in=delivery_ids, state=State.QUEUED)
    rows = list(Delivery.objects.filter(mine).order_by("id").select_for_update(skip_locked=True))
    if rows:
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.REPLACED)
        for row in rows:
            row.state = State.REPLACED
        give_back_of([row.pk for row in rows if row.attempted_at is not None])
        tell(rows)
