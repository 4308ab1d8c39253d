"""Takes customers' messages into conversations, in batches: a fixed number of statements each.

Runs inside the drain's transaction. Repeats are recognised by (channel, external id); one open
conversation per contact and channel is kept by the database's constraint.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import IntegrityError, connection

from contacts.resolve import Resolved, resolve_addresses
from conversations import realtime
from conversations.attachments import expect_files
from conversations.campaign_messages import attach_to_conversations
from conversations.home import Asked, homes
from conversations.hooks import Inbound, notify
from conversations.models import Direction
from gateway.content.adapting import map_link
from gateway.content.options import chosen, may_choose
from gateway.events import InboundMessage, Received
from gateway.sql import storable, with_values

PREVIEW = 160

KNOWN_MESSAGES = """
SELECT v.channel, v.external_id FROM (VALUES {values}) AS v (channel, external_id)
JOIN conversations_message m
    ON m.channel_id = v.channel::uuid AND m.external_id = v.external_id
"""

INSERT_MESSAGES = """
INSERT INTO conversations_message
    (workspace_id, conversation_id, channel_id, uid, direction, kind, text, attachments, data,
     external_id, created_at)
SELECT v.workspace::bigint, v.conversation::bigint, v.channel::uuid, uuidv7(), 'inbound', 'text',
       v.text, v.attachments::jsonb, v.data::jsonb, v.external_id, v.created_at::timestamptz
FROM (VALUES {values}) AS v
    (place, workspace, conversation, channel, text, attachments, data, external_id, created_at)
ORDER BY v.place
ON CONFLICT (channel_id, external_id) DO NOTHING
RETURNING id, conversation_id
"""

# With its messages already counted in: they follow in the same transaction.
OPEN_CONVERSATIONS = """
INSERT INTO conversations_conversation
    (workspace_id, contact_id, channel_id, address_id, status, priority, version, preview,
     preview_direction, queued_at, waiting_since, last_message_at, last_inbound_at, created_at,
     answers_on_id)
SELECT v.workspace::bigint, v.contact::bigint, v.channel::uuid, v.address::bigint, 'open', 0,
       v.count::int, v.preview, 'inbound', v.began::timestamptz, v.began::timestamptz,
       v.ended::timestamptz, v.ended::timestamptz, v.began::timestamptz,
       nullif(v.wrote_on::uuid, v.channel::uuid)
FROM (VALUES {values}) AS v
    (workspace, contact, channel, address, count, preview, began, ended, wrote_on)
ON CONFLICT (contact_id, channel_id) WHERE NOT (status = 'resolved') DO NOTHING
RETURNING contact_id, channel_id::text, id
"""

# The newest conversation of a contact on a channel is the one that goes on.
FIND_CONVERSATIONS = """
SELECT DISTINCT ON (c.contact_id, c.channel_id) c.contact_id, c.channel_id::text, c.id
FROM conversations_conversation c
JOIN (VALUES {values}) AS v (contact, channel)
    ON c.contact_id = v.contact::bigint AND c.channel_id = v.channel::uuid
ORDER BY c.contact_id, c.channel_id, (c.status <> 'resolved') DESC, c.id DESC
"""

# What the last thing that reached the customer offered by number, if anything.
OFFERED = """
SELECT c.id, last.uid::text, last.data->'options'
FROM unnest(%s::bigint[]) AS c (id) CROSS JOIN LATERAL (
    SELECT m.uid, m.data FROM conversations_message m
    WHERE m.conversation_id = c.id AND m.direction = 'outbound' AND m.kind IN ('text', 'campaign')
    ORDER BY m.created_at DESC, m.id DESC LIMIT 1) AS last
WHERE last.data ? 'options'
"""

# Whatever an agent made of it: the customer writes, so it is open. Rows are locked in the order of
# their ids, so that two workers never wait for each other in a circle.
TOUCH_CONVERSATIONS = """
WITH v (id, count, at, preview, channel) AS (VALUES {values}),
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
    answers_on_id = nullif(v.channel::uuid, c.channel_id),
    preview = v.preview, preview_direction = 'inbound'
