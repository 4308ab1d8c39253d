"""The product's own processes with a provider that misbehaves, and ways to stop them exactly."""

import os
import signal
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import redis
from django.utils import timezone

from gateway.models import Channel, Delivery
from gateway.outbox.queue import queue_delivery
from gateway.outbox.settle import ASK_AFTER
from gateway.states import State
from tests.faults.provider import Provider
from tests.processes import Processes, until

INBOUND = ["inbound", "routing"]
OUTBOUND = ["outbound", "campaigns", "maintenance"]


class Stack(Processes):
    """Web, workers and beat with hooks to stop at (``tests.faults.stages``)."""

    def __init__(self, provider: Provider, **environment: str) -> None:
        super().__init__(
            DJANGO_SETTINGS_MODULE="tests.faults.settings",
            SIMULATOR_URL=provider.url,
            **environment,
        )
        self.provider = provider
        self.marks: dict[str, Path] = {}

    def inbound(self, name: str = "inbound", *, stand: str = "", concurrency: int = 1) -> None:
        """A worker for what comes in; ``stand`` names the place where it stops."""
        self.worker(name, INBOUND, concurrency, **self._stage(name, stand))

    def outbound(self, name: str = "outbound", *, stand: str = "", concurrency: int = 1) -> None:
        """A worker for what goes out, campaigns and the sweeps."""
        self.worker(name, OUTBOUND, concurrency, **self._stage(name, stand))

    def wait_for_stand(self, name: str) -> None:
        """Until the worker stands at its place."""
        until(self.marks[name].exists, f"{name} never came to its place")

    def kill_standing(self, name: str, *, child: bool = False) -> None:
        """``kill -9`` of a worker at its place, or only of the process it had forked for it."""
        self.wait_for_stand(name)
        if child:
            os.kill(int(self.marks[name].read_text()), signal.SIGKILL)
        else:
            self.kill(name)

    def _stage(self, name: str, stand: str) -> dict[str, str]:
        if not stand:
            return {}
        self.marks[name] = self.logs / f"{name}-{uuid4()}.reached"
        return {"FAULT_STAGE": stand, "FAULT_REACHED": str(self.marks[name])}


def forget_wakeups() -> None:
    """Nothing of other tests waits in Redis."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushall()


def queue(channel: Channel, count: int, text: str = "Hello") -> list[Delivery]:
    """So many replies to different people in the outbox."""
    return [
        queue_delivery(
            channel=channel,
            address=f"+1415557{n:04d}",
            text=f"{text} {n}",
            message_uid=uuid4(),
        )
        for n in range(count)
    ]


def let_leases_end(idle_seconds: float = 0) -> None:
    """What a dead worker holds: its lease ends now instead of in a minute and a half.

    Only for what no living worker holds: attempts begun at least so many seconds ago.
    """
    now = timezone.now()
    held = Delivery.objects.filter(
        state=State.SENDING, attempted_at__lte=now - timedelta(seconds=idle_seconds)
    )
    held.update(lease_until=now)


def let_questions_be_due() -> None:
    """The waits between questions to the provider pass at once; a question under way is left."""
    now = timezone.now()
    waiting = Delivery.objects.filter(
        state=State.UNKNOWN, ask_at__lte=now + timedelta(seconds=max(ASK_AFTER) + 1)
    )
    waiting.update(ask_at=now)
