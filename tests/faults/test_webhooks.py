"""Webhooks repeated, reversed, early, many in one and many at once: each counts once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from conversations.models import Conversation, Message
from gateway.models import Delivery, DeliveryStatus, InboundRequest
from gateway.states import State
from tests import builders
from tests.faults.door import Fields, Poster, in_lanes, post_all
from tests.faults.ledger import each_event_appears_once, exact, wait_until_sent, wait_until_taken_in
from tests.faults.many import SECRET
from tests.faults.provider import accept, report_first
from tests.faults.stack import Stack, queue
from tests.gateway import twilio

pytestmark = pytest.mark.slow

WORDS = ["read", "delivered", "sent", "queued"]


def test_the_same_one_ten_times_at_once(stack: Stack) -> None:
    channel = builders.channel()
    stack.inbound(concurrency=2)
    stack.outbound()
    messages = [twilio.inbound_fields(channel, "+14155580001", f"Message {n}") for n in range(10)]
    assert set(post_all(stack.url, channel, [messages] * 10)) == {200}
    wait_until_taken_in()
    assert InboundRequest.objects.count() == 100
    each_event_appears_once(messages)


def test_statuses_reversed_and_repeated(stack: Stack) -> None:
    channel = builders.channel()
    queue(channel, 10)
    stack.inbound(concurrency=2)
    stack.outbound()
    wait_until_sent()
    sends = stack.provider.accepted_of(channel.address)

    def report_all(send_and_words: tuple[int, list[str]]) -> None:
        place, words = send_and_words
        assert [stack.provider.report(sends[place], word) for word in words] == [200] * len(words)

    # Each message's reports come backwards, and a second time side by side with the first.
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(report_all, [(place, WORDS) for place in range(10) for _ in range(2)]))
    wait_until_taken_in()
    assert exact(stack.provider, 10) == {State.READ: 10}
    assert DeliveryStatus.objects.count() == 30
    assert not Delivery.objects.filter(sent_at=None).exists()
    assert not Delivery.objects.filter(delivered_at=None).exists()


def test_a_status_comes_before_its_send_has_returned(stack: Stack) -> None:
    channel = builders.channel()
    early = [report_first("delivered"), report_first("sent"), report_first("undelivered")]
    stack.provider.plan[channel.address].extend([*early, accept])
    queue(channel, 4)
    stack.inbound()
    stack.outbound()
    wait_until_sent()
    wait_until_taken_in()
    states = exact(stack.provider, 4, allowed="failed")
    assert states == {State.DELIVERED: 1, State.SENT: 2, State.FAILED: 1}
    by_uid = {row.uid: row for row in Delivery.objects.all()}
    assert all(by_uid[send.uid].external_id == send.sid for send in stack.provider.taken)


def test_one_body_with_many_events(stack: Stack, many: str) -> None:
    channel = builders.channel(kind=many)
    queue(channel, 2)
    stack.inbound()
    stack.outbound()
    wait_until_sent()
    events: list[dict[str, str]] = [
        {"id": f"E{n}", "from": f"+1415558{n % 4:04d}", "text": f"Message {n}"} for n in range(20)
    ]
    reports = [
        {"id": send.sid, "status": word}
        for send in stack.provider.taken
        for word in ("delivered", "sent")
    ]
    body = json.dumps({"events": [*events[:10], *reports, *events[10:], *events[:5]]})
    headers = {"Content-Type": "application/json", "X-Secret": SECRET}
    with Poster(stack.url, channel.pk) as poster:
        assert [poster.request(poster.path, body, headers) for _ in range(3)] == [200] * 3
    wait_until_taken_in()
    written: list[Fields] = [
        {"MessageSid": event["id"], "From": event["from"], "Body": event["text"]}
        for event in events
    ]
    each_event_appears_once(written)
    assert exact(stack.provider, 2) == {State.DELIVERED: 2}
    for conversation in Conversation.objects.all():
        texts = Message.objects.filter(conversation=conversation).order_by("id")
        numbers = [int(text.split()[1]) for text in texts.values_list("text", flat=True)]
        assert numbers == sorted(numbers), "a conversation is out of order"


def test_a_burst_of_five_thousand(stack: Stack) -> None:
    channel = builders.channel()
    stack.inbound(concurrency=2)
    stack.outbound()
    burst = [
        twilio.inbound_fields(channel, f"+1415558{n % 500:04d}", f"Message {n}")
        for n in range(5_000)
    ]
    assert set(post_all(stack.url, channel, in_lanes(burst, 16))) == {200}
    wait_until_taken_in(180)
    each_event_appears_once(burst)
