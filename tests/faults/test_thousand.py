"""A thousand signed posts through the real door and workers: none lost, none doubled."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from contacts.models import Contact
from conversations.models import Conversation, Message, Status
from gateway.models import Channel, InboundRequest, InboundState
from tests import builders
from tests.faults.door import Poster
from tests.faults.ledger import wait_until_taken_in
from tests.faults.stack import forget_wakeups
from tests.gateway import twilio
from tests.processes import Processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CONNECTIONS = 16
PEOPLE = 100
DISTINCT = 800


def traffic(channel: Channel) -> list[list[dict[str, str]]]:
    """1,000 posts for 16 connections: 800 messages, 100 repeats in turn, 100 simultaneous twins."""
    numbers = [f"+1415556{n:04d}" for n in range(PEOPLE)]
    messages = [
        twilio.inbound_fields(channel, numbers[n % PEOPLE], f"Message {n}") for n in range(DISTINCT)
    ]
    lanes: list[list[dict[str, str]]] = [messages[n::CONNECTIONS] for n in range(CONNECTIONS)]
    for n in range(100):
        lane = lanes[n % CONNECTIONS]
        lane.insert(n // CONNECTIONS * 2 + 1, lane[n // CONNECTIONS * 2])
    # The last posts of two lanes are the same messages, sent side by side.
    for n in range(100):
        lanes[n % 8 + 8].append(lanes[n % 8][-1 - n // 8])
    return lanes


@pytest.mark.parametrize("flush", [False, True], ids=["calm", "flushall"])
def test_a_thousand_posts(flush: bool) -> None:
    channel = builders.channel()
    lanes = traffic(channel)
    assert sum(map(len, lanes)) == 1000
    with Processes() as processes:
        processes.web()
        processes.worker("inbound", ["inbound", "routing", "maintenance"], concurrency=2)
        processes.beat()

        def send(place: int) -> None:
            with Poster(processes.url, channel.pk) as poster:
                for count, fields in enumerate(lanes[place]):
                    if flush and place == 0 and count == len(lanes[0]) // 2:
                        forget_wakeups()
                    assert poster.post(fields) == 200

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(send, range(CONNECTIONS)))
        wait_until_taken_in()
    assert InboundRequest.objects.count() == 1000
    assert set(InboundRequest.objects.values_list("state", flat=True)) == {InboundState.DONE}
    expected = {fields["MessageSid"] for lane in lanes for fields in lane}
    stored = list(Message.objects.exclude(external_id=None).values_list("external_id", flat=True))
    assert len(stored) == len(expected) == DISTINCT
    assert set(stored) == expected
    assert Contact.objects.count() == PEOPLE
    assert Conversation.objects.count() == PEOPLE
    assert set(Conversation.objects.values_list("status", flat=True)) == {Status.OPEN}
