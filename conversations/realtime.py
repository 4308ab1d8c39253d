"""Publishes events to the browsers of a workspace: ids and versions, never content.

Events leave after commit. Losing one is harmless: each carries the conversation's version, and a
browser that sees a gap, or reconnects, refetches. The events of a batch are one message a
workspace, which the socket process hands to its sockets (conversations/socket_lines.py).
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis
import structlog
from channels.layers import get_channel_layer
from django.db import transaction

from conversations import background_loop

logger = structlog.get_logger(__name__)

# A Redis that takes connections and never answers must not hold up what has been committed.
SEND_SECONDS = 2.0
# Nor is it asked again at once: whoever publishes next would wait as long.
PAUSE_SECONDS = 2.0
# A line of the log names at most so many requests.
MOST_REQUEST_IDS = 10

Event = dict[str, Any]


@dataclass(slots=True)
class Batch:
    """What one workspace is told at once, in order, and the requests that led to it."""

    events: list[Event] = field(default_factory=list)
    # A dictionary for its order; the values mean nothing.
    request_ids: dict[str, None] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Append an event; its request id stays on our side."""
        request_id = event.get("request_id")
        if request_id and len(self.request_ids) < MOST_REQUEST_IDS:
            self.request_ids[request_id] = None
        self.events.append({key: value for key, value in event.items() if key != "request_id"})

    def message(self) -> dict[str, Any]:
        """As the channel layer carries it."""
        return {"type": "events", "events": self.events, "request_ids": list(self.request_ids)}


@dataclass(slots=True)
class _Pause:
    """Until when (monotonic) nothing is sent, because the last try took too long."""

    until: float = 0.0


_pause = _Pause()


def workspace_group(workspace_id: int) -> str:
    """The group that every socket process with a socket of the workspace joins."""
    return f"workspace.{workspace_id}"


def member_group(member_id: int) -> str:
    """The group of one member's sockets."""
    return f"member.{member_id}"


def publish(workspace_id: int, event: Event) -> None:
    """Send one event to the workspace once the surrounding transaction has committed."""
    publish_many([(workspace_id, event)])


def publish_many(events: Iterable[tuple[int, Event]]) -> None:
    """Send events once the surrounding transaction has committed, in order."""
    batches: dict[int, Batch] = {}
    for workspace_id, event in events:
        batches.setdefault(workspace_id, Batch()).add(event)
    if batches:
        transaction.on_commit(lambda: _send(batches))


def _send(batches: dict[int, Batch]) -> None:
    count = sum(len(batch.events) for batch in batches.values())
    if time.monotonic() < _pause.until:
        logger.warning("realtime events lost", count=count, reason="pause")
        return
    try:
        background_loop.run(_send_all(batches), seconds=SEND_SECONDS)
    except Exception as error:  # browsers catch up by themselves; what is committed stays so
        if isinstance(error, TimeoutError):
            _pause.until = time.monotonic() + PAUSE_SECONDS
        logger.warning("realtime events lost", count=count, reason=type(error).__name__)
        return
    request_ids = [one for batch in batches.values() for one in batch.request_ids]
    if request_ids:
        logger.info(
            "events published",
            count=count,
            workspaces=list(batches)[:MOST_REQUEST_IDS],
            request_ids=request_ids[:MOST_REQUEST_IDS],
        )


async def _send_all(batches: dict[int, Batch]) -> None:
    layer = get_channel_layer()
    for workspace_id, batch in batches.items():
        group, message = workspace_group(workspace_id), batch.message()
        try:
            await layer.group_send(group, message)
        except (redis.ConnectionError, OSError):
            # The kept connection may have died long ago, with an earlier Redis; now there is none,
            # and the layer makes another. Hearing something twice does a browser no harm.
            await layer.group_send(group, message)


def message_created(
    conversation_id: int,
    version: int,
    message_id: int,
    direction: str,
    *,
    contact_id: int,
    request_id: str = "",
) -> Event:
    """Somebody wrote (or noted) something; ``request_id`` is for the logs and goes no further."""
    event = {
        "kind": "message.created",
        "conversation": conversation_id,
        "contact": contact_id,
        "version": version,
        "message": message_id,
        "direction": direction,
    }
    return event | {"request_id": request_id} if request_id else event


def conversation_changed(conversation_id: int, version: int) -> Event:
    """Status, assignee, labels or the like are different now."""
    return {
        "kind": "conversation.changed",
        "conversation": conversation_id,
        "version": version,
    }


def conversation_moved(conversation_id: int, version: int, contact_id: int) -> Event:
    """It is this contact's now: two have become one."""
    return conversation_changed(conversation_id, version) | {"contact": contact_id}


def delivery_changed(conversation_id: int, version: int, message_uids: Sequence[str]) -> Event:
    """Ticks moved."""
    return {
        "kind": "delivery.changed",
        "conversation": conversation_id,
        "version": version,
        "messages": list(message_uids),
    }


def message_changed(conversation_id: int, version: int, message_uids: Sequence[str]) -> Event:
    """Messages that were there already show something else now: a file has come."""
    return {
        "kind": "message.changed",
        "conversation": conversation_id,
        "version": version,
        "messages": list(message_uids),
    }


def customer_typing(conversation_id: int) -> Event:
    """The customer is writing at this moment; nothing is stored, so there is no version."""
    return {"kind": "customer.typing", "conversation": conversation_id}


def agent_changed(member_id: int, status: str) -> Event:
    """An agent's presence or capacity is different now."""
    return {"kind": "agent.changed", "member": member_id, "status": status}
