"""The whole way: outbox, a real bridge process and a real SMSC process, with kills and faults."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from conversations.models import Direction, Message
from embedded.ports import free_port
from gateway.channels import check_channel, check_config_with_provider
from gateway.errors import BadCredentials
from gateway.models import Bucket, Channel, Delivery
from gateway.outbox.ask import end_leases
from gateway.outbox.claim import ensure_buckets
from gateway.outbox.queue import queue_delivery
from gateway.outbox.runner import Runner
from gateway.secrets import seal
from gateway.states import State
from tests import builders
from tests.gateway.test_door import drain_all
from tests.payloads.smpp.exhibit import CONFIG, CUSTOMER
from tests.processes import Processes, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WINDOW = 3
LONG_GSM = "Tu cita [martes] cuesta 20 €. " * 12
LONG_UCS2 = "Mañana a las 10 👋 en la clínica. " * 8


class Phones(Processes):
    """The bridge and the simulator, which is the SMSC and its customers' phones."""

    def __init__(self) -> None:
        self.bridge_port, self.simulator_port, self.smsc_port = (free_port() for _ in range(3))
        self.bridge = f"http://127.0.0.1:{self.bridge_port}"
        self.simulator = f"http://127.0.0.1:{self.simulator_port}"
        super().__init__(
            SIMULATOR_URL=self.simulator, SMSC_PORT=str(self.smsc_port), SMPP_URL=self.bridge
        )

    def start_simulator(self) -> None:
        self.start("simulator", "manage", "simulator", "--port", str(self.simulator_port))
        until(lambda: self.answers(f"{self.simulator}/smsc"), "the simulator never came up")

    def start_bridge(self) -> None:
        self.start("smpp", "manage", "smpp")
        until(lambda: self.answers(f"{self.bridge}/healthz"), "the bridge never came up")

    def answers(self, url: str) -> bool:
        try:
            self.get(url)
        except OSError:
            return False
        return True

    def get(self, url: str) -> Any:
        with urllib.request.urlopen(url, timeout=10) as response:
            return json.load(response)

    def post(self, path: str, **body: Any) -> Any:
        request = urllib.request.Request(self.simulator + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def faults(self, **knobs: float) -> None:
        self.post("/faults", provider="smpp", **knobs)

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = self.get(f"{self.simulator}/smsc")
        return {"binds": 0, "parts": 0, "most_open": 0, "unbinds": 0} | found

    def shown(self, to: str) -> list[str]:
        """What is on a customer's phone, or on its way there."""
        query = f"provider=smpp&to=%2B{to.lstrip('+')}"
        return [one["body"] for one in self.get(f"{self.simulator}/sent?{query}")["messages"]]

    def write(self, channel: Channel, text: str) -> int | None:
        body = {"provider": "smpp", "channel_address": str(channel.pk), "from": CUSTOMER}
        status: int | None = self.post("/inbound", **body, text=text)["webhook_status"]
        return status

    def wait_for_bind(self) -> None:
        until(lambda: self.get(f"{self.bridge}/healthz")["bound"] >= 1, "the bridge never bound")


@pytest.fixture(scope="module")
def running(django_db_setup: None, django_db_blocker: Any) -> Iterator[Phones]:
    with django_db_blocker.unblock():
        made = Phones()
    with made:
        made.start_simulator()
        made.start_bridge()
        yield made


@pytest.fixture
def phones(running: Phones, settings: Any) -> Iterator[Phones]:
    settings.GATEWAY_BRIDGES = {"smpp": running.bridge}
    running.faults()
    if "smpp" not in running.running:
        running.start_bridge()
    yield running
    Channel.objects.update(enabled=False)


@pytest.fixture
def channel() -> Channel:
    return make_channel()


def make_channel(**config: str) -> Channel:
    made = Channel.objects.create(
        workspace=builders.workspace(),
        kind="smpp",
        name="SMPP",
        config=seal(CONFIG | {"system_id": uuid4().hex[:12], "window": str(WINDOW)} | config),
        address=CONFIG["source"],
        rate_per_second=1000.0,
    )
    ensure_buckets()
    return made


def queued(channel: Channel, text: str, to: str = "") -> Delivery:
    return queue_delivery(
        channel=channel, text=text, message_uid=uuid4(), address=to or builders.phone()
    )


def run(seconds: float = 10.0) -> None:
    runner = Runner()
    try:
        runner.run(seconds)
    finally:
        runner.close()


def row(delivery: Delivery) -> Delivery:
    return Delivery.objects.get(pk=delivery.pk)


def becomes(delivery: Delivery, state: State) -> Delivery:
    """Wait until a delivery has this state, with what has come in meanwhile."""

    def holds() -> bool:
        drain_all()
        return row(delivery).state == state

    until(holds, f"not {state}", 30)
    return row(delivery)


def ask_now() -> None:
    """The outbox's question is due."""
    Delivery.objects.filter(state=State.UNKNOWN).exclude(ask_at=None).update(ask_at=timezone.now())


def texts(channel: Channel) -> list[str]:
    drain_all()
    found = Message.objects.filter(
        conversation__channel_id=channel.pk, direction=Direction.INBOUND
    ).order_by("pk")
    return [message.text for message in found]


# --- Out ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Hola", LONG_GSM, LONG_UCS2], ids=["short", "gsm", "ucs2"])
@pytest.mark.parametrize("way", ["udh", "sar", "payload"])
def test_texts_arrive_as_they_were_and_receipts_come_back(
    phones: Phones, text: str, way: str
) -> None:
    channel = make_channel(long_messages=way)
    phones.faults(reorder=1, duplicate=1)
    delivery = queued(channel, text)
    run()
    assert row(delivery).state in {State.SENT, State.DELIVERED}
    found = becomes(delivery, State.DELIVERED)
    assert (found.attempts, found.delivered_at is not None) == (1, True)
    assert phones.shown(delivery.address) == [text]


def test_a_sender_of_a_pool_is_the_source_on_the_phone(phones: Phones) -> None:
    channel = make_channel(senders="+34900100200 ES\nSHOP GB")
    delivery = queued(channel, LONG_GSM, "+34600000001")
    run()
    becomes(delivery, State.DELIVERED)
    [message] = phones.get(f"{phones.simulator}/sent?provider=smpp&to=%2B34600000001")["messages"]
    assert message["from"] == "+34900100200"


def test_a_phone_that_cannot_be_reached(phones: Phones, channel: Channel) -> None:
    number = builders.phone()
    phones.post("/phones", number=number, error_code=34)
    delivery = queued(channel, LONG_GSM, number)
    run()
    found = becomes(delivery, State.FAILED)
    assert (found.error_class, found.error_code) == ("Rejected", "UNDELIV 034")


def test_a_phone_that_is_off_for_longer_than_the_message_is_worth(phones: Phones) -> None:
    channel, number = make_channel(validity="10m"), builders.phone()
    phones.post("/phones", number=number, online=False)
    delivery = queued(channel, LONG_GSM, number)
    Delivery.objects.filter(pk=delivery.pk).update(expires_at=timezone.now() + timedelta(seconds=3))
    run()
    found = becomes(delivery, State.EXPIRED)
    assert (found.error_class, found.failed_at) == ("", None)


def test_the_window_is_respected_and_used(phones: Phones, channel: Channel) -> None:
    phones.faults(latency_ms=100)
    deliveries = [queued(channel, f"Number {n}") for n in range(20)]
    run(20)
    assert {row(one).state for one in deliveries} <= {State.SENT, State.DELIVERED}
    assert phones.counts()["most_open"] == WINDOW
    assert [phones.shown(one.address) for one in deliveries] == [[f"Number {n}"] for n in range(20)]


def test_throttled_then_sent_once(phones: Phones, channel: Channel) -> None:
    phones.faults(rate_429=1)
    delivery = queued(channel, LONG_GSM)
    run(1)
    found = row(delivery)
    assert (found.state, found.error_class, found.error_code) == (
        State.QUEUED, "Throttled", "0x58",
    )  # fmt: skip
    assert phones.shown(delivery.address) == []
    phones.faults()
    Bucket.objects.update(refilled_at=timezone.now())
    Delivery.objects.update(due_at=timezone.now())
    run()
    becomes(delivery, State.DELIVERED)
    assert phones.shown(delivery.address) == [LONG_GSM]


def test_a_refused_bind_pauses_the_channel_and_a_new_password_sends(phones: Phones) -> None:
    channel = make_channel(password="wrong1")
    delivery = queued(channel, "Hi")
    run(7)
    found = row(delivery)
    assert (found.state, found.error_class, found.error_code) == (
        State.QUEUED, "BadCredentials", "0x0E",
    )  # fmt: skip
    channel.refresh_from_db()
    assert channel.paused_at is not None
    with pytest.raises(BadCredentials):
        check_channel(channel)
    channel.config, channel.paused_at = seal(CONFIG | {"system_id": uuid4().hex[:12]}), None
    channel.save()
    Bucket.objects.update(refilled_at=timezone.now(), failures=0)
    Delivery.objects.update(due_at=timezone.now())
    run()
    becomes(delivery, State.DELIVERED)
    assert phones.shown(delivery.address) == ["Hi"]


def test_credentials_are_checked_before_they_are_saved(phones: Phones, channel: Channel) -> None:
    checked = check_config_with_provider("smpp", CONFIG | {"system_id": "fresh"})
    assert checked.summary == "fresh, bound to smsc.example.com:2775"
    with pytest.raises(BadCredentials, match="Invalid password"):
        check_config_with_provider("smpp", CONFIG | {"password": "wrong"})
    phones.wait_for_bind()
    assert "bound" in check_channel(channel).summary


@pytest.mark.parametrize(("fault", "arrives"), [("drop_after_accept", 1), ("drop_connection", 0)])
def test_a_connection_lost_in_mid_submit_is_unknown_and_never_sent_again(
    phones: Phones, channel: Channel, fault: str, arrives: int
) -> None:
    phones.faults(**{fault: 1})
    delivery = queued(channel, "Once")
    run(2)
    found = row(delivery)
    assert (found.state, found.error_class) == (State.UNKNOWN, "Ambiguous")
    phones.faults()
    phones.wait_for_bind()
    for _ in range(4):
        ask_now()
        run(1)
        drain_all()
    found = row(delivery)
    assert (found.state, found.ask_at, found.attempts) == (State.UNKNOWN, None, 1)
    assert phones.shown(delivery.address) == ["Once"] * arrives


def test_a_part_too_many_throttles_and_goes_on(phones: Phones, channel: Channel) -> None:
    """Once a part is taken, the others are tried again until they are taken too.

    An outbox that does not wait so long asks the journal what became of it.
    """
    phones.faults(rate_429=0.5)
    deliveries = [queued(channel, f"{n} {LONG_GSM}") for n in range(4)]
    end = time.monotonic() + 60
    while time.monotonic() < end and any(
        row(one).state in {State.QUEUED, State.SENDING, State.UNKNOWN} for one in deliveries
    ):
        ask_now()
        Bucket.objects.update(refilled_at=timezone.now())
        Delivery.objects.filter(state=State.QUEUED).update(due_at=timezone.now())
        run(1)
    phones.faults()
    for number, delivery in enumerate(deliveries):
        assert row(delivery).state in {State.SENT, State.DELIVERED}, row(delivery).error_text
        assert phones.shown(delivery.address) == [f"{number} {LONG_GSM}"]


# --- Kills ----------------------------------------------------------------------------------------


def test_a_bridge_killed_in_mid_submit_leaves_it_unknown(phones: Phones, channel: Channel) -> None:
    phones.wait_for_bind()
    phones.faults(latency_ms=3000)
    delivery = queued(channel, "Once")
    outbox = threading.Thread(target=run, args=(5,))
    outbox.start()
    try:
        until(lambda: phones.shown(delivery.address) == ["Once"], "never submitted")
        phones.kill("smpp")
    finally:
        outbox.join()
    assert row(delivery).state == State.UNKNOWN
    phones.faults()
    phones.start_bridge()
    for _ in range(4):
        ask_now()
        run(1)
    assert row(delivery).state == State.UNKNOWN
    assert phones.shown(delivery.address) == ["Once"]


def test_receipts_find_their_message_after_a_kill(phones: Phones, channel: Channel) -> None:
    phones.faults(late_status_s=2)
    delivery = queued(channel, LONG_GSM)
    run(3)
    assert row(delivery).state == State.SENT
    phones.kill("smpp")
    phones.start_bridge()
    becomes(delivery, State.DELIVERED)
    assert phones.shown(delivery.address) == [LONG_GSM]


def test_a_worker_that_died_before_it_asked_the_bridge(phones: Phones, channel: Channel) -> None:
    """The journal knows nothing of it: it is sent, once."""
    delivery = queued(channel, "Once")
    Delivery.objects.update(
        state=State.SENDING, attempts=1, attempted_at=timezone.now(), lease_until=timezone.now()
    )
    assert end_leases() == 1
    for _ in range(4):
        ask_now()
        run(1)
    becomes(delivery, State.DELIVERED)
    assert phones.shown(delivery.address) == ["Once"]


def test_a_worker_that_died_after_the_bridge_had_sent(phones: Phones, channel: Channel) -> None:
    """The journal knows its id: it is not sent again."""
    phones.faults(late_status_s=3)
    delivery = queued(channel, "Once")
    run(2)
    external_id = row(delivery).external_id
    assert external_id
    Delivery.objects.update(
        state=State.SENDING, external_id=None, sent_at=None, lease_until=timezone.now()
    )
    assert end_leases() == 1
    ask_now()
    run(1)
    assert (row(delivery).state, row(delivery).external_id) == (State.SENT, external_id)
    becomes(delivery, State.DELIVERED)
    assert phones.shown(delivery.address) == ["Once"]


def test_no_bridge_is_no_loss(phones: Phones, channel: Channel) -> None:
    phones.kill("smpp")
    delivery = queued(channel, "Later")
    run(1)
    found = row(delivery)
    assert (found.state, found.error_class) == (State.QUEUED, "Unreachable")
    phones.start_bridge()
    Bucket.objects.update(refilled_at=timezone.now(), failures=0)
    Delivery.objects.update(due_at=timezone.now())
    run()
    becomes(delivery, State.DELIVERED)
    assert phones.shown(delivery.address) == ["Later"]


def test_asked_to_stop_it_unbinds_within_ten_seconds(phones: Phones, channel: Channel) -> None:
    phones.wait_for_bind()
    phones.faults(latency_ms=1000)
    delivery = queued(channel, "Before the end")
    outbox = threading.Thread(target=run, args=(4,))
    outbox.start()
    until(lambda: bool(phones.shown(delivery.address)), "never submitted")
    unbinds, began = phones.counts()["unbinds"], time.monotonic()
    phones.stop("smpp")
    assert time.monotonic() - began < 10
    outbox.join()
    assert phones.counts()["unbinds"] == unbinds + 1
    assert row(delivery).state in {State.SENT, State.DELIVERED}


# --- In -------------------------------------------------------------------------------------------


def test_customers_texts_arrive_as_they_were(phones: Phones, channel: Channel) -> None:
    phones.wait_for_bind()
    for text in ("Hola [ñ]", LONG_GSM, LONG_UCS2, "ok", "ok"):
        assert phones.write(channel, text) == 200
    assert texts(channel) == ["Hola [ñ]", LONG_GSM, LONG_UCS2, "ok", "ok"]


def test_what_is_written_while_the_bridge_is_dead_arrives_once(
    phones: Phones, channel: Channel
) -> None:
    phones.wait_for_bind()
    phones.kill("smpp")
    until(lambda: phones.write(channel, LONG_UCS2) is None, "still bound", 10)
    phones.start_bridge()
    until(lambda: texts(channel) == [LONG_UCS2], "never arrived")


def test_other_credentials_in_the_database_are_followed(phones: Phones, channel: Channel) -> None:
    phones.wait_for_bind()
    binds = phones.counts()["binds"]
    channel.config = seal(CONFIG | {"system_id": uuid4().hex[:12]})
    channel.save()
    until(lambda: phones.counts()["binds"] == binds + 1, "never bound anew")
    Channel.objects.update(enabled=False)
    until(lambda: phones.get(f"{phones.bridge}/healthz")["channels"] == 0, "never let go")


def test_strangers_are_not_served(phones: Phones, channel: Channel) -> None:
    phones.wait_for_bind()
    url = f"{phones.bridge}/channels/{channel.pk}/messages"
    body = json.dumps({"uid": str(uuid4()), "to": CUSTOMER, "text": "Hi"}).encode()
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        request = urllib.request.Request(url, body, headers)
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(request, timeout=10)
        assert raised.value.code == 503
        raised.value.close()
    assert "Hi" not in phones.shown(CUSTOMER)
