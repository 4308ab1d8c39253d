"""The way out: how fast one worker process drains the outbox, and what it never does.

One Celery worker process serves the queue ``outbound`` as in production; the sink is a provider
that answers after 5 or 50 ms. The limit is aiohttp alone, posting the same forms to the same sink
in the same run, at the number of requests at once that suits it best. Both are measured thrice, in
turn, and the better counts, for the machine itself is not always as quick.

- drain: 20,000 queued messages of one channel, from the wake-up until the last is written as sent
- replies: written while 100,000 bulk messages wait; from their commit to their arrival
- rate: a channel limited to 50 a second, over 20 seconds
"""

import os
import random
import threading
import time
import uuid
from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from benches.bare_sender import NUMBER, SID, TOKEN, best_at_once, rate
from benches.ground import fresh_database, running, worker
from benches.result import Result, percentile
from benches.sink import Sink, running_sink

if TYPE_CHECKING:
    from gateway.models import Batch, Channel

MESSAGES, ROUNDS = 20_000, 3
AT_ONCE = {5: (25, 50, 100, 200), 50: (200, 300, 400, 600)}
BACKLOG = 100_000
REPLIES, REPLIES_PER_SECOND = 200, 10
RATE, RATE_SECONDS = 50, 20
COUNTED = 4_000
PATIENCE_SECONDS = 90.0

# As a campaign leaves them; made in the database, for it is their leaving that is measured.
QUEUE = """
INSERT INTO gateway_delivery
    (workspace_id, uid, channel_id, message_uid, batch_id, medium, address, content, cost,
     priority, marketing, state, due_at, attempts, asks, error_class, error_code, error_text,
     created_at)
SELECT %(workspace)s, u, %(channel)s, u, %(batch)s, 'sms', '+1415' || lpad(n::text, 7, '0'),
    jsonb_build_object('text', 'A bulk message of the usual length to customer number ' || n),
    1, 50, true, 'queued', now(), 0, 0, '', '', '', now()
FROM (SELECT gen_random_uuid() AS u, n FROM generate_series(1, %(count)s) AS n) AS made
"""


def run() -> Result:
    """All parts after one another, on one database and one sink."""
    result = Result()
    with running_sink() as sink:
        os.environ["SIMULATOR_URL"] = sink.url
        fresh_database()
        for latency in AT_ONCE:
            measure_drain(result, sink, latency)
        ratios = result.ratios
        ratios["drain_vs_bare_aiohttp"] = min(
            ratios[f"drain_vs_bare_aiohttp_{latency}ms"] for latency in AT_ONCE
        )
        with running(worker("outbound", "outbound", 1)):
            warm_up(make_channel(10_000.0))
            measure_replies(result, sink)
            measure_rate(result, sink)
        result.figures["sql_per_message"] = count_statements(sink)
    return result


def measure_drain(result: Result, sink: Sink, latency: int) -> None:
    """One worker process against aiohttp alone."""
    sink.set_latency(latency)
    at_once = best_at_once(sink.url, AT_ONCE[latency])
    bare = sent = 0.0
    for _ in range(ROUNDS):
        bare = max(bare, rate(sink.url, at_once, MESSAGES))
        sent = max(sent, drain_rate(result, sink))
    result.figures[f"bare_aiohttp_per_s_{latency}ms"] = bare
    result.figures[f"sent_per_s_{latency}ms"] = sent
    result.ratios[f"drain_vs_bare_aiohttp_{latency}ms"] = sent / bare


def drain_rate(result: Result, sink: Sink) -> float:
    """Messages a second that a worker process sends and writes as sent."""
    channel = make_channel(10_000.0)
    with running(worker("outbound", "outbound", 1)):
        warm_up(channel)
        sink.reset()
        started = queue_bulk(channel, MESSAGES)
        wait_until(lambda: not any_left(channel), "the drain")
        took = time.monotonic() - started
    figures = result.figures
    figures["lost"] = figures.get("lost", 0) + MESSAGES - sink.count() + sink.duplicates()
    figures["doubled"] = figures.get("doubled", 0) + sink.duplicates()
    return MESSAGES / took


def warm_up(channel: "Channel") -> None:
    """The worker is up, connected and warm before anything counts."""
    queue_bulk(channel, 500)
    wait_until(lambda: not any_left(channel), "the first messages")


