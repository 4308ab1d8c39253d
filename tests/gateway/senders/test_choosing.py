"""Messages leave from the sender a person knows, whoever sends them and however often."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.channels import update_channel
from gateway.models import Channel, Delivery, SenderChoice
from gateway.outbox.claim import claim
from gateway.outbox.places import Load
from gateway.outbox.prepare import Lines, prepare_sends
from gateway.outbox.queue import queue_delivery, retry_delivery
from gateway.outbox.row import Row
from gateway.registry import adapter_for
from gateway.senders.choosing import assign_senders
from gateway.senders.pool import Pool
from gateway.states import State
from tests import builders
from tests.gateway import twilio
from tests.gateway.sink import Sink, answer
from tests.gateway.test_door import drain_all
from tests.gateway.test_outbox import run

pytestmark = pytest.mark.django_db(transaction=True)

SPAIN, BRITAIN, GENERAL = "+34900100200", "SHOP", "+442071838750"
SPANIARD, BRITON, GERMAN = "+34600000001", "+447400123456", "+4915112345678"


@pytest.fixture
def sink(settings: object) -> Iterator[Sink]:
    with Sink() as made:
        settings.SIMULATOR_URL = made.url  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def channel() -> Channel:
    """A channel with a pool."""
    pool = f"{SPAIN} ES\n{BRITAIN} GB\n{GENERAL} US"
    return builders.channel(config={"senders": pool})


def queued(channel: Channel, address: str, text: str = "Hi") -> Delivery:
    return queue_delivery(channel=channel, address=address, text=text, message_uid=uuid.uuid4())


def senders(sink: Sink) -> list[tuple[str, str]]:
    return [(fields["To"], fields["From"]) for fields in sink.received]


def write(channel: Channel, person: str, to: str) -> None:
    """A person writes to one of our numbers."""
    twilio.post(channel, twilio.inbound_fields(channel, person, "Hello", To=to))
    drain_all()


def test_the_sender_is_of_the_country_and_noted(sink: Sink, channel: Channel) -> None:
    for person in (SPANIARD, BRITON, GERMAN):
        queued(channel, person)
    run()
    own = channel.address
    assert sorted(senders(sink)) == sorted([(SPANIARD, SPAIN), (BRITON, BRITAIN), (GERMAN, own)])
    rows = Delivery.objects.order_by("id").values_list("address", "sender", "sender_why")
    assert list(rows) == [
        (SPANIARD, SPAIN, "country"),
        (BRITON, BRITAIN, "country"),
        (GERMAN, own, "general"),
    ]
    known = SenderChoice.objects.order_by("id").values_list("workspace", "channel", "address")
    assert set(known) == {
        (channel.workspace_id, channel.pk, person) for person in (SPANIARD, BRITON, GERMAN)
    }


def test_the_number_a_person_wrote_to_is_kept(sink: Sink, channel: Channel) -> None:
    queued(channel, SPANIARD)
    run()
    write(channel, SPANIARD, GENERAL)
    queued(channel, SPANIARD)
    run()
    assert senders(sink) == [(SPANIARD, SPAIN), (SPANIARD, GENERAL)]
    row = Delivery.objects.latest("id")
    assert (row.sender, row.get_sender_why_display()) == (
        GENERAL,
        "the number this person wrote to",
    )


def test_a_number_that_is_none_of_ours_changes_nothing(channel: Channel) -> None:
    write(channel, SPANIARD, "+14155559999")
    assert not SenderChoice.objects.exists()


def test_a_removed_sender_is_followed_by_another(sink: Sink, channel: Channel) -> None:
    write(channel, SPANIARD, BRITAIN)
    queued(channel, SPANIARD)
    run()
    update_channel(channel=channel, member=None, config={"senders": f"{SPAIN} ES\n{GENERAL}"})
    queued(channel, SPANIARD)
    run()
    assert senders(sink) == [(SPANIARD, BRITAIN), (SPANIARD, SPAIN)]
    assert SenderChoice.objects.get().why == "country"


def test_without_a_pool_the_channels_own_sender_counts(sink: Sink, channel: Channel) -> None:
    queued(channel, SPANIARD)
    run()
    update_channel(channel=channel, member=None, config={"senders": ""})
    queued(channel, SPANIARD)
    run()
    assert senders(sink) == [(SPANIARD, SPAIN), (SPANIARD, channel.address)]
    assert Delivery.objects.latest("id").sender is None


def test_a_retry_leaves_from_the_same_sender(sink: Sink, channel: Channel) -> None:
    sink.answers = [answer(400, 21211)]
    delivery = queued(channel, SPANIARD)
    run()
    write(channel, SPANIARD, GENERAL)
    retry_delivery(delivery=delivery)
    run()
    assert senders(sink) == [(SPANIARD, SPAIN), (SPANIARD, SPAIN)]


def test_an_unclear_send_is_looked_for_under_its_sender(sink: Sink, channel: Channel) -> None:
    sink.answers = [answer(500, 20500)]
    delivery = queued(channel, SPANIARD)
    run(0.5)
    assert Delivery.objects.get().state == State.UNKNOWN
    about = {"direction": "outbound-api", "body": "Hi", "to": SPANIARD}
    created = timezone.now().strftime("%a, %d %b %Y %H:%M:%S +0000")
    sink.listed = [
        {**about, "sid": "SM" + "1" * 32, "from": channel.address, "date_created": created},
        {**about, "sid": "SM" + "2" * 32, "from": SPAIN, "date_created": created},
    ]
    Delivery.objects.update(ask_at=timezone.now())
    run(1)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.external_id) == (State.SENT, "SM" + "2" * 32)


def test_one_statement_more_however_many_and_none_without_a_pool(channel: Channel) -> None:
    plain = builders.channel()
    for n in range(20):
        queued(plain, f"+3460000{n:04d}")
    assert _statements() == ["WITH due"]
    for n in range(20):
        queued(channel, f"+3460000{n:04d}")
    assert _statements() == ["WITH due", "WITH v A"]


def _statements() -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        prepared = prepare_sends(claim(Load()), Lines())
    assert len(prepared.ready) == 20
    assert not prepared.broken
    return [query["sql"].strip()[:8] for query in captured.captured_queries]


def test_two_workers_give_a_person_one_sender(channel: Channel) -> None:
    """They know different pools, as when one has just been changed; the first choice holds."""
    rows = [Row.of_delivery(queued(channel, SPANIARD)) for _ in range(16)]
    pool = adapter_for(channel).senders()
    assert pool is not None
    others = Pool(tuple(one for one in pool.senders if one.value != SPAIN))
    both = [{channel.pk: pool if n % 2 else others} for n in range(16)]

    def work(row: Row, pools: dict[UUID, Pool]) -> None:
        try:
            assign_senders([row], pools)
        finally:
            connections.close_all()

    others_first = rows[0]
    work(others_first, both[0])
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, rows[1:], both[1:]))
    assert {row.sender for row in rows} == {others_first.sender}
    assert set(Delivery.objects.values_list("sender", flat=True)) == {others_first.sender}


def test_a_choice_is_of_one_workspace_and_channel(sink: Sink, channel: Channel) -> None:
    other = builders.channel(config={"senders": f"{SPAIN} ES\n{GENERAL} GB"})
    write(channel, SPANIARD, GENERAL)
    queued(other, SPANIARD)
    run()
    assert senders(sink) == [(SPANIARD, SPAIN)]
    assert SenderChoice.objects.get(workspace=channel.workspace).sender == GENERAL
    assert SenderChoice.objects.get(workspace=other.workspace).sender == SPAIN


def test_nothing_leaves_without_a_noted_sender(sink: Sink, channel: Channel) -> None:
    queued(channel, SPANIARD)
    plain = queued(builders.channel(), BRITON)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_senderchoice RENAME TO gateway_away")
    try:
        run(0.5)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE gateway_away RENAME TO gateway_senderchoice")
    assert [to for to, _sender in senders(sink)] == [plain.address]
    row = Delivery.objects.get(address=SPANIARD)
    assert (row.state, row.attempts, row.sender) == (State.QUEUED, 0, None)
    run()
    assert senders(sink)[1:] == [(SPANIARD, SPAIN)]
