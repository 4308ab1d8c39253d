"""Turns stored requests into events, in batches: one transaction a batch, one drainer a shard."""

from collections.abc import Sequence
from datetime import datetime
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
from gateway.contract import BODY_LIMIT, Adapter
from gateway.events import (
    BadAddress,
    InboundMessage,
    Keyword,
    OptOut,
    Received,
    UnknownEvent,
)
from gateway.fallback.due import ask_now
from gateway.inbound import StoredRequest, wake_drain
from gateway.keywords import heard
from gateway.known import read_anew, remembered
from gateway.models import InboundRequest, InboundState, Suppression
from gateway.receivers import hand_over
from gateway.senders.choosing import remember_written_to
from gateway.sorting import RECEIVERS, Parsed, sort_events
from gateway.sql import storable, update_from_values, with_values
from gateway.watermarks import reports_up_to

logger = structlog.get_logger(__name__)

BATCH = 500
# A batch takes at most this many shards, so that others find some to work on beside it.
SHARDS_AT_ONCE = 8
MOST_LOGGED = 20
LOCK_CLASS = 0x6F6D  # "om": the advisory locks of inbound shards

# The shards that have something new, the one that has waited longest first, each found by one look
# at the index; those that nobody is at; and what is new in them, in the order received.
CLAIM = """
WITH RECURSIVE due AS (
    (SELECT shard, id FROM gateway_inboundrequest WHERE state = 'new' ORDER BY shard, id LIMIT 1)
    UNION ALL
    SELECT next.shard, next.id FROM due CROSS JOIN LATERAL (
        SELECT shard, id FROM gateway_inboundrequest
        WHERE state = 'new' AND shard > due.shard ORDER BY shard, id LIMIT 1) next),
mine AS MATERIALIZED (
    SELECT shard FROM (SELECT shard FROM due ORDER BY id OFFSET 0) longest_first
    WHERE pg_try_advisory_xact_lock(%s, shard) LIMIT %s)
SELECT r.id, r.workspace_id, r.channel_id::text, r.method, r.url, r.headers,
    CASE WHEN octet_length(r.body) <= %s THEN r.body END, r.request_id, r.received_at, c.updated_at
FROM gateway_inboundrequest r JOIN gateway_channel c ON c.id = r.channel_id
WHERE r.state = 'new' AND r.shard IN (SELECT shard FROM mine)
ORDER BY r.id LIMIT %s
FOR UPDATE OF r SKIP LOCKED
"""
DONE = """
UPDATE gateway_inboundrequest SET state = 'done', error = '', processed_at = %s WHERE id = ANY(%s)
"""
# Shown to people as "last message": seconds do not matter, and a busy channel's row is not held.
HEARD_FROM = """
UPDATE gateway_channel SET last_inbound_at = %s WHERE id = ANY(%s::uuid[])
AND (last_inbound_at IS NULL OR last_inbound_at < %s - interval '5 seconds')
"""


def drain(*, batches: int = 50) -> int:
    """Process up to ``batches`` batches of what is new; returns how many requests were processed.

    Shards that another drainer is at are left to it, so that a conversation stays in order and
    nobody waits. None is forgotten: a drainer goes on until it finds nothing, and what was there
    when somebody else was turned away, it finds.
    """
    done = 0
    for _ in range(batches):
        count = drain_batch()
        if not count:
            return done
        done += count
        if count == BATCH:
            wake_drain()  # there is enough for a colleague too
    wake_drain()
    return done


def drain_batch() -> int:
    """One batch in one transaction; 0 when nothing is new, or others are at all of it."""
    with transaction.atomic():
        rows = _claim()
        if not rows:
            return 0
        parsed = _parse(rows)
        keys = _apply_or_isolate(parsed)
        _finish(parsed)
    ids = [row.request_id for row in rows[:MOST_LOGGED]]
    logger.info("inbound drained", count=len(rows), request_ids=ids)
    # In a transaction of its own, after the reports are visible to whoever settles their sends.
    statuses.apply(keys)
    return len(rows)


def anything_new() -> bool:
    """Whether a request waits to be drained."""
    return InboundRequest.objects.filter(state=InboundState.NEW).exists()


def _claim() -> list[StoredRequest]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [LOCK_CLASS, SHARDS_AT_ONCE, BODY_LIMIT, BATCH])
        rows = cursor.fetchall()
    channels = {text: UUID(text) for _pk, _workspace, text, *_others in rows}
    return [
        StoredRequest(pk, workspace_id, channels[channel], *others)
        for pk, workspace_id, channel, *others in rows
    ]


def _parse(rows: Sequence[StoredRequest]) -> list[Parsed]:
    built: dict[tuple[UUID, datetime], Adapter | Exception] = {}
    for row in rows:
        key = (row.channel_id, row.version)
        if key not in built:
            built[key] = _adapter(*key)
    return [_parse_one(row, built[row.channel_id, row.version]) for row in rows]


def _adapter(channel_id: UUID, version: datetime) -> Adapter | Exception:
    try:
        known = remembered(channel_id)
        if known is not None and known.version == version:
            return known.adapter
        found = read_anew([channel_id])[channel_id]
        return found if isinstance(found, Exception) else found.adapter
    except Exception as error:  # a broken channel must not hold up the others' requests
        return error


