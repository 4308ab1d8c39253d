"""``kill -9`` of an outbound worker at the worst moments: nothing lost, nothing sent twice."""

import pytest

from gateway.models import Delivery
from gateway.outbox.queue import retry_delivery
from gateway.states import State
from tests import builders
from tests.faults.ledger import exact, wait_until_sent
from tests.faults.provider import never_answer
from tests.faults.stack import Stack, let_leases_end, queue
from tests.processes import until

pytestmark = pytest.mark.slow

COUNT = 20
STAGES = {
    "after the claim": "before gateway.transport.call",
    "after the answer": "before gateway.outbox.settle.settle",
    "before commit": "commit campaigns.progress.receive_changes",
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_worker_killed(stack: Stack, stage: str) -> None:
    queue(builders.channel(), COUNT)
    stack.outbound("doomed", stand=STAGES[stage])
    stack.wait_for_stand("doomed")
    assert Delivery.objects.filter(state=State.SENDING).exists()
    stack.kill("doomed")
    go_on_and_count(stack)


@pytest.mark.parametrize("accepting", [True, False], ids=["accepted", "not accepted"])
def test_a_worker_killed_during_the_request(stack: Stack, accepting: bool) -> None:
    channel = builders.channel()
    stack.provider.plan[channel.address].extend([never_answer(accepting=accepting)] * COUNT)
    queue(channel, COUNT)
    stack.outbound("doomed")
    until(lambda: len(stack.provider.sends) == COUNT, "the provider never got the requests")
    stack.kill("doomed")
    go_on_and_count(stack)


def go_on_and_count(stack: Stack) -> None:
    """A new worker takes over what the dead one held; everything is sent exactly once."""
    let_leases_end()
    stack.outbound()
    wait_until_sent(waiting_to_ask=False)
    assert exact(stack.provider, COUNT) == {State.SENT: COUNT}


def test_what_cannot_be_asked_about_stays_unclear_until_a_person_decides(
    stack: Stack, many: str
) -> None:
    channel = builders.channel(kind=many)
    stack.provider.plan[channel.address].extend([never_answer(accepting=True)] * 2)
    given_up, resent = queue(channel, 2)
    stack.outbound("doomed")
    until(lambda: len(stack.provider.sends) == 2, "the provider never got the requests")
    stack.kill("doomed")
    let_leases_end()
    stack.outbound()
    unclear = Delivery.objects.filter(state=State.UNKNOWN)
    until(lambda: unclear.count() == 2, "leases do not end")
    retry_delivery(delivery=resent)
    sent = Delivery.objects.filter(pk=resent.pk, state=State.SENT)
    until(sent.exists, "what a person sent again does not leave")
    states = exact(stack.provider, 2, resent=[resent.uid], allowed="unknown")
    assert states == {State.SENT: 1, State.UNKNOWN: 1}
    assert stack.provider.accepted() == {given_up.uid: 1, resent.uid: 2}
