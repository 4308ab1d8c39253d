"""At the moment of sending: closed windows stop free text, counts and tokens are taken once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.answering import with_about
from gateway.content.model import Content
from gateway.errors import WindowClosed
from gateway.events import About
from gateway.fallback.model import Fallback, Success, Verdict
from gateway.fallback.policy import Policy
from gateway.models import Batch, Channel, Delivery, ReplyWindow
from gateway.outbox.ask import end_leases
from gateway.outbox.claim import Claim, claim
from gateway.outbox.places import Load
from gateway.outbox.prepare import Lines, Prepared, prepare_sends
from gateway.outbox.queue import (
    BulkItem,
    Terms,
    queue_bulk,
    queue_delivery,
    queue_parts,
    retry_delivery,
)
from gateway.outbox.row import Row
from gateway.states import State
from tests import builders
from tests.gateway.test_outbox import run
from tests.gateway.windows.talk import TalkSink

pytestmark = pytest.mark.django_db(transaction=True)

ANN = "+14155550101"
HOUR = timedelta(hours=1)
TEMPLATE: dict[str, Any] = {
    "template": {"name": "hello", "language": "en", "text": "Hello", "body": {"1": "Ann"}}
}


def opened(channel: Channel, address: str = ANN, **fields: Any) -> ReplyWindow:
    """A window, open for an hour more."""
    fields = {"until": timezone.now() + HOUR, "heard_at": timezone.now()} | fields
    return ReplyWindow.objects.create(
        workspace=channel.workspace, channel=channel, address=address, **fields
    )


def queued(channel: Channel, about: About | None = None, **content: Any) -> Delivery:
    """A reply in the outbox; ``content`` instead of its own."""
    row = queue_delivery(channel=channel, address=ANN, text="Hi", message_uid=uuid.uuid4())
    if about or content:
        row.content = content or with_about(row.content, about or About())
        row.save(update_fields=["content"])
    return row


def bulk(channel: Channel, addresses: list[str]) -> None:
    """Bulk in the outbox."""
    batch = Batch.objects.create(workspace=channel.workspace)
    queue_bulk(
        channel=channel, batch=batch, items=[BulkItem(uuid.uuid4(), one, "Hi") for one in addresses]
    )


def prepared() -> Prepared:
    """One claim and its preparation; its rows stay ``sending``."""
    return prepare_sends(claim(Load({}, {}, set())), Lines())


def tokens(made: Prepared) -> list[str]:
    return [one.message.reply_token for one in made.ready]


@pytest.mark.parametrize("fields", [None, {"until": timezone.now() - HOUR}, {"messages_left": 0}])
def test_free_text_with_a_closed_window_makes_no_request(
    sink: TalkSink, fields: dict[str, Any] | None
) -> None:
    channel = builders.channel(kind="talk")
    if fields is not None:
        opened(channel, **fields)
    delivery = queued(channel)
    run(1)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error_class) == (State.FAILED, "WindowClosed")
    assert sink.received == []
    assert delivery.attempts == 1


def test_it_may_be_sent_again_when_the_customer_has_written(sink: TalkSink) -> None:
    channel = builders.channel(kind="talk")
    delivery = queued(channel)
    run(1)
    window = opened(channel)
    delivery.refresh_from_db()
    retry_delivery(delivery=delivery)
    run(1)
    [sent] = sink.received
    assert (sent["Body"], sent["Until"]) == ("Hi", window.until.isoformat())  # type: ignore[union-attr]


def test_a_template_needs_no_window(sink: TalkSink) -> None:
    queued(builders.channel(kind="talk"), **TEMPLATE)
    run(1)
    assert [one["Template"] for one in sink.received] == ["hello {'1': 'Ann'}"]


def test_nor_does_what_is_public(sink: TalkSink) -> None:
    queued(builders.channel(kind="talk"), About(public=True, reply_to="p1"))
    run(1)
    assert len(sink.received) == 1


def test_for_longer_if_a_person_wrote_it() -> None:
    channel = builders.channel(kind="talk")
    over = timezone.now() - HOUR
    opened(channel, until=over, human_until=timezone.now() + HOUR)
    person, machine = queued(channel, About(person=True)), queued(channel, About(reply_to="x"))
    first = prepared()
    assert [(one.row.pk, one.message.window_until) for one in first.ready] == [(person.pk, over)]
    Delivery.objects.filter(pk=person.pk).update(state=State.SENT)
    [broken] = prepared().broken
    assert broken.row.pk == machine.pk
    assert isinstance(broken.error, WindowClosed)


def test_counted_messages_are_taken_one_by_one() -> None:
    channel = builders.channel(kind="counted")
    opened(channel, messages_left=2)
    bulk(channel, [ANN, ANN, ANN])
    made = prepared()
    assert [one.row.pk for one in made.ready] == list(
        Delivery.objects.order_by("id").values_list("pk", flat=True)[:2]
    )
    assert [type(one.error) for one in made.broken] == [WindowClosed]
    window = ReplyWindow.objects.get()
    assert (window.messages_left, sorted(window.taken_by)) == (
        0,
        [one.row.pk for one in made.ready],
    )


def test_what_a_dead_worker_had_taken_is_not_taken_again() -> None:
    channel = builders.channel(kind="counted")
    opened(channel, messages_left=1, token="t1", token_at=timezone.now())
    queued(channel)
    assert tokens(prepared()) == ["t1"]
    Delivery.objects.update(lease_until=timezone.now() - HOUR)
    end_leases()
    Delivery.objects.update(state=State.QUEUED, due_at=timezone.now())
    assert tokens(prepared()) == ["t1"]
    assert ReplyWindow.objects.get().messages_left == 0


def test_a_token_answers_once_and_only_while_it_is_fresh() -> None:
    channel = builders.channel(kind="tokens")
    opened(channel, until=None, token="t1", token_at=timezone.now())
    bulk(channel, [ANN, ANN])
    assert tokens(prepared()) == ["t1", ""]
    ReplyWindow.objects.update(token_for=None, token_at=timezone.now() - 2 * HOUR)
    bulk(channel, [ANN])
    assert tokens(prepared()) == [""]


def test_two_workers_give_a_token_and_the_last_message_once() -> None:
    channel = builders.channel(kind="counted")
    opened(channel, messages_left=1, token="t1", token_at=timezone.now())
    bulk(channel, [ANN] * 8)
    claimed = claim(Load({}, {}, set()))
    assert len(claimed.rows) == 8

    def send(place: int) -> Prepared:
        try:
            one = Claim([claimed.rows[place]], None, accounts=claimed.accounts)
            return prepare_sends(one, Lines())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(send, range(8)))
    ready = [one for each in made for one in each.ready]
    assert [one.message.reply_token for one in ready] == ["t1"]
    assert sum(len(each.broken) for each in made) == 7
    assert ReplyWindow.objects.get().messages_left == 0


@pytest.mark.parametrize("count", [1, 100, 500])
@pytest.mark.parametrize(("kind", "statements"), [("twilio_sms", 0), ("counted", 1)])
def test_one_statement_a_batch_and_none_without_windows(
    kind: str, statements: int, count: int
) -> None:
    channel = builders.channel(kind=kind, rate_per_second=100_000.0)
    addresses = [f"+1415555{n:04d}" for n in range(count)]
    bulk(channel, addresses)
    for one in addresses:
        opened(channel, one, messages_left=5, token="t", token_at=timezone.now())
    rows = list(Delivery.objects.order_by("id"))
    claimed = claim(Load({}, {}, set()))
    given = Claim([Row.of_delivery(row) for row in rows], None, accounts=claimed.accounts)
    with CaptureQueriesContext(connection) as seen:
        made = prepare_sends(given, Lines())
    assert len(seen) == statements
    assert len(made.ready) == count
    assert set(tokens(made)) == {"t" if statements else ""}


def test_another_channel_takes_over_what_is_closed(sink: TalkSink) -> None:
    sms = builders.channel()
    channel = builders.channel(sms.workspace, kind="talk")
    terms = Terms(uuid.uuid4(), fallback=Policy(sms, 0, Success.SENT))
    [row] = queue_parts(channel=channel, address=ANN, parts=[Content("Hello")], terms=terms)
    run(1)
    row.refresh_from_db()
    assert (row.state, row.error_class) == (State.REPLACED, "WindowClosed")
    assert Fallback.objects.get().verdict == Verdict.FAILED
    instead = Delivery.objects.get(replaces=row)
    assert (instead.channel, instead.state) == (sms, State.SENT)
    assert [one["Body"] for one in sink.received] == ["Hello"]
