"""Stored requests become messages: exactly once, in order, whatever else is in the batch."""

import threading
from collections.abc import Callable, Mapping

import pytest
from django.db import IntegrityError, connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.models import ConsentRecord, Contact
from conversations.lines import Key, Thread
from conversations.models import Conversation, Message, Status
from conversations.services import resolve
from gateway.drain import drain, in_words
from gateway.inbound import replay
from gateway.models import Channel, InboundRequest, InboundState, Suppression
from gateway.suppression import suppress
from tests import builders
from tests.gateway import twilio
from tests.gateway.test_door import drain_all

pytestmark = pytest.mark.django_db(transaction=True)


def write(channel: Channel, sender: str, text: str, **fields: str) -> None:
    """A customer's message, accepted at the door."""
    assert (
        twilio.post(channel, twilio.inbound_fields(channel, sender, text, **fields)).status_code
        == 200
    )


def test_repeats_change_nothing() -> None:
    channel = builders.channel()
    same = twilio.sid()
    for _ in range(3):
        write(channel, "+14155550100", "Hi", sid=same)
    drain_all()
    write(channel, "+14155550100", "Hi", sid=same)
    drain_all()
    assert Message.objects.count() == 1
    assert Conversation.objects.get().version == 1
    assert Contact.objects.count() == 1


def test_one_persons_messages_keep_their_order() -> None:
    channel = builders.channel()
    for n in range(20):
        write(channel, "+14155550100", f"{n}")
    drain_all()
    texts = Message.objects.order_by("created_at", "id").values_list("text", flat=True)
    assert list(texts) == [f"{n}" for n in range(20)]
    assert Conversation.objects.get().preview == "19"


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.SNOOZED, Status.PENDING])
def test_a_new_message_reopens(status: str) -> None:
    channel = builders.channel()
    write(channel, "+14155550100", "first")
    drain_all()
    Conversation.objects.update(status=status, snoozed_until=timezone.now())
    write(channel, "+14155550100", "second")
    drain_all()
    conversation = Conversation.objects.get()
    assert conversation.status == Status.OPEN
    assert conversation.queued_at is not None
    assert conversation.snoozed_until is None
    assert conversation.messages.count() == 2


def test_a_repeat_of_an_old_message_does_not_reopen() -> None:
    channel = builders.channel()
    same = twilio.sid()
    write(channel, "+14155550100", "first", sid=same)
    drain_all()
    resolve(conversation=Conversation.objects.get(), by=None)
    write(channel, "+14155550100", "first", sid=same)
    drain_all()
    assert Conversation.objects.get().status == Status.RESOLVED


def test_the_same_number_in_two_workspaces_is_two_contacts() -> None:
    for channel in [builders.channel(), builders.channel()]:
        write(channel, "+14155550100", "Hi")
    drain_all()
    assert Contact.objects.count() == Conversation.objects.count() == 2


def stopped() -> set[tuple[str, str]]:
    """Who is on the suppression list, by medium."""
    return set(Suppression.objects.values_list("medium", "address"))


def test_stop_and_start_take_effect_in_order() -> None:
    channel = builders.channel()
    write(channel, "+14155550100", "STOP")
    drain_all()
    assert stopped() == {("sms", "+14155550100"), ("rcs", "+14155550100")}
    write(channel, "+14155550100", "START")
    drain_all()
    assert not stopped()
    assert Message.objects.count() == 2


def test_a_repeated_start_does_not_undo_a_later_stop() -> None:
    channel = builders.channel()
    start = twilio.sid()
    write(channel, "+14155550100", "START", sid=start)
    write(channel, "+14155550100", "STOP")
    drain_all()
    write(channel, "+14155550100", "START", sid=start)
    drain_all()
    assert stopped() == {("sms", "+14155550100"), ("rcs", "+14155550100")}
    newest = ConsentRecord.objects.latest("id")
    assert (ConsentRecord.objects.filter(medium="sms").count(), newest.status) == (2, "withdrawn")


def test_start_does_not_lift_what_was_no_stop() -> None:
    channel = builders.channel()
    suppress(
        workspace_id=channel.workspace_id,
        medium="rcs",
        address="+14155550100",
        reason=Suppression.Reason.BLOCKED,
        source="agent",
    )
    write(channel, "+14155550100", "STOP")
    write(channel, "+14155550100", "START")
    drain_all()
    assert stopped() == {("rcs", "+14155550100")}


def test_a_refused_row_is_named_without_its_contents() -> None:
    error = IntegrityError("refused\nDETAIL:  Failing row contains (secret words).")
    assert in_words(error) == "IntegrityError: refused"


def test_a_request_that_breaks_the_receivers_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from conversations import ingest

    genuine = ingest._insert

    def breaks(threads: Mapping[Key, Thread]) -> None:
        texts = [line.message.text for thread in threads.values() for line in thread.lines]
        if "poison" in texts:
            raise ValueError("cannot digest this")
        genuine(threads)

    monkeypatch.setattr(ingest, "_insert", breaks)
    channel = builders.channel()
    for text in ["one", "poison", "two"]:
        write(channel, "+14155550100", text)
    drain_all()
    assert sorted(Message.objects.values_list("text", flat=True)) == ["one", "two"]
    failed = InboundRequest.objects.get(state=InboundState.FAILED)
    assert "cannot digest this" in failed.error
    monkeypatch.undo()
    replay(requests=InboundRequest.objects.all())
    drain_all()
    assert Message.objects.count() == 3
    assert not InboundRequest.objects.exclude(state=InboundState.DONE).exists()


def in_parallel(count: int, work: Callable[[int], object]) -> None:
    """Run ``work`` in threads that start together; the first error is raised."""
    barrier, errors = threading.Barrier(count), []

    def once(place: int) -> None:
        try:
            barrier.wait()
            work(place)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=once, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_concurrent_drains_open_one_conversation() -> None:
    channel = builders.channel()
    for n in range(40):
        write(channel, f"+1415555010{n % 5}", f"{n}")
    # All in different shards on purpose: the constraint alone must keep one open conversation.
    for place, row in enumerate(InboundRequest.objects.all()):
        row.shard = place % 8
        row.save()
    in_parallel(8, lambda place: [drain() for _ in range(3)])
    drain_all()
    assert Message.objects.count() == 40
    assert Conversation.objects.count() == Contact.objects.count() == 5


def statements(count: int) -> int:
    """Statements to drain ``count`` messages of as many people, in one shard."""
    channel = builders.channel()
    for n in range(count):
        write(channel, builders.phone(), f"{n}")
    InboundRequest.objects.filter(state=InboundState.NEW).update(shard=0)
    with CaptureQueriesContext(connection) as captured:
        assert drain(batches=1) == count
    return len(captured)


def test_the_number_of_statements_does_not_grow_with_the_batch() -> None:
    few = statements(1)
    assert statements(100) == few
    assert statements(500) == few
    assert few <= 20
