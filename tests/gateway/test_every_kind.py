"""What went wrong elsewhere goes right for every kind: repeats, and reports that come too early."""

import uuid
from collections.abc import Sequence

import pytest

from conversations.models import Conversation, Message
from gateway.contract import WebhookRequest
from gateway.drain import drain
from gateway.models import Channel, Delivery, DeliveryStatus, InboundRequest
from gateway.outbox.claim import claim, ensure_buckets
from gateway.outbox.places import Load
from gateway.outbox.queue import queue_delivery
from gateway.outbox.settle import Outcome, settle
from gateway.registry import adapters
from gateway.secrets import seal
from gateway.states import State, after_report
from tests import builders
from tests.payloads.exhibit import Exhibit
from tests.payloads.exhibits import exhibit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=list(adapters()))
def shown(request: pytest.FixtureRequest) -> Exhibit:
    """The exhibit of each registered kind."""
    return exhibit(request.param)


def channel_of(shown: Exhibit) -> Channel:
    """A channel with the exhibit's configuration."""
    config = dict(shown.adapter.config)
    made = Channel.objects.create(
        workspace=builders.workspace(),
        kind=shown.adapter.kind,
        name="Exhibit",
        address=shown.adapter.channel_address(config),
        config=seal(config),
        rate_per_second=1000,
    )
    ensure_buckets()
    return made


def stored(channel: Channel, shown: Exhibit, requests: Sequence[WebhookRequest]) -> None:
    """Let the door have taken these."""
    for request in requests:
        InboundRequest.objects.create(
            workspace_id=channel.workspace_id,
            channel=channel,
            shard=1,
            method=request.method,
            url=shown.adapter.kept_url(request),
            headers=dict(request.headers),
            body=request.body,
            received_at=request.received_at,
        )
    drain()


def test_what_a_provider_repeats_is_there_once(shown: Exhibit) -> None:
    channel = channel_of(shown)
    stored(channel, shown, [shown.inbound, shown.inbound])
    stored(channel, shown, [shown.inbound])
    states = set(InboundRequest.objects.values_list("state", flat=True))
    assert states == {"done"}
    found = Message.objects.filter(direction="inbound").values_list("external_id", flat=True)
    assert sorted(map(str, found)) == sorted(shown.inbound_ids)
    assert Conversation.objects.count() == 1


def test_reports_that_come_before_the_answer_are_not_lost(shown: Exhibit) -> None:
    if not shown.statuses:
        pytest.skip("This provider reports on no message.")
    channel = channel_of(shown)
    queue_delivery(channel=channel, address=shown.recipient, text="Hi", message_uid=uuid.uuid4())
    [row] = claim(Load({}, {}, set())).rows
    stored(channel, shown, shown.statuses)
    [name] = {report.external_id for report in DeliveryStatus.objects.all()}
    settle([Outcome(row, external_id=name)])
    expected = State.SENT
    for report in DeliveryStatus.objects.order_by("id"):
        expected = after_report(expected, State(report.state))
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.external_id) == (expected, name)
    assert not DeliveryStatus.objects.filter(applied_at=None).exists()
