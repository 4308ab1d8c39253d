"""Gives waiting conversations to available agents: a batch is one transaction of four statements.

To the smallest load first, among equals to who is idle longest. Load is counted from conversations
at that moment, and the rows of the chosen agents are locked, so nobody gets more than their
capacity, whoever routes, changes capacities or goes offline at the same time.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone

from conversations import realtime
from routing import statements
from routing.reasons import IDLE_LONGEST, LEAST_LOAD

BATCH = 1000


@dataclass(slots=True)
class Candidate:
    """An available agent; ``total`` is how many there are."""

    load: int
    idle_since: datetime
    agent_id: int
    capacity: int
    member_id: int
    name: str
    total: int

    def rank(self) -> tuple[int, datetime, int]:
        """The order of choice."""
        return self.load, self.idle_since, self.agent_id


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets the next conversation, and why."""

    agent_id: int
    member_id: int
    name: str
    reason: dict[str, Any]


@transaction.atomic
def assign_batch(workspace_id: int) -> int | None:
    """Assign up to a batch; returns how many, or None when another router is at this workspace."""
    where = {"workspace": workspace_id}
    waiting = _fetch(statements.TURN, where | {"most": BATCH})[0][0]
    if not waiting:
        return None if waiting is None else 0
    candidates = [
        Candidate(*row) for row in _fetch(statements.CANDIDATES, where | {"most": waiting})
    ]
    free = sum(candidate.capacity - candidate.load for candidate in candidates)
    if not free:
        return 0
    queue = _fetch(statements.QUEUE, where | {"most": min(waiting, free)})
    _give(workspace_id, [pk for (pk,) in queue], candidates)
    return len(queue)


def still_waiting(workspace_id: int) -> bool:
    """Whether there is both a conversation that waits and an agent who is free."""
    where = {"workspace": workspace_id}
    looks = (statements.ANYTHING_WAITS, statements.ANYTHING_ASSIGNABLE)
    return all(_fetch(look, where)[0][0] for look in looks)


def _choices(candidates: Sequence[Candidate], now: datetime) -> Iterator[Choice]:
    """Who gets the next one, and the next, until everybody is full."""
    heap = [(candidate.rank(), candidate) for candidate in candidates]
    heapq.heapify(heap)
    available = candidates[0].total if candidates else 0
    while heap:
        _rank, best = heap[0]
        tied = any(other.load == best.load for _rank, other in heap[1:3])
        reason = {
            "code": IDLE_LONGEST if tied else LEAST_LOAD,
            "load": best.load,
            "capacity": best.capacity,
            "candidates": available,
        }
        yield Choice(best.agent_id, best.member_id, best.name, reason)
        best.load, best.idle_since = best.load + 1, now
        if best.load < best.capacity:
            heapq.heapreplace(heap, (best.rank(), best))
        else:
            heapq.heappop(heap)
            available -= 1


def _give(workspace_id: int, queue: Sequence[int], candidates: Sequence[Candidate]) -> None:
    now = timezone.now()
    rows = [
        {
            "place": place,
            "id": pk,
            "agent": choice.agent_id,
            "member": choice.member_id,
            "name": choice.name,
            "reason": choice.reason,
        }
        for place, (pk, choice) in enumerate(zip(queue, _choices(candidates, now), strict=False))
    ]
    if rows:
        params = {"workspace": workspace_id, "choices": orjson.dumps(rows).decode(), "now": now}
        realtime.publish_many(
            (workspace_id, realtime.conversation_changed(pk, version))
            for pk, version in _fetch(statements.GIVE, params)
        )


def _fetch(statement: str, params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())