FROM v, locked, conversations_conversation AS old
WHERE c.id = v.id::bigint AND locked.id = c.id AND old.id = c.id
RETURNING c.id, c.contact_id, c.channel_id::text, c.assignee_id, c.version, old.status <> 'open'
"""


Key = tuple[int, str]  # contact and channel: what a conversation is of


@dataclass(slots=True)
class Line:
    """A received message and who wrote it; ``tap`` is which of the options offered it chose.

    ``home`` is the channel of the conversation it belongs in, empty for the one it came on.
    """

    received: Received
    message: InboundMessage
    who: Resolved
    tap: dict[str, str | None] | None = None
    home: str = ""

    @property
    def key(self) -> Key:
        """Which conversation it belongs in."""
        return self.who.contact_id, self.home or str(self.received.channel_id)

    @property
    def preview(self) -> str:
        """What lists show of it."""
        return self.message.text[:PREVIEW] or ("📎" if self.message.attachments else "")


@dataclass(slots=True)
class Thread:
    """The new messages of one contact on one channel, in the order received."""

    lines: list[Line]
    conversation_id: int = 0
    opened: bool = False
    message_ids: list[int] = field(default_factory=list)

    @property
    def first(self) -> Received:
        """The message that began it."""
        return self.lines[0].received

    @property
    def last(self) -> Line:
        """The message that lists show."""
        return self.lines[-1]


def receive_messages(batch: Sequence[Received]) -> None:
    """Store a batch of inbound messages, in the order received; repeats change nothing.

    IntegrityError when a message came in twice at this very moment; it can be seen when the batch
    is tried again.
    """
    fresh = _without_repeats(batch)
    if not fresh:
        return
    lines = _resolve(fresh)
    _find_homes(lines)
    threads = _threads(lines)
    _find_or_open(threads)
    # Before the answers: what a campaign offered by number is what they may choose of.
    offering = attach_to_conversations([one.conversation_id for one in threads.values()])
    _note_taps(threads, offering)
    _insert(threads)
    expect_files(
        (pk, line.received, line.message)
        for thread in threads.values()
        for pk, line in zip(thread.message_ids, thread.lines, strict=True)
    )
    arrived = _events_of_opened(threads) + _touch(threads)
    realtime.publish_many(event for one in arrived for event in one.events)
    notify("inbound", conversations=[one.inbound for one in arrived])


def _without_repeats(batch: Sequence[Received]) -> list[tuple[Received, InboundMessage]]:
    messages: dict[tuple[Any, ...], tuple[Received, InboundMessage]] = {}
    for received in batch:
        if isinstance(received.event, InboundMessage):
            # The first of repeats keeps its place among the person's other messages.
            key = (str(received.channel_id), received.event.external_id)
            messages.setdefault(key, (received, received.event))
    for known in with_values(KNOWN_MESSAGES, list(messages), fetch=True):
        del messages[known]
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


def _find_homes(lines: Sequence[Line]) -> None:
    asked = {
        Asked(line.who.contact_id, str(line.received.channel_id), line.message.sender)
        for line in lines
    }
    found = homes(sorted(asked))
    for line in lines:
        line.home = found.get(line.key, "")


def _threads(lines: Sequence[Line]) -> dict[Key, Thread]:
    threads: dict[Key, Thread] = {}
    for line in lines:
        threads.setdefault(line.key, Thread([])).lines.append(line)
    return threads


def _find_or_open(threads: Mapping[Key, Thread]) -> None:
    """Give each thread its conversation."""
    _note(threads, _find(list(threads)))
    missing = {key: thread for key, thread in threads.items() if not thread.conversation_id}
    _note(threads, with_values(OPEN_CONVERSATIONS, _new(missing), fetch=True), opened=True)
    # Somebody else has opened one at this very moment.
    _note(threads, _find([key for key, thread in missing.items() if not thread.conversation_id]))


def _find(keys: Sequence[Key]) -> list[tuple[Any, ...]]:
    return with_values(FIND_CONVERSATIONS, keys, fetch=True)


def _note(
    threads: Mapping[Key, Thread], rows: Iterable[tuple[Any, ...]], *, opened: bool = False
) -> None:
    for contact_id, channel_id, pk in rows:
        thread = threads[contact_id, channel_id]
        thread.conversation_id, thread.opened = pk, opened


def _new(missing: Mapping[Key, Thread]) -> list[tuple[object, ...]]:
    return [
        (
            thread.first.workspace_id,
            contact_id,
            channel_id,
            thread.last.who.address_id,
            len(thread.lines),
            storable(thread.last.preview),
            thread.first.received_at,
            thread.last.received.received_at,
            str(thread.last.received.channel_id),
        )
        for (contact_id, channel_id), thread in missing.items()
    ]


def _insert(threads: Mapping[Key, Thread]) -> None:
    """Insert the messages; all of them, for the conversations have been told how many."""
    rows = [
        (place, thread.conversation_id, line)
        for thread in threads.values()
        for place, line in enumerate(thread.lines)
    ]
    inserted = with_values(INSERT_MESSAGES, [_message_row(*row) for row in rows], fetch=True)
    if len(inserted) != len(rows):
        raise IntegrityError("A message has come in at the same moment.")
    by_conversation = {thread.conversation_id: thread for thread in threads.values()}
    for pk, conversation_id in sorted(inserted):
        by_conversation[conversation_id].message_ids.append(pk)


def _note_taps(threads: Mapping[Key, Thread], offering: Collection[int]) -> None:
    """An answer by number or label to what was offered last counts as the tap.

    ``offering``: conversations in which that may be a campaign, also when they are new.
    """
    asked = {
        thread.conversation_id: thread
        for thread in threads.values()
        if (not thread.opened or thread.conversation_id in offering)
        and any(_may_choose(line.message) for line in thread.lines)
    }
    for thread in threads.values():
        for line in thread.lines:
            if line.message.payload is not None:
                line.tap = {
                    "text": line.message.text,
                    "payload": line.message.payload,
                    "message": None,
                }
    for conversation_id, uid, options in _options(list(asked)):
        for line in asked[conversation_id].lines:
            answer = chosen(line.message.text, options)
            if answer is not None and line.tap is None:
                line.tap = {"text": answer.text, "payload": answer.payload, "message": uid}


def _may_choose(message: InboundMessage) -> bool:
    return message.payload is None and may_choose(message.text)


def _options(conversation_ids: Sequence[int]) -> list[tuple[int, str, list[Any]]]:
    if not conversation_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(OFFERED, [list(conversation_ids)])
        return [(pk, uid, orjson.loads(options)) for pk, uid, options in cursor.fetchall()]


def _words(message: InboundMessage) -> str:
    """What was written, or where the customer is."""
    return message.text or (map_link(message.location) if message.location else "")


def _message_row(place: int, conversation_id: int, line: Line) -> tuple[object, ...]:
    received, message = line.received, line.message
    attachments = [
        {"url": a.url, "content_type": a.content_type, "name": a.name} for a in message.attachments
    ]
    return (
        place,
        received.workspace_id,
        conversation_id,
        str(received.channel_id),
        _words(message).replace("\x00", ""),
        orjson.dumps(attachments).decode(),
        orjson.dumps({"tap": line.tap} if line.tap else {}).decode().replace("\\u0000", ""),
        message.external_id,
        received.received_at,
    )


@dataclass(frozen=True, slots=True)
class Arrived:
    """A conversation in which somebody has written, and what its browsers are told."""

    inbound: Inbound
    events: list[tuple[int, realtime.Event]]


def _events_of_opened(threads: Mapping[Key, Thread]) -> list[Arrived]:
    return [
        _arrived(thread, contact_id, channel_id, len(thread.lines), None, reopened=False)
        for (contact_id, channel_id), thread in threads.items()
        if thread.opened
    ]


def _touch(threads: Mapping[Key, Thread]) -> list[Arrived]:
    """Bring the conversations that were there already up to date."""
    found = {thread.conversation_id: thread for thread in threads.values() if not thread.opened}
    rows = with_values(
        TOUCH_CONVERSATIONS,
        [
            (
                pk,
                len(thread.lines),
                thread.last.received.received_at,
                storable(thread.last.preview),
                str(thread.last.received.channel_id),
            )
            for pk, thread in sorted(found.items())
        ],
        fetch=True,
    )
    return [
        _arrived(found[pk], contact_id, channel_id, version, assignee_id, reopened=reopened)
        for pk, contact_id, channel_id, assignee_id, version, reopened in rows
    ]


def _arrived(
    thread: Thread,
    contact_id: int,
    channel_id: str,
    version: int,
    assignee_id: int | None,
    *,
    reopened: bool,
) -> Arrived:
    pk, workspace_id = thread.conversation_id, thread.first.workspace_id
    sender = thread.last.message.sender
    inbound = Inbound(pk, workspace_id, contact_id, channel_id, sender, assignee_id, reopened)
    before = version - len(thread.lines)
    events = [
        (
            workspace_id,
            realtime.message_created(
                pk,
                before + place,
                message_id,
                Direction.INBOUND,
                request_id=line.received.request_id,
            ),
        )
        for place, (message_id, line) in enumerate(
            zip(thread.message_ids, thread.lines, strict=True), 1
        )
    ]
    return Arrived(inbound, events)
