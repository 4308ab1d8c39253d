"""The way in: signed posts through the real door, then stored requests through the real workers.

20,000 messages of 10,000 known and 10,000 new people and 5 % repeats, over 32 connections. Agents
are there for all of them, so completing ends with routing.
"""

import random
import time
from typing import Any

from benches import bare_drain, latency
from benches.bare_table import INSERT_PATH, TABLE
from benches.ground import fresh_database, running, wait_for_port, worker
from benches.posts import post_all, request_bytes
from benches.result import Result
from embedded.ports import free_ports

MESSAGES = 20_000
KNOWN = 10_000
REPEATS = 1_000
AGENTS = 50
WARM = 500
COUNTED = 1_000


def run() -> Result:
    """Accepting and completing, each against its limit."""
    result = Result()
    accept(result)
    complete(result)
    count_statements(result)
    return result


def accept(result: Result) -> None:
    """Requests a second until they are durable: ours verified, the bare view's not."""
    port, bare_port = free_ports(2)
    fresh_database()
    channel = make_ground(f"http://127.0.0.1:{port}")
    requests = prepared_posts(port, channel)
    ours, bare = [], []
    # In turn, for the machine is not equally quick all the time; each at its best.
    for threads, part in zip((1, 4, 16), _parts(requests), strict=True):
        bare.append(_bare(bare_port, part, threads))
        ours.append(_accepted(port, part))
    result.figures |= {"accepted_per_s": max(ours), "bare_accepted_per_s": max(bare)}
    result.ratios["accept_vs_bare_django_insert"] = max(ours) / max(bare)


def _parts(requests: list[bytes]) -> list[list[bytes]]:
    size = len(requests) // 3
    return [requests[:size], requests[size : 2 * size], requests[2 * size :]]


def _accepted(port: int, requests: list[bytes]) -> float:
    # As embedded/programs.py starts it.
    with running(_granian(port, "asginl", "omnichannel.web:application"), **_public(port)):
        wait_for_port(port)
        return _rate(port, requests)


def _rate(port: int, requests: list[bytes]) -> float:
    """Answers a second, after some to get going; all of them must be 200."""
    posted = [post_all(port, requests[:WARM]), post_all(port, requests[WARM:])]
    if any(set(one.statuses) != {200} for one in posted):
        raise RuntimeError(f"The answers were {[one.statuses for one in posted]}.")
    return (len(requests) - WARM) / posted[1].seconds


def _granian(port: int, interface: str, application: str, *options: str) -> list[str]:
    address = ["--host", "127.0.0.1", "--port", str(port), "--interface", interface]
    return ["granian", *address, "--workers", "1", "--no-ws", *options, application]


def _public(port: int) -> dict[str, str]:
    return {"PUBLIC_URL": f"http://127.0.0.1:{port}"}


def _bare(port: int, requests: list[bytes], threads: int) -> float:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    posts = [_to(INSERT_PATH, request) for request in requests]
    threaded = ("--blocking-threads", str(threads))
    with running(_granian(port, "wsgi", "benches.bare_web:application", *threaded)):
        wait_for_port(port)
        return _rate(port, posts)


def _to(path: str, request: bytes) -> bytes:
    _line, _, rest = request.partition(b"\r\n")
    return b"POST " + path.encode() + b" HTTP/1.1\r\n" + rest


def make_ground(url: str) -> Any:
    """A workspace with agents, a channel, and those who have written before."""
    from django.utils import timezone

    from accounts.models import Member, Role, User, Workspace
    from contacts.resolve import resolve_addresses
    from gateway.models import Channel
    from gateway.outbox.claim import ensure_buckets
    from gateway.secrets import seal
    from routing.models import Agent, Presence

    workspace = Workspace.objects.create(name="Bench", slug="bench")
    for n in range(AGENTS):
        user = User.objects.create(email=f"agent{n}@example.com", name=f"Agent {n}")
        member = Member.objects.create(workspace=workspace, user=user, role=Role.AGENT)
        Agent.objects.create(
            workspace=workspace,
            member=member,
            capacity=1_000,
            status=Presence.ONLINE,
            manual=Presence.ONLINE,
            seen_at=timezone.now(),
        )
    config = {
        "account_sid": latency.SID,
        "auth_token": latency.TOKEN,
        "from_number": latency.NUMBER,
    }
    channel = Channel.objects.create(
        workspace=workspace, kind="twilio_sms", name="Bench", config=seal(config)
    )
    ensure_buckets()
    people = dict.fromkeys(map(number, range(KNOWN)), "")
    resolve_addresses(workspace_id=workspace.pk, kind="phone", people=people)
    return channel


