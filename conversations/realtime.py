"""Publishes events to the browsers of a workspace: ids and versions, never content.

Events leave after commit. Losing one is harmless: each carries the conversation's version, and a
browser that sees a gap, or reconnects, refetches.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

logger = structlog.get_logger(__name__)

# A Redis that takes connections and never answers must not hold up what has been committed.
SEND_SECONDS = 2.0

Event = dict[str, Any]


def workspace_group(workspace_id: int) -> str:
    """The group that every socket of a workspace joins."""
    return f"workspace.{workspace_id}"


def member_group(member_id: int) -> str:
    """The group of one member's sockets."""
    return f"member.{member_id}"


def publish(workspace_id: int, event: Event) -> None:
    """Send one event to the workspace once the surrounding transaction has committed."""
    publish_many([(workspace_id, event)])


def publish_many(events: Iterable[tuple[int, Event]]) -> None:
    """Send events once the surrounding transaction has committed, in order."""
    waiting = list(events)
    if waiting:
        transaction.on_commit(lambda: _send(waiting))


def _send(events: Sequence[tuple[int, Event]]) -> None:
    try:
        async_to_sync(_send_all)(events)
    except Exception as error:  # browsers catch up by themselves; what is committed stays so
        logger.warning("realtime events lost", count=len(events), reason=type(error).__name__)


async def _send_all(events: Sequence[tuple[int, Event]]) -> None:
    layer = get_channel_layer()
    async with asyncio.timeout(SEND_SECONDS):
        for workspace_id, event in events:
            await layer.group_send(workspace_group(workspace_id), {"type": "event", **event})


def message_created(conversation_id: int, version: int, message_id: int, direction: str) -> Event:
    """Somebody wrote (or noted) something."""
    return {
        "kind": "message.created",
        "conversation": conversation_id,
        "version": version,
        "message": message_id,
        "direction": direction,
    }


def conversation_changed(conversation_id: int, version: int) -> Event:
    """Status, assignee, labels or the like are different now."""
    return {
        "kind": "conversation.changed",
        "conversation": conversation_id,
        "version": version,
    }


def delivery_changed(conversation_id: int, version: int, message_uids: Sequence[str]) -> Event:
    """Ticks moved."""
    return {
        "kind": "delivery.changed",
        "conversation": conversation_id,
        "version": version,
        "messages": list(message_uids),
    }


def agent_changed(member_id: int, status: str) -> Event:
    """An agent's presence or capacity is different now."""
    return {"kind": "agent.changed", "member": member_id, "status": status}
