"""Turns stored requests into events, in batches: one transaction a batch, one drainer a shard."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.utils import timezone

from gateway import statuses, suppression
from gateway.contract import Adapter
from gateway.events import (
    Event,
    InboundMessage,
    Keyword,
    OptOut,
    Received,
    StatusUpdate,
    UnknownEvent,
)
from gateway.inbound import as_request
from gateway.models import Channel, InboundRequest, InboundState, Suppression
from gateway.receivers import hand_over
from gateway.registry import adapter_for
from gateway.sql import storable, update_from_values, with_values

logger = structlog.get_logger(__name__)

BATCH = 200
LOCK_CLASS = 0x6F6D  # "om": the advisory locks of inbound shards


@dataclass(slots=True)
class Parsed:
    """A stored request and what became of it."""

    row: InboundRequest
    adapter: Adapter | None
    events: Sequence[Event] = ()
    state: InboundState = InboundState.DONE
    error: str = ""


@dataclass(slots=True)
class Sorted:
    """The events of a batch by what is done with them, in the order received."""

    messages: list[Received] = field(default_factory=list)
    opt_outs: list[Received] = field(default_factory=list)
    reports: list[statuses.Report] = field(default_factory=list)


def drain_shard(shard: int, *, batches: int = 50) -> int:
    """Process up to ``batches`` batches of a shard; returns how many requests were processed.

    Leaves the shard to another drainer that is at it, so that a conversation stays in order and a
    busy shard does not collect every worker. Whoever drains looks once more afterwards.
    """
    done = 0
    for _ in range(batches):
        count = _drain_batch(shard)
        done += count
        if count < BATCH:
            break
    return done


def _drain_batch(shard: int) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK_CLASS, shard])
            if cursor.fetchone() == (False,):
                return 0
        rows = list(
            InboundRequest.objects.filter(shard=shard, state=InboundState.NEW)
            .order_by("id")
            .select_for_update(skip_locked=True)[:BATCH]
        )
        if not rows:
            return 0
        parsed = _parse(rows)
        keys = _apply_or_isolate(parsed)
        _finish(parsed)
    # In a transaction of its own, after the reports are visible to whoever settles their sends.
    statuses.apply(keys)
    return len(rows)


def _parse(rows: Sequence[InboundRequest]) -> list[Parsed]:
    channels = Channel.objects.in_bulk({row.channel_id for row in rows})
    built: dict[UUID, Adapter | Exception] = {}
    for pk, channel in channels.items():
        try:
            built[pk] = adapter_for(channel)
        except Exception as error:  # a broken channel must not hold up the others' requests
            built[pk] = error
    return [_parse_one(row, built[row.channel_id]) for row in rows]


def _parse_one(row: InboundRequest, adapter: Adapter | Exception) -> Parsed:
    try:
        if isinstance(adapter, Exception):
            raise adapter
        events = adapter.parse(as_request(row))
    except Exception as error:  # the row is kept, shown and can be replayed after the fix
        logger.exception("inbound request not understood", inbound=row.pk)
        return Parsed(row, None, (), InboundState.FAILED, in_words(error))
    unknown = [event.kind for event in events if isinstance(event, UnknownEvent)]
    state = InboundState.UNKNOWN if unknown else InboundState.DONE
    return Parsed(row, adapter, events, state, ", ".join(unknown))


def _apply_or_isolate(parsed: list[Parsed], *, again: bool = True) -> list[statuses.Key]:
    """Apply a batch; when it fails, each request alone, so that only the poisonous one fails.

    One whose contact was merged or removed at that very moment is tried once more: what took its
    place can be seen by now.
    """
    try:
        with transaction.atomic():
            return _apply(parsed)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        again = again and isinstance(error, IntegrityError)
        if len(parsed) == 1 and not again:
            # A database error quotes the row it refused, with the message in it: no traceback.
            quotes = isinstance(error, DatabaseError)
            why = in_words(error)
            logger.error(
                "inbound request failed", inbound=parsed[0].row.pk, why=why, exc_info=not quotes
            )
            parsed[0].state = InboundState.FAILED
            parsed[0].error = why
            return []
    if len(parsed) == 1:
        return _apply_or_isolate(parsed, again=False)
    return [key for one in parsed for key in _apply_or_isolate([one])]


def in_words(error: Exception) -> str:
    """What went wrong, without the values a database error quotes."""
    text = str(error)
    if isinstance(error, DatabaseError):
        text = text.partition("\n")[0]
    return f"{type(error).__name__}: {text}"


def _apply(parsed: Sequence[Parsed]) -> list[statuses.Key]:
    batch = _sort(parsed)
    keys = statuses.record(batch.reports)
    hand_over("messages", batch.messages)
    keywords = _without_repeats(batch.opt_outs)
    _follow_keywords(keywords)
    hand_over("opt_outs", keywords)
    return keys


def _sort(parsed: Sequence[Parsed]) -> Sorted:
    batch = Sorted()
    for one in parsed:
        if one.adapter is None:
            continue
        for event in one.events:
            if isinstance(event, StatusUpdate):
                batch.reports.append(statuses.Report(one.row, event))
            elif isinstance(event, InboundMessage):
                batch.messages.append(_received(one.row, one.adapter, event))
            elif isinstance(event, OptOut):
                batch.opt_outs.append(_received(one.row, one.adapter, event))
    return batch


def _received(row: InboundRequest, adapter: Adapter, event: InboundMessage | OptOut) -> Received:
    return Received(
        workspace_id=row.workspace_id,
        channel_id=row.channel_id,
        address_kind=adapter.address_kind,
        medium=adapter.medium,
        received_at=row.received_at,
        request_id=row.request_id,
        event=event,
    )


def _without_repeats(opt_outs: Sequence[Received]) -> list[Received]:
    """Keywords that have not taken effect yet; noted as used in this transaction."""
    by_id = {
        (str(received.channel_id), received.event.external_id): received for received in opt_outs
    }
    fresh = with_values(
        "INSERT INTO gateway_keyworduse (workspace_id, channel_id, external_id, created_at) "
        "SELECT v.workspace::bigint, v.channel::uuid, v.external_id, now() "
        "FROM (VALUES {values}) AS v (workspace, channel, external_id) "
        "ON CONFLICT (channel_id, external_id) DO NOTHING "
        "RETURNING channel_id::text, external_id",
        [(item.workspace_id, channel, external) for (channel, external), item in by_id.items()],
        fetch=True,
    )
    used = set(fresh)
    return [received for key, received in by_id.items() if key in used]


def _follow_keywords(opt_outs: Sequence[Received]) -> None:
    """STOP and START take effect on the suppression list in the order they came."""
    for received in opt_outs:
        event = received.event
        if not isinstance(event, OptOut):
            continue
        where: dict[str, Any] = {
            "workspace_id": received.workspace_id,
            "medium": received.medium,
            "address": event.sender,
        }
        if event.keyword == Keyword.STOP:
            suppression.suppress(
                **where,
                reason=Suppression.Reason.OPTED_OUT,
                source="keyword",
                evidence=event.words,
            )
        elif event.keyword == Keyword.START:
            suppression.lift(**where)


def _finish(parsed: Sequence[Parsed]) -> None:
    now = timezone.now()
    update_from_values(
        InboundRequest,
        {"id": "bigint", "state": "text", "error": "text", "processed_at": "timestamptz"},
        [(one.row.pk, one.state.value, storable(one.error[:2000]), now) for one in parsed],
    )
    # A customer has written; status reports arrive also where no message ever did.
    written = {
        one.row.channel_id
        for one in parsed
        if any(isinstance(event, InboundMessage) for event in one.events)
    }
    Channel.objects.filter(pk__in=written).update(last_inbound_at=now)