def measure_replies(result: Result, sink: Sink) -> None:
    """Agents write while 100,000 bulk messages wait on the same channel."""
    from gateway.models import BatchState
    from gateway.outbox.queue import cancel_left_over, set_batch_state

    sink.set_latency(50)
    sink.reset()
    channel = make_channel(10_000.0)
    batch = make_batch(channel)
    queue_bulk(channel, BACKLOG, batch)
    written = write_replies(channel)
    assert any_left(channel), "The backlog was over before the replies were."
    set_batch_state(batch=batch, state=BatchState.CANCELLED)
    # What somebody was claiming at that moment the sweep cancels, which is not running here.
    wait_until(lambda: not cancel_left_over() and not any_left(channel), "the replies")
    arrived = {one.body: one.at for one in sink.each_arrival()}
    waits = [(arrived[text] - at) * 1000 for text, at in written.items()]
    result.figures["reply_p50_ms_behind_bulk"] = percentile(waits, 0.5)
    result.ratios["reply_p99_ms_behind_bulk"] = percentile(waits, 0.99)


def write_replies(channel: "Channel") -> dict[str, float]:
    """Replies to as many people at random moments; when each was committed."""
    from gateway.outbox.queue import queue_delivery

    written: dict[str, float] = {}
    for number in range(REPLIES):
        time.sleep(random.expovariate(REPLIES_PER_SECOND))
        text, uid = f"reply-{uuid.uuid4().hex}", uuid.uuid4()
        queue_delivery(channel=channel, address=f"+1415556{number:04d}", text=text, message_uid=uid)
        written[text] = time.monotonic()
    return written


def measure_rate(result: Result, sink: Sink) -> None:
    """A channel limited to 50 a second: never more in any second, and hardly less."""
    sink.set_latency(5)
    sink.reset()
    channel = make_channel(float(RATE))
    queue_bulk(channel, RATE * RATE_SECONDS)
    wait_until(lambda: not any_left(channel), "the limited channel")
    moments = sorted(sink.moments())
    mean = (len(moments) - 1) / (moments[-1] - moments[0])
    result.figures["mean_at_50_per_s"] = mean
    result.ratios["rate_error_at_50_per_s"] = abs(mean - RATE) / RATE
    result.ratios["max_in_any_second"] = most_in_a_second(moments)


def most_in_a_second(moments: list[float]) -> int:
    """The most moments (sorted) within any sliding second."""
    return max(place + 1 - bisect_left(moments, at - 1.0) for place, at in enumerate(moments))


def count_statements(sink: Sink) -> float:
    """SQL statements per message of the same runner, in this process where they can be counted."""
    from django.db import connection

    from gateway.outbox.runner import Runner

    counted = 0

    def count(execute: Callable[..., Any], *rest: Any) -> Any:
        nonlocal counted
        counted += 1
        return execute(*rest)

    channel = make_channel(10_000.0)
    queue_bulk(channel, COUNTED)
    runner = Runner()
    # Connections belong to threads, and the runner's statements are made in two of its own.
    for thread in (runner.claims, runner.outcomes):
        thread.pool.submit(lambda: connection.execute_wrappers.append(count)).result()
    while runner.run(5.0):
        pass
    runner.close()
    assert not any_left(channel)
    return counted / COUNTED


def make_channel(rate: float) -> "Channel":
    """A Twilio channel in a workspace of its own."""
    from accounts.models import Workspace
    from gateway.channels import create_channel

    name = uuid.uuid4().hex[:12]
    return create_channel(
        workspace=Workspace.objects.create(name=name, slug=name),
        member=None,
        kind="twilio_sms",
        name=name,
        config={"account_sid": SID, "auth_token": TOKEN, "from_number": NUMBER},
        rate_per_second=rate,
    )


def make_batch(channel: "Channel") -> "Batch":
    """A running batch."""
    from gateway.models import Batch

    return Batch.objects.create(workspace_id=channel.workspace_id, name="Bench")


def queue_bulk(channel: "Channel", count: int, batch: "Batch | None" = None) -> float:
    """Queue bulk messages and wake the outbox; when it was woken."""
    from django.db import connection

    from gateway.outbox.waking import wake_outbox

    batch = batch or make_batch(channel)
    with connection.cursor() as cursor:
        cursor.execute(
            QUEUE,
            {
                "workspace": channel.workspace_id,
                "channel": str(channel.pk),
                "batch": batch.pk,
                "count": count,
            },
        )
        cursor.execute("ANALYZE gateway_delivery")
    started = time.monotonic()
    wake_outbox()
    return started


def any_left(channel: "Channel") -> bool:
    """Whether a message of a channel is not written as sent (or stopped) yet; cheap to ask."""
    from gateway.models import Delivery
    from gateway.states import PENDING

    waiting = Delivery.objects.filter(channel=channel)
    return any(waiting.filter(state=state).exists() for state in PENDING)


def wait_until(done: Callable[[], bool], what: str) -> None:
    """Look every 50 ms; TimeoutError when it takes too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(f"Waited in vain for {what}.")
        threading.Event().wait(0.05)