def _parse_one(row: StoredRequest, adapter: Adapter | Exception) -> Parsed:
    try:
        if isinstance(adapter, Exception):
            raise adapter
        events, pool = adapter.parse(_whole(row).as_request()), adapter.senders()
        events = events if adapter.hears_keywords else heard(events)
    except Exception as error:  # the row is kept, shown and can be replayed after the fix
        logger.exception("inbound request not understood", inbound=row.pk)
        return Parsed(row, None, (), InboundState.FAILED, in_words(error))
    unknown = [event.kind for event in events if isinstance(event, UnknownEvent)]
    state = InboundState.UNKNOWN if unknown else InboundState.DONE
    return Parsed(row, adapter, events, state, ", ".join(unknown), pool)


def _whole(row: StoredRequest) -> StoredRequest:
    """The row with its body. One that only some kinds may post (a mail with its files) is read when
    its turn comes: a batch of them would not fit into memory.
    """
    if row.body is not None:
        return row
    body = InboundRequest.objects.values_list("body", flat=True).get(pk=row.pk)
    return row._replace(body=memoryview(bytes(body)))


def _apply_or_isolate(parsed: list[Parsed], *, again: bool = True) -> list[statuses.Key]:
    """Apply a batch; when it fails, each half, and so on until only the poisonous request fails.

    One whose contact was merged or removed at that very moment is tried once more: what took its
    place can be seen by now.
    """
    try:
        with transaction.atomic():
            return _apply(parsed)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(parsed) == 1 and not (again and isinstance(error, IntegrityError)):
            _fail(parsed[0], error)
            return []
    if len(parsed) == 1:
        return _apply_or_isolate(parsed, again=False)
    middle = len(parsed) // 2
    return _apply_or_isolate(parsed[:middle]) + _apply_or_isolate(parsed[middle:])


def _fail(one: Parsed, error: Exception) -> None:
    one.state, one.error = InboundState.FAILED, in_words(error)
    # Its words are for the admin's page; the log gets the place and the type alone.
    logger.error("inbound request failed", inbound=one.row.pk, exc_info=error)


def in_words(error: Exception) -> str:
    """What went wrong, without the values a database error quotes."""
    text = str(error)
    if isinstance(error, DatabaseError):
        text = text.partition("\n")[0]
    return f"{type(error).__name__}: {text}"


def _apply(parsed: Sequence[Parsed]) -> list[statuses.Key]:
    batch = sort_events(parsed)
    keys = statuses.record([*batch.reports, *reports_up_to(batch.watermarks)])
    hand_over("messages", batch.messages)
    for kind, name in RECEIVERS.items():
        if kind in batch.told:
            hand_over(name, batch.told[kind])
    _note_bad(batch.bad)
    remember_written_to(batch.to_pools)
    keywords = _without_repeats(batch.opt_outs)
    _follow_keywords(keywords)
    hand_over("opt_outs", keywords)
    hand_over("typing", list(batch.typing.values()))
    ask_now(batch.stuck)
    return keys


def _note_bad(found: Sequence[tuple[int, str, BadAddress]]) -> None:
    """Nothing more is sent to addresses that bounce; they are few."""
    for workspace_id, medium, event in found:
        suppression.suppress(
            workspace_id=workspace_id,
            medium=medium,
            address=event.address,
            reason=Suppression.Reason.BOUNCED,
            source="provider",
            evidence=event.evidence,
        )


def _without_repeats(opt_outs: Sequence[Received]) -> list[Received]:
    """Keywords that have not taken effect yet; noted as used in this transaction."""
    by_id = {
        (str(received.channel_id), received.event.external_id): received
        for received in opt_outs
        if isinstance(received.event, OptOut)
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
        for medium in suppression.said_of(received.medium):
            where: dict[str, Any] = {
                "workspace_id": received.workspace_id,
                "medium": medium,
                "address": event.sender,
            }
            if event.keyword == Keyword.STOP:
                suppression.suppress(
                    **where,
                    reason=Suppression.Reason.OPTED_OUT,
                    source=event.source,
                    evidence=event.words,
                )
            elif event.keyword == Keyword.START:
                suppression.lift(**where)


def _finish(parsed: Sequence[Parsed]) -> None:
    now = timezone.now()
    done = [one.row.pk for one in parsed if one.state == InboundState.DONE]
    # A customer has written; status reports arrive also where no message ever did.
    written = {
        str(one.row.channel_id)
        for one in parsed
        if any(isinstance(event, InboundMessage) for event in one.events)
    }
    with connection.cursor() as cursor:
        cursor.execute(DONE, [now, done])
        cursor.execute(HEARD_FROM, [now, sorted(written), now])
    update_from_values(
        InboundRequest,
        {"id": "bigint", "state": "text", "error": "text", "processed_at": "timestamptz"},
        [
            (one.row.pk, one.state.value, storable(one.error[:2000]), now)
            for one in parsed
            if one.state != InboundState.DONE
        ],
    )
