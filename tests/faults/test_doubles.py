"""Two of everything: beats, schedulers, workers and tasks; and a task that nobody ever gets."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import current_app

from campaigns import services
from campaigns.models import Campaign, CampaignStatus
from gateway.states import State
from tests import builders
from tests.campaigns import build
from tests.faults.door import in_lanes, post_all
from tests.faults.ledger import each_event_appears_once, exact, wait_until_sent, wait_until_taken_in
from tests.faults.stack import Stack, forget_wakeups, queue
from tests.gateway import twilio
from tests.processes import until

pytestmark = pytest.mark.slow

RECIPIENTS = 300


def test_two_of_everything(stack: Stack) -> None:
    channel = builders.channel(rate_per_second=200.0)
    sending = builders.channel(rate_per_second=200.0)
    build.people(sending.workspace, RECIPIENTS)
    campaign = build.draft(sending.workspace, channel=sending)
    for name in ("first", "second"):
        stack.inbound(f"{name}-in", concurrency=2)
        stack.outbound(f"{name}-out", concurrency=2)
    stack.beat("second-beat")
    written = [
        twilio.inbound_fields(channel, f"+1415558{n % 20:04d}", f"Message {n}") for n in range(100)
    ]
    replies = len(queue(channel, 50))
    services.launch(campaign=campaign, member=None)
    with ThreadPoolExecutor(1) as pool:
        posted = pool.submit(post_all, stack.url, channel, in_lanes(written, 4))
        for _ in range(10):
            every_task_again(campaign)
        assert set(posted.result(60)) == {200}
    wait_until_taken_in()
    wait_until_finished(campaign)
    wait_until_sent()
    each_event_appears_once(written, others=RECIPIENTS)
    assert exact(stack.provider, replies + RECIPIENTS) == {State.SENT: replies + RECIPIENTS}
    assert len({send.to for send in stack.provider.accepted_of(sending.address)}) == RECIPIENTS


def every_task_again(campaign: Campaign) -> None:
    """Each task that moves messages, as if the broker had delivered it twice."""
    for _ in range(8):
        current_app.send_task("gateway.tasks.drain_inbound")
    current_app.send_task("gateway.tasks.deliver")
    current_app.send_task("campaigns.tasks.expand", kwargs={"campaign_id": campaign.pk})
    for app in ("gateway", "campaigns", "routing", "conversations"):
        current_app.send_task(f"{app}.tasks.sweep")


def wait_until_finished(campaign: Campaign) -> None:
    """Until the campaign says so itself."""
    finished = Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.FINISHED)
    until(finished.exists, "the campaign never ends")


def test_a_task_is_lost(stack: Stack) -> None:
    channel = builders.channel()
    written = [twilio.inbound_fields(channel, "+14155580001", f"Message {n}") for n in range(10)]
    assert set(post_all(stack.url, channel, [written])) == {200}
    queue(channel, 10)
    forget_wakeups()
    stack.inbound()
    stack.outbound()
    wait_until_taken_in()
    wait_until_sent()
    each_event_appears_once(written)
    assert exact(stack.provider, 10) == {State.SENT: 10}
