"""Events to browsers: 1,000 sockets in 50 workspaces, 100 events a second.

The realtime process runs as in production; each event is published as the product publishes, after
a commit, in a workspace drawn by turns. Measured from the call until a client has read the frame.
"""

import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benches.ground import fresh_database, running, wait_for_port
from benches.listeners import Heard, Listeners
from benches.people import make_members, make_workspace
from benches.result import Result, percentile
from embedded.ports import free_ports
from embedded.programs import pages

if TYPE_CHECKING:
    from accounts.models import Member

WORKSPACES, SOCKETS_EACH = 50, 20
EVENTS_PER_SECOND, SECONDS = 100, 30
# What is under way when the last event has left gets this long to arrive.
GRACE_SECONDS = 3.0


def run() -> Result:
    """Open the sockets, publish, count."""
    result = Result()
    fresh_database()
    groups = [make_members(make_workspace(), SOCKETS_EACH) for _ in range(WORKSPACES)]
    workspaces = [group[0].workspace_id for group in groups]
    listeners_of = [workspace for workspace in workspaces for _ in range(SOCKETS_EACH)]
    (port,) = free_ports(1)
    environment = {"PORT": "0", "REALTIME_PORT": str(port), "SIMULATOR_PORT": "0"}
    program = next(one for one in pages(environment) if one.name == "realtime")
    with running(program.command[2:]) as (pid,):
        wait_for_port(port)
        cookies = [make_session(member) for group in groups for member in group]
        listeners = Listeners(f"ws://127.0.0.1:{port}/ws/", os.environ["PUBLIC_URL"], cookies)
        result.figures["opened_per_s"] = len(cookies) / listeners.start()
        used = cpu_seconds(pid)
        sent = publish_steadily(workspaces)
        result.figures["cpu_percent"] = (cpu_seconds(pid) - used) / SECONDS * 100
        time.sleep(GRACE_SECONDS)
        result.figures["rss_mb"] = sum(map(rss_mb, family(pid)))
        note(result, sent, listeners.stop(), listeners_of)
    return result


def publish_steadily(workspaces: list[int]) -> list[tuple[int, float]]:
    """Publish; the workspace and the moment of each event, which carries its place here."""
    from conversations.realtime import message_created, publish_many

    # The sockets' process logs each batch, as it does in production; our output is a table.
    logging.getLogger("conversations.realtime").setLevel(logging.WARNING)
    sent: list[tuple[int, float]] = []
    started = time.monotonic()
    for n in range(EVENTS_PER_SECOND * SECONDS):
        time.sleep(max(0.0, started + n / EVENTS_PER_SECOND - time.monotonic()))
        workspace = workspaces[n % len(workspaces)]
        sent.append((workspace, time.monotonic()))
        publish_many(
            [
                (
                    workspace,
                    message_created(n, 1, n, "inbound", contact_id=n, request_id=f"bench-{n}"),
                )
            ]
        )
    return sent


def note(
    result: Result, sent: list[tuple[int, float]], heard: list[Heard], listeners_of: list[int]
) -> None:
    """Delays, and what did not arrive, arrived twice or in another workspace."""
    delays = [(at - sent[event][1]) * 1000 for _socket, event, at in heard]
    arrived = {(socket, event) for socket, event, _at in heard}
    wanted = {
        (socket, event)
        for event, (workspace, _at) in enumerate(sent)
        for socket, listens in enumerate(listeners_of)
        if listens == workspace
    }
    result.figures["p50_ms"] = percentile(delays, 0.5)
    result.ratios["p95_ms"] = percentile(delays, 0.95)
    result.ratios["lost"] = len(wanted - arrived)
    result.figures["doubled"] = len(heard) - len(arrived)
    result.figures["astray"] = len(arrived - wanted)


def make_session(member: "Member") -> str:
    """A log-in, as a cookie."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    store = SessionStore()
    store[SESSION_KEY] = str(member.user_id)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = member.user.get_session_auth_hash()
    store.create()
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def rss_mb(pid: int) -> float:
    """Memory of a process in MB."""
    pages_held = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages_held * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_seconds(pid: int) -> float:
    """Time a process and its children have computed."""
    ticks = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
