"""Takes customers' messages into conversations, in batches: a fixed number of statements each.

Runs inside the drain's transaction. Repeats are recognised by (channel, external id); one open
conversation per contact and channel is kept by the database's constraint.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import orjson
from django.utils import timezone

from contacts.resolve import Resolved, resolve_addresses
from conversations import realtime
from conversations.campaign_messages import attach_to_conversations
from conversations.hooks import Inbound, notify
from conversations.models import Direction, Message
from gateway.events import InboundMessage, Received
from gateway.sql import with_values

PREVIEW = 160

# Two twins in one statement cannot both conflict-update the same row, so: first who is new.
INSERT_MESSAGES = """
INSERT INTO conversations_message
    (workspace_id, conversation_id, channel_id, uid, direction, kind, text, attachments, data,
     external_id, created_at)
SELECT v.workspace::bigint, v.conversation::bigint, v.channel::uuid, v.uid::uuid, 'inbound', 'text',
       v.text, v.attachments::jsonb, '{}'::jsonb, v.external_id, v.created_at::timestamptz
FROM (VALUES {values}) AS v
    (place, workspace, conversation, channel, uid, text, attachments, external_id, created_at)
ORDER BY v.place::int
ON CONFLICT (channel_id, external_id) DO NOTHING
RETURNING id, conversation_id, text, attachments = '[]'::jsonb
"""

OPEN_CONVERSATIONS = """
INSERT INTO conversations_conversation
    (workspace_id, contact_id, channel_id, address_id, status, priority, version, preview,
     preview_direction, queued_at, last_message_at, created_at)
SELECT v.workspace::bigint, v.contact::bigint, v.channel::uuid, v.address::bigint, 'open', 0, 0, '',
       '', v.at::timestamptz, v.at::timestamptz, v.at::timestamptz
FROM (VALUES {values}) AS v (workspace, contact, channel, address, at)
ON CONFLICT (contact_id, channel_id) WHERE NOT (status = 'resolved') DO NOTHING
"""

# The newest conversation of a contact on a channel is the one that goes on.
FIND_CONVERSATIONS = """
SELECT DISTINCT ON (c.contact_id, c.channel_id) c.contact_id, c.channel_id, c.id
FROM conversations_conversation c
JOIN (VALUES {values}) AS v (contact, channel)
    ON c.contact_id = v.contact::bigint AND c.channel_id = v.channel::uuid
ORDER BY c.contact_id, c.channel_id, (c.status <> 'resolved') DESC, c.id DESC
"""

# Whatever an agent made of it: the customer writes, so it is open.
# are locked in the order of their ids, so that two workers never wait for each other in a circle.
TOUCH_CONVERSATIONS = """
WITH v (id, count, at, preview) AS (VALUES {values}),
locked AS (
    SELECT id FROM conversations_conversation WHERE id IN (SELECT v.id::bigint FROM v)
    ORDER BY id FOR NO KEY UPDATE)
UPDATE conversations_conversation AS c SET
    version = c.version + v.count::int,
    status = 'open',
    resolved_at = NULL, snoozed_until = NULL,
    queued_at = CASE WHEN c.assignee_id IS NULL THEN coalesce(
        CASE WHEN c.status = 'open' THEN c.queued_at END, v.at::timestamptz) END,
    waiting_since = coalesce(c.waiting_since, v.at::timestamptz),
    last_message_at = greatest(c.last_message_at, v.at::timestamptz),
    last_inbound_at = greatest(c.last_inbound_at, v.at::timestamptz),
    preview = v.preview, preview_direction = 'inbound'
