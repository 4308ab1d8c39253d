"""A deploy in mid-campaign: workers told to stop finish, or hand back what they hold, in time."""

import subprocess

import pytest

from gateway.models import Delivery
from gateway.states import State
from tests import builders
from tests.campaigns import build
from tests.faults.door import in_lanes, post_all
from tests.faults.ledger import each_event_appears_once, exact, wait_until_sent, wait_until_taken_in
from tests.faults.provider import never_answer, slowly
from tests.faults.stack import Stack, queue
from tests.gateway import twilio
from tests.processes import until

pytestmark = pytest.mark.slow

RECIPIENTS = 200
# What the product promises (10 s), and what starting Python on a busy machine may add.
STOP_SECONDS = 15.0


def test_a_deploy_in_mid_campaign(stack: Stack) -> None:
    inbox, channel, hanging = (
        builders.channel(),
        builders.channel(rate_per_second=50.0),
        builders.channel(),
    )
    stack.provider.habit[channel.address] = slowly(1)
    stack.provider.plan[hanging.address].extend([never_answer(accepting=True)] * 5)
    build.people(channel.workspace, RECIPIENTS)
    build.launched(channel.workspace, channel=channel)
    queue(hanging, 5)
    stack.inbound(concurrency=2)
    stack.outbound(concurrency=2)
    until(lambda: len(stack.provider.taken) > 30, "nothing leaves")
    written = [
        twilio.inbound_fields(inbox, f"+1415558{n % 20:04d}", f"Message {n}") for n in range(200)
    ]
    assert set(post_all(stack.url, inbox, in_lanes(written, 4))) == {200}
    for name in ("inbound", "outbound"):
        assert stops(stack, name), f"{name} does not stop"
    assert not Delivery.objects.filter(state=State.SENDING).exists(), "something is still held"
    stack.provider.habit.clear()
    stack.inbound()
    stack.outbound()
    wait_until_taken_in()
    wait_until_sent(waiting_to_ask=False)
    each_event_appears_once(written, others=RECIPIENTS)
    assert exact(stack.provider, RECIPIENTS + 5) == {State.SENT: RECIPIENTS + 5}


def stops(stack: Stack, name: str) -> bool:
    """Whether a worker that gets SIGTERM ends by itself in time."""
    process = stack.running[name]
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    del stack.running[name]
    return True
