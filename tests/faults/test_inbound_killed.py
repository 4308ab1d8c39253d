"""``kill -9`` of an inbound worker at the worst moments: each message appears exactly once."""

import pytest

from conversations.models import Message
from gateway.models import InboundRequest, InboundState
from tests import builders
from tests.faults.door import Fields, in_lanes, post_all
from tests.faults.ledger import each_event_appears_once, wait_until_taken_in
from tests.faults.stack import Stack
from tests.gateway import twilio

pytestmark = pytest.mark.slow

STAGES = {
    "while claiming": "before channels_sms.twilio_sms.TwilioSms.parse",
    "after parsing": "before conversations.ingest.receive_messages",
    "before commit": "commit conversations.ingest.receive_messages",
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_worker_killed(stack: Stack, stage: str) -> None:
    fields = write_a_hundred(stack)
    stack.inbound("doomed", stand=STAGES[stage])
    stack.outbound()
    stack.wait_for_stand("doomed")
    waiting = InboundRequest.objects.filter(state=InboundState.NEW).count()
    assert waiting == 100 - Message.objects.count() > 0
    stack.kill("doomed")
    stack.inbound()
    wait_until_taken_in()
    each_event_appears_once(fields)


def test_a_task_is_lost_with_the_child_that_had_it(stack: Stack) -> None:
    fields = write_a_hundred(stack)
    stack.inbound("wounded", stand=STAGES["before commit"], concurrency=2)
    stack.outbound()
    # Celery has acknowledged the task; nobody gets it again. The worker forks another child.
    stack.kill_standing("wounded", child=True)
    wait_until_taken_in()
    each_event_appears_once(fields)


def write_a_hundred(stack: Stack) -> list[Fields]:
    """A hundred messages of twenty people, all taken by the door."""
    channel = builders.channel()
    fields = [
        twilio.inbound_fields(channel, f"+1415558{n % 20:04d}", f"Message {n}") for n in range(100)
    ]
    assert set(post_all(stack.url, channel, in_lanes(fields, 4))) == {200}
    return fields
