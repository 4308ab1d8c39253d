"""Routing under contention: who gets a conversation, how fast, and never too many or twice.

- crowd: 10,000 conversations wait, 500 agents are available, 8 processes route at once by the entry
  the Celery task uses, until nothing waits; a process that finds nothing to do asks again after as
  long as a wake-up takes
- alone: what routing so many costs a single process, per conversation, with 500 agents
"""

import multiprocessing
import time
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from typing import TYPE_CHECKING, Any

from benches.ground import fresh_database
from benches.people import make_agents, make_channel, make_waiting, make_workspace
from benches.result import Result, percentile

if TYPE_CHECKING:
    from gateway.models import Channel

WAITING, AGENTS, ROUTERS = 10_000, 500, 8
CAPACITY, SMALL = 25, 2
WAKE_UP_SECONDS = 0.05
ALONE = {1: 30, 100: 10, 500: 5, 2000: 3}
PATIENCE_SECONDS = 100.0

OVER_CAPACITY = """
SELECT count(*) FROM routing_agent a WHERE a.capacity < (
    SELECT count(*) FROM conversations_conversation c
    WHERE c.assignee_id = a.member_id AND c.status = 'open')
"""
DOUBLE = """
SELECT count(*) FROM conversations_conversation c
WHERE 1 <> (SELECT count(*) FROM routing_assignment a WHERE a.conversation_id = c.id)
   OR 1 <> (SELECT count(*) FROM conversations_message m
            WHERE m.conversation_id = c.id AND m.kind = 'activity')
"""


def run() -> Result:
    """Both parts, each in a workspace of its own."""
    result = Result()
    fresh_database()
    measure_crowd(result)
    measure_alone(result)
    return result


def measure_crowd(result: Result) -> None:
    """Eight routers, one queue."""
    channel = make_ground(WAITING)
    context = multiprocessing.get_context("fork")
    start, statements, ended = context.Event(), context.Value("q", 0), context.Value("d", 0.0)
    _close_connections()
    routers = [
        context.Process(target=_route, args=(channel.workspace_id, start, statements, ended))
        for _ in range(ROUTERS)
    ]
    for router in routers:
        router.start()
    time.sleep(1)
    started = time.monotonic()
    start.set()
    for router in routers:
        router.join(PATIENCE_SECONDS)
        assert router.exitcode == 0, "A router failed."
    result.figures["assigned_per_s"] = WAITING / (ended.value - started)
    result.figures["over_capacity"] = count(OVER_CAPACITY)
    result.figures["double"] = count(DOUBLE)
    result.figures["sql_per_assignment"] = statements.value / WAITING


def _route(
    workspace_id: int, start: Event, statements: "Synchronized[int]", ended: "Synchronized[float]"
) -> None:
    """One router's process; notes when it saw that nothing waits any more."""
    from django.db import connection

    from routing.tasks import route

    counted = 0

    def note(execute: Any, *args: Any) -> Any:
        nonlocal counted
        counted += 1
        return execute(*args)

    anybody_waits(workspace_id)
    start.wait()
    while anybody_waits(workspace_id):
        with connection.execute_wrapper(note):
            route(workspace_id)
        time.sleep(WAKE_UP_SECONDS)
    now = time.monotonic()
    with statements.get_lock(), ended.get_lock():
        statements.value += counted
        ended.value = max(ended.value, now)


def anybody_waits(workspace_id: int) -> bool:
    """Whether a conversation of the workspace wants an agent."""
    from conversations.models import Conversation, Status

    queued = Conversation.objects.filter(assignee=None, status=Status.OPEN)
    return queued.filter(workspace_id=workspace_id, queued_at__isnull=False).exists()


def measure_alone(result: Result) -> None:
    """A drain's batch has arrived: what it costs to route it, median of several times."""
    from routing.waiting import route_workspace

    for size, times in ALONE.items():
        channel = make_ground(0)
        took = []
        for _ in range(times):
            make_waiting(channel, size)
            started = time.perf_counter()
            assert route_workspace(channel.workspace_id) == size
            took.append(time.perf_counter() - started)
        result.figures[f"us_each_of_{size}"] = percentile(took, 0.5) / size * 1e6


def make_ground(waiting: int) -> "Channel":
    """A workspace with its agents, and so many conversations in the queue."""
    from django.db import connection

    workspace = make_workspace()
    make_agents(workspace, AGENTS, capacity=CAPACITY, small=SMALL)
    channel = make_channel(workspace)
    make_waiting(channel, waiting)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return channel


def count(statement: str) -> int:
    """The number a statement gives."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()