def number(n: int) -> str:
    """The phone number of the n-th person."""
    return f"+1415{6000000 + n}"


def prepared_posts(port: int, channel: Any) -> list[bytes]:
    """Signed requests in a shuffled order that is the same in each run; a repeat follows later."""
    shuffle = random.Random(7)
    people = shuffle.sample(range(2 * KNOWN), MESSAGES)
    path = f"/webhooks/{channel.pk}/"
    posts = []
    for place, person in enumerate(people):
        url = f"http://127.0.0.1:{port}{path}"
        body, headers = latency.signed(url, number(person), f"Message {place}, with some words")
        posts.append(request_bytes(f"127.0.0.1:{port}", path, headers, body.encode()))
    repeated = shuffle.sample(range(MESSAGES // 2), REPEATS)
    for place in sorted(repeated, reverse=True):
        posts.insert(place + shuffle.randrange(1, MESSAGES // 2), posts[place])
    return posts


def complete(result: Result) -> None:
    """Stored requests a second until each is a routed message, with two worker processes."""
    from gateway.models import InboundRequest

    total = InboundRequest.objects.count()
    bare_drain.prepare([number(n) for n in range(KNOWN)])
    bare = total / bare_drain.drain_all(processes=2)
    with running(worker("inbound", "inbound,routing", 2)):
        seconds = _drained()
    rate = total / seconds
    result.figures |= {"completed_per_s": rate, "bare_drained_per_s": bare}
    result.figures |= {"lost": float(_lost()), "duplicated": float(_duplicated())}
    result.ratios["completed_vs_bare_drain"] = rate / bare


def _drained() -> float:
    """Seconds from the wake-up of workers that idle until nothing is new and nobody waits."""
    from celery import current_app
    from django.conf import settings

    from conversations.models import Conversation
    from gateway.models import InboundRequest, InboundState

    _until_idle(current_app)
    started = time.perf_counter()
    for _ in range(2):
        current_app.send_task(
            "gateway.tasks.drain_inbound",
            queue=settings.CELERY_TASK_ROUTES["gateway.tasks.drain_inbound"]["queue"],
        )
    waiting = InboundRequest.objects.filter(state=InboundState.NEW)
    unrouted = Conversation.objects.filter(assignee=None)
    until = started + 300
    while waiting.exists() or unrouted.exists():
        if time.perf_counter() > until:
            raise TimeoutError("The stored requests are not drained.")
        time.sleep(0.02)
    return time.perf_counter() - started


def _until_idle(app: Any) -> None:
    """Until the worker answers, with both of its processes started."""
    for _ in range(60):
        if app.control.ping(timeout=1):
            time.sleep(1)
            return
    raise TimeoutError("The worker does not answer.")


def _lost() -> int:
    from conversations.models import Message

    return MESSAGES - Message.objects.exclude(external_id=None).distinct().count()


def _duplicated() -> int:
    from contacts.models import Contact
    from conversations.models import Conversation, Message

    doubled = Message.objects.exclude(external_id=None).count() - MESSAGES
    return (
        max(doubled, 0)
        + max(Contact.objects.count() - 2 * KNOWN, 0)
        + max(Conversation.objects.count() - MESSAGES, 0)
    )


def count_statements(result: Result) -> None:
    """Statements a message, routing included, when the drain finds full batches."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from accounts.models import Workspace
    from gateway.drain import drain
    from gateway.models import InboundRequest, InboundState
    from routing.waiting import route_workspace

    again = InboundRequest.objects.order_by("id")[:COUNTED].values("id")
    InboundRequest.objects.filter(pk__in=again).update(state=InboundState.NEW)
    with connection.cursor() as cursor:  # the same people write something new
        cursor.execute(
            "UPDATE gateway_inboundrequest SET body = "
            "replace(encode(body, 'escape'), 'Sid=SM', 'Sid=MM')::bytea WHERE state = 'new'"
        )
    with CaptureQueriesContext(connection) as captured:
        drained = drain()
        route_workspace(Workspace.objects.get().pk)
    result.figures["sql_per_message"] = len(captured) / drained
