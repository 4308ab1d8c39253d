"""A campaign paused and resumed ten times, its worker killed in between: an exact ledger."""

import time

import pytest

from campaigns import services
from campaigns.models import Campaign, CampaignStatus
from campaigns.selectors import progress
from gateway.models import Delivery
from gateway.states import State
from tests import builders
from tests.campaigns import build
from tests.faults.ledger import exact, wait_until_sent
from tests.faults.provider import slowly
from tests.faults.stack import Stack, let_leases_end
from tests.processes import until

pytestmark = pytest.mark.slow

RECIPIENTS = 300
ROUNDS = 10


def test_paused_resumed_and_killed_ten_times(stack: Stack) -> None:
    channel = builders.channel(rate_per_second=100.0)
    # Each send takes a moment, so that every kill hits some on their way.
    stack.provider.habit[channel.address] = slowly(0.2)
    build.people(channel.workspace, RECIPIENTS)
    campaign = build.launched(channel.workspace, channel=channel)
    stack.outbound(concurrency=2)
    for number in range(ROUNDS):
        seen = len(stack.provider.taken)
        until(lambda: len(stack.provider.taken) > seen + 10, "nothing leaves")  # noqa: B023
        if number % 3 == 2:
            stack.kill("outbound")
            stack.outbound(concurrency=2)
        else:
            stack.kill_children("outbound")
        services.pause(campaign=campaign, member=None)
        assert nothing_leaves_while_paused(stack)
        let_leases_end()
        services.resume(campaign=campaign, member=None)
    finished = Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.FINISHED)
    until(lambda: settle() and finished.exists(), "the campaign never ends", 120)
    wait_until_sent(waiting_to_ask=False)
    assert exact(stack.provider, RECIPIENTS) == {State.SENT: RECIPIENTS}
    assert len({send.to for send in stack.provider.taken}) == RECIPIENTS
    ledger = progress(Campaign.objects.get(pk=campaign.pk))
    assert (ledger.total, ledger.sent, ledger.waiting) == (RECIPIENTS, RECIPIENTS, 0)


def nothing_leaves_while_paused(stack: Stack) -> bool:
    """What was on its way lands; from then on the provider sees nothing new of the queue."""
    time.sleep(0.5)
    queued = Delivery.objects.filter(state=State.QUEUED).count()
    time.sleep(0.3)
    return Delivery.objects.filter(state=State.QUEUED).count() == queued


def settle() -> bool:
    """Time passes for what dead workers held."""
    let_leases_end(idle_seconds=5)
    return True
