"""Takes customers' messages into conversations, in batches: a fixed number of statements each.

Runs inside the drain's transaction. Repeats are recognised by (channel, external id); one open
conversation per contact and channel is kept by the database's constraint.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import IntegrityError

from contacts.handles import note_handles
from contacts.identities import Proof, prove_identities
from contacts.resolve import resolve_addresses
from conversations import realtime
from conversations.attachments import expect_files
from conversations.campaign_messages import attach_to_conversations
from conversations.home import Asked, homes
from conversations.hooks import Inbound, notify
from conversations.inbound_data import data_of, words_of
from conversations.ingest_sql import (
    FIND_CONVERSATIONS,
    INSERT_MESSAGES,
    KNOWN_MESSAGES,
    OFFERED,
    OPEN_CONVERSATIONS,
    TOUCH_CONVERSATIONS,
)
from conversations.lines import Key, Line, Thread
from conversations.mails import keep_mails
from conversations.models import Direction
from conversations.placing import Wanted, find_places
from gateway.content.options import chosen, may_choose, with_tappable
from gateway.events import InboundMessage, Received
from gateway.sql import storable, with_values

# A conversation, the channel written on, and the message of ours that is quoted.
Chosen = tuple[int, str, str]


def receive_messages(batch: Sequence[Received]) -> None:
    """Store a batch of inbound messages, in the order received; repeats change nothing.

    IntegrityError when a message came in twice at this very moment; it can be seen when the batch
    is tried again.
    """
    fresh = _without_repeats(batch)
    if not fresh:
        return
    lines = _resolve(fresh)
    if _prove_identities(lines):
        lines = _resolve(fresh)
    # In the order received: what is said last stays.
    handles = [(line.who.address_id, line.message.sender_handle) for line in lines]
    note_handles({pk: handle for pk, handle in handles if handle})
    _find_homes(lines)
    _find_places(lines)
    threads = _threads(lines)
    _find_or_open(threads)
    # Before the answers: what a campaign offered by number is what they may choose of.
    offering = attach_to_conversations([one.conversation_id for one in threads.values()])
    _note_taps(threads, offering)
    _insert(threads)
    inserted = [
        (pk, line.received, line.message)
        for thread in threads.values()
        for pk, line in zip(thread.message_ids, thread.lines, strict=True)
    ]
    keep_mails(inserted)
    expect_files(inserted)
    arrived = _events_of_opened(threads) + _touch(threads)
    realtime.publish_many(event for one in arrived for event in one.events)
    notify("inbound", conversations=[one.inbound for one in arrived if one.wakes])


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


def _prove_identities(lines: Sequence[Line]) -> bool:
    """Whether contacts became one, as a provider says that they are the same person."""
    return prove_identities(
        [
            Proof(line.received.workspace_id, line.who.contact_id, identity.kind, identity.value)
            for line in lines
            for identity in line.message.also
        ]
    )


def _find_homes(lines: Sequence[Line]) -> None:
    asked = {
        Asked(line.who.contact_id, str(line.received.channel_id), line.message.sender)
        for line in lines
        if not line.thread
    }
    found = homes(sorted(asked)) if asked else {}
    for line in lines:
        if not line.thread:
            line.home = found.get(line.key[:2], "")


def _find_places(lines: Sequence[Line]) -> None:
    asking = [
        line
        for line in lines
        if line.message.refers_to or (line.message.mail and line.message.mail.token)
    ]
    wanted = [
        Wanted(
            str(line.received.channel_id),
            line.who.contact_id,
            line.message.sender,
            line.message.mail.token if line.message.mail else "",
            line.message.refers_to,
        )
        for line in asking
    ]
    for n, place in find_places(wanted).items():
        asking[n].place = place


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
    for *key, pk in rows:
        thread = threads[tuple(key)]
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
            name,
            thread.last.message.public,
            thread.wakes,
        )
        for (contact_id, channel_id, name), thread in missing.items()
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
    """An answer by number or label to what was offered counts as the tap.

    ``offering``: conversations in which that may be a campaign, also when they are new.
    """
    asked: dict[Chosen, list[Line]] = {}
    for thread in threads.values():
        is_new = thread.opened and thread.conversation_id not in offering
        for line in thread.lines:
            message = line.message
            if message.payload is not None:
                line.tap = {"text": message.text, "payload": message.payload, "message": None}
            elif not is_new and may_choose(message.text):
                quoted = storable(message.reply_to)
                key = (thread.conversation_id, str(line.received.channel_id), quoted)
                asked.setdefault(key, []).append(line)
    for key, uid, options in _options(list(asked)):
        for line in asked[key]:
            answer = chosen(line.message.text, options)
            if answer is not None:
                line.tap = {"text": answer.text, "payload": answer.payload, "message": uid}


def _options(asked: Sequence[Chosen]) -> list[tuple[Chosen, str, list[dict[str, Any]]]]:
    """What was offered where somebody may have chosen: the message's uid, and the options."""
    rows = with_values(OFFERED, [(place, *key) for place, key in enumerate(asked)], fetch=True)
    return [
        (
            asked[int(place)],
            uid,
            with_tappable(orjson.loads(options or "[]"), orjson.loads(content or "{}")),
        )
        for place, uid, options, content in rows
    ]


def _message_row(place: int, conversation_id: int, line: Line) -> tuple[object, ...]:
    received, message = line.received, line.message
    attachments = [
        {"url": a.url, "content_type": a.content_type, "name": a.name}
        | ({"content_id": a.content_id} if a.content_id else {})
        for a in message.attachments
    ]
    return (
        place,
        received.workspace_id,
        conversation_id,
        str(received.channel_id),
        storable(words_of(message)),
        orjson.dumps(attachments).decode(),
        orjson.dumps(data_of(message, line.tap)).decode().replace("\\u0000", ""),
        message.external_id,
        received.received_at,
    )


@dataclass(frozen=True, slots=True)
class Arrived:
    """A conversation in which somebody has written, and what its browsers are told.

    Nobody is asked to work on one that only a machine has written in (``wakes``).
    """

    inbound: Inbound
    wakes: bool
    events: list[tuple[int, realtime.Event]]


def _events_of_opened(threads: Mapping[Key, Thread]) -> list[Arrived]:
    return [
        _arrived(thread, contact_id, channel_id, len(thread.lines), None, reopened=False)
        for (contact_id, channel_id, _name), thread in threads.items()
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
                thread.wakes,
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
                contact_id=contact_id,
                request_id=line.received.request_id,
            ),
        )
        for place, (message_id, line) in enumerate(
            zip(thread.message_ids, thread.lines, strict=True), 1
        )
    ]
    return Arrived(inbound, thread.wakes, events)
