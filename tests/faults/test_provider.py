"""A provider that throttles, fails, hangs, talks nonsense or locks us out: nothing lost or doubled.

The time-outs are the product's own, so the slow cases take half a minute; all run side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role
from gateway.channels import resume_channel
from gateway.models import Channel, Delivery
from gateway.states import State
from tests import builders
from tests.faults.ledger import exact, wait_until_sent
from tests.faults.provider import (
    Behaviour,
    garbage,
    hang_up,
    never_answer,
    refuse,
    slowly,
)
from tests.faults.stack import Stack, queue
from tests.processes import until

pytestmark = pytest.mark.slow

COUNT = 3


@dataclass(frozen=True)
class Trouble:
    """What the first requests get, how often a message is then requested, and how it ends."""

    plan: Sequence[Behaviour]
    requests: int = COUNT
    end: State = State.SENT


THROTTLE = refuse(429, 20429, **{"Retry-After": "1"})
TROUBLES = {
    "throttled": Trouble([THROTTLE, THROTTLE], COUNT + 2),
    "unavailable": Trouble([refuse(503, 20503)] * COUNT, COUNT * 2),
    "error 500, not accepted": Trouble([refuse(500, 20500)] * COUNT, COUNT * 2),
    "error 500, accepted": Trouble([garbage(500, accepting=True)] * COUNT),
    "takes it and never answers": Trouble([never_answer(accepting=True)] * COUNT),
    "never answers": Trouble([never_answer(accepting=False)] * COUNT, COUNT * 2),
    "answers after 30 s": Trouble([slowly(30)] * COUNT),
    "answers after 5 s": Trouble([slowly(5)] * COUNT),
    "takes it and hangs up": Trouble([hang_up(accepting=True)] * COUNT),
    "hangs up": Trouble([hang_up(accepting=False)] * COUNT, COUNT * 2),
    "takes it and talks nonsense": Trouble([garbage(201, accepting=True)] * COUNT),
    "talks nonsense": Trouble([garbage(200, accepting=False)] * COUNT, COUNT * 2),
    "refuses": Trouble([refuse(400, 21211)] * COUNT, COUNT, State.FAILED),
}


def test_every_trouble_at_once(stack: Stack) -> None:
    channels: dict[str, Channel] = {}
    for name, trouble in TROUBLES.items():
        channels[name] = builders.channel(name=name)
        stack.provider.plan[channels[name].address].extend(trouble.plan)
        queue(channels[name], COUNT)
    stack.outbound()
    wait_until_sent(waiting_to_ask=False, seconds=120)
    exact(stack.provider, COUNT * len(TROUBLES))
    for name, trouble in TROUBLES.items():
        rows = Delivery.objects.filter(channel=channels[name])
        assert [row.state for row in rows] == [trouble.end] * COUNT, name
        assert len(stack.provider.sends_of(channels[name].address)) == trouble.requests, name


def test_connections_refused(stack: Stack) -> None:
    channel = builders.channel()
    stack.provider.close()
    queue(channel, 12)
    stack.outbound()
    tried = Delivery.objects.filter(error_class="Unreachable", state=State.QUEUED)
    until(lambda: tried.count() == 12, "nothing was tried")
    stack.provider.open()
    wait_until_sent()
    assert exact(stack.provider, 12) == {State.SENT: 12}


def test_credentials_revoked(stack: Stack) -> None:
    channel = builders.channel()
    stack.provider.habit[channel.address] = refuse(401, 20003)
    admin = builders.member(channel.workspace, role=Role.ADMIN)
    queue(channel, 5)
    stack.outbound()
    paused = Channel.objects.exclude(paused_at=None)
    until(paused.exists, "the channel goes on with bad credentials")
    until(
        lambda: Delivery.objects.filter(state=State.QUEUED).count() == 5,
        "messages do not come back",
    )
    assert "20003" in page_of(channel, admin.user)
    queue(channel, 5, "While paused")
    assert exact(stack.provider, 10) == {State.QUEUED: 10}
    del stack.provider.habit[channel.address]
    resume_channel(channel=channel, member=admin)
    wait_until_sent()
    assert exact(stack.provider, 10) == {State.SENT: 10}


def page_of(channel: Channel, user: object) -> str:
    """What an admin reads about the channel."""
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client.get(reverse("settings-channel", args=[channel.pk])).content.decode()
