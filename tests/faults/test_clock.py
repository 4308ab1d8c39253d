"""The clock jumps an hour ahead and back: nothing lost, nothing doubled, nothing waits an hour."""

from pathlib import Path

import pytest

from gateway.states import State
from tests import builders
from tests.faults.clock import jumping
from tests.faults.door import in_lanes, post_all
from tests.faults.ledger import each_event_appears_once, exact, wait_until_sent, wait_until_taken_in
from tests.faults.provider import Provider, refuse, slowly
from tests.faults.stack import Stack, forget_wakeups, queue
from tests.gateway import twilio
from tests.processes import until

pytestmark = pytest.mark.slow

HOUR = 3600.0
COUNT = 10


def test_the_clock_jumps_ahead_and_back(
    transactional_db: None, provider: Provider, tmp_path: Path
) -> None:
    forget_wakeups()
    channel, throttled = builders.channel(), builders.channel()
    written = [
        twilio.inbound_fields(channel, f"+1415558{n % 5:04d}", f"Message {n}") for n in range(60)
    ]
    path = tmp_path / "clock"
    with jumping(path) as jump, Stack(provider, FAULT_CLOCK=str(path)) as stack:
        stack.web()
        stack.inbound()
        stack.outbound()
        stack.beat()
        for number, shift in enumerate([0.0, HOUR, 0.0]):
            # Some are on their way while it jumps, and some have been told to come again later.
            provider.plan[channel.address].extend([slowly(2)] * COUNT)
            provider.plan[throttled.address].extend(
                [refuse(429, 20429, **{"Retry-After": "2"})] * COUNT
            )
            sends = len(provider.sends)
            queue(channel, COUNT, f"Round {number}")
            queue(throttled, COUNT, f"Round {number}")
            until(lambda: len(provider.sends) > sends + COUNT, "nothing leaves")  # noqa: B023
            jump(shift)
            posts = written[number * 20 : (number + 1) * 20]
            assert set(post_all(stack.url, channel, in_lanes(posts, 2))) == {200}
            wait_until_taken_in()
            wait_until_sent(waiting_to_ask=False)
    each_event_appears_once(written)
    assert exact(provider, 6 * COUNT) == {State.SENT: 6 * COUNT}