FROM v, locked, conversations_conversation AS old
WHERE c.id = v.id::bigint AND locked.id = c.id AND old.id = c.id
RETURNING c.id, c.workspace_id, c.contact_id, c.channel_id::text, c.assignee_id, c.version,
    old.status <> 'open'
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A received message with the person and conversation it belongs to."""

    received: Received
    message: InboundMessage
    who: Resolved


def receive_messages(batch: Sequence[Received]) -> None:
    """Store a batch of inbound messages, in the order received; repeats change nothing."""
    fresh = _without_repeats(batch)
    if not fresh:
        return
    lines = _resolve(fresh)
    conversations = _conversations(lines)
    inserted = _insert(lines, conversations)
    if not inserted:
        return
    touched = _touch(lines, conversations, inserted)
    attach_to_conversations([row.conversation_id for row in touched])
    notify("inbound", conversations=touched)


def _without_repeats(batch: Sequence[Received]) -> list[tuple[Received, InboundMessage]]:
    messages: dict[tuple[str, str], tuple[Received, InboundMessage]] = {}
    for received in batch:
        if isinstance(received.event, InboundMessage):
            # The first of repeats keeps its place among the person's other messages.
            key = (str(received.channel_id), received.event.external_id)
            messages.setdefault(key, (received, received.event))
    known = Message.objects.filter(
        channel_id__in={channel for channel, _external in messages},
        external_id__in=[external for _channel, external in messages],
    ).values_list("channel_id", "external_id")
    for channel_id, external_id in known:
        messages.pop((str(channel_id), str(external_id)), None)
    return list(messages.values())


def _resolve(fresh: Sequence[tuple[Received, InboundMessage]]) -> list[Line]:
    people: dict[tuple[int, str], dict[str, str]] = {}
    for received, message in fresh:
        names = people.setdefault((received.workspace_id, received.address_kind), {})
        names[message.sender] = names.get(message.sender) or message.sender_name
    resolved = {
        (workspace_id, kind): resolve_addresses(workspace_id=workspace_id, kind=kind, people=names)
        for (workspace_id, kind), names in people.items()
    }
    return [
        Line(
            received,
            message,
            resolved[received.workspace_id, received.address_kind][message.sender],
        )
        for received, message in fresh
    ]


def _conversations(lines: Sequence[Line]) -> dict[tuple[int, str], int]:
    """The conversation of each (contact, channel), opened where there is none."""
    wanted = {(line.who.contact_id, str(line.received.channel_id)): line for line in lines}
    found = _find(list(wanted))
    missing = [line for key, line in wanted.items() if key not in found]
    if missing:
        with_values(
            OPEN_CONVERSATIONS,
            [
                (
                    line.received.workspace_id,
                    line.who.contact_id,
                    str(line.received.channel_id),
                    line.who.address_id,
                    line.received.received_at,
                )
                for line in missing
            ],
        )
        found |= _find([key for key in wanted if key not in found])
    return found


def _find(keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], int]:
    rows = with_values(FIND_CONVERSATIONS, keys, fetch=True)
    return {(contact_id, str(channel_id)): pk for contact_id, channel_id, pk in rows}


@dataclass(slots=True)
class Inserted:
    """What was really new in one conversation."""

    message_ids: list[int]
    preview: str
    at: datetime


def _insert(
    lines: Sequence[Line], conversations: dict[tuple[int, str], int]
) -> dict[int, Inserted]:
    rows = with_values(
        INSERT_MESSAGES,
        [_message_row(place, line, conversations) for place, line in enumerate(lines)],
        fetch=True,
    )
    result: dict[int, Inserted] = {}
    now = timezone.now()
    for pk, conversation_id, text, bare in sorted(rows):
        entry = result.setdefault(conversation_id, Inserted([], "", now))
        entry.message_ids.append(pk)
        entry.preview = text[:PREVIEW] if text or bare else "📎"
    return result


def _message_row(
    place: int, line: Line, conversations: dict[tuple[int, str], int]
) -> tuple[object, ...]:
    received, message = line.received, line.message
    attachments = [
        {"url": a.url, "content_type": a.content_type, "name": a.name} for a in message.attachments
    ]
    return (
        place,
        received.workspace_id,
        conversations[line.who.contact_id, str(received.channel_id)],
        str(received.channel_id),
        str(uuid4()),
        message.text.replace("\x00", ""),
        orjson.dumps(attachments).decode(),
        message.external_id,
        received.received_at,
    )


def _touch(
    lines: Sequence[Line],
    conversations: dict[tuple[int, str], int],
    inserted: dict[int, Inserted],
) -> list[Inbound]:
    addresses: dict[int, str] = {}
    for line in lines:
        pk = conversations[line.who.contact_id, str(line.received.channel_id)]
        addresses[pk] = line.message.sender
        if pk in inserted:
            inserted[pk].at = line.received.received_at
    rows = with_values(
        TOUCH_CONVERSATIONS,
        [(pk, len(new.message_ids), new.at, new.preview) for pk, new in sorted(inserted.items())],
        fetch=True,
    )
    realtime.publish_many(_events(rows, inserted))
    return [
        Inbound(pk, workspace_id, contact_id, channel_id, addresses[pk], assignee_id, reopened)
        for pk, workspace_id, contact_id, channel_id, assignee_id, _version, reopened in rows
    ]


def _events(
    rows: Iterable[tuple[int, int, int, str, int | None, int, bool]],
    inserted: dict[int, Inserted],
) -> Iterable[tuple[int, realtime.Event]]:
    for pk, workspace_id, _contact, _channel, _assignee, version, _reopened in rows:
        ids = inserted[pk].message_ids
        for place, message_id in enumerate(ids):
            behind = len(ids) - 1 - place
            yield (
                workspace_id,
                realtime.message_created(pk, version - behind, message_id, Direction.INBOUND),
            )
