"""The whole way between real processes: customers' phones, Meta's look-alike, inbox and outbox."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Role
from conversations.models import Conversation, Direction, Message
from conversations.services import send_message
from embedded.ports import free_port
from gateway.channels import check_channel, create_channel
from gateway.content.reading import read
from gateway.media.fetching import fetch_due
from gateway.media.models import FileState, MessageFile, StoredFile
from gateway.models import Channel, Delivery, InboundRequest, SignatureRefusal, Suppression
from gateway.outbox.claim import ensure_buckets
from gateway.outbox.queue import queue_delivery
from gateway.outbox.runner import Runner
from gateway.states import State
from tests import builders
from tests.api.client import Caller, caller
from tests.gateway.media.shelf import JPEG
from tests.gateway.test_door import drain_all
from tests.payloads.whatsapp.exhibit import NUMBER, config
from tests.processes import Processes, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Phones(Processes):
    """The product's web process, and the simulator: Meta and the customers' phones.

    ``customer`` is another person in each test.
    """

    customer = ""

    def __init__(self) -> None:
        self.simulator_port = free_port()
        self.simulator = f"http://127.0.0.1:{self.simulator_port}"
        super().__init__(SIMULATOR_URL=self.simulator, DEBUG="1")

    def start_all(self) -> None:
        self.start("simulator", "manage", "simulator", "--port", str(self.simulator_port))
        self.web()
        until(self.simulates, "the simulator never came up")

    def simulates(self) -> bool:
        try:
            return bool(self.ask("/faults"))
        except OSError:
            return False

    def ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.simulator + path, data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def write(self, text: str = "", *, sender: str = "", **more: Any) -> str:
        """A customer writes or does something, and it is taken in."""
        who = sender or self.customer
        body = {"provider": "whatsapp", "channel_address": NUMBER, "from": who, "text": text}
        said = self.ask("/inbound", body | more)
        assert said["webhook_status"] in {200, None}
        drain_all()
        sid: str = said["sid"]
        return sid

    def sent(self) -> list[dict[str, Any]]:
        query = f"provider=whatsapp&to=%2B{self.customer.lstrip('+')}"
        found: list[dict[str, Any]] = self.ask(f"/sent?{query}")["messages"]
        return found


@pytest.fixture(scope="module")
def running(django_db_setup: None, django_db_blocker: Any) -> Iterator[Phones]:
    with django_db_blocker.unblock():
        made = Phones()
    with made:
        made.start_all()
        yield made


@pytest.fixture
def phones(running: Phones, settings: Any, tmp_path: Path) -> Iterator[Phones]:
    settings.DEBUG, settings.SIMULATOR_URL = True, running.simulator
    settings.PUBLIC_URL = running.url
    media = {**settings.STORAGES["media"], "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "media": media}
    running.customer = builders.phone()
    yield running
    Channel.objects.update(enabled=False)


@pytest.fixture
def api() -> Caller:
    return caller(Role.ADMIN)


@pytest.fixture
def channel(phones: Phones, api: Caller) -> Channel:
    made = create_channel(
        workspace=api.workspace,
        member=None,
        kind="whatsapp",
        name="WhatsApp",
        config=config(),
        rate_per_second=1000.0,
    )
    ensure_buckets()
    # The simulator reads the channels every two seconds, or when something is not found.
    until(lambda: lines(phones) == [str(made.pk)], "the simulator does not see the channel")
    return made


def lines(phones: Phones) -> list[str]:
    """The channels that the simulator knows."""
    return [line["channel"] for line in phones.ask("/phone/state")["lines"]]


def run(seconds: float = 10.0) -> None:
    runner = Runner()
    try:
        runner.run(seconds)
    finally:
        runner.close()


def becomes(delivery: Delivery, state: State) -> Delivery:
    """Wait until a delivery has this state, with what has come in meanwhile."""

    def holds() -> bool:
        drain_all()
        return Delivery.objects.get(pk=delivery.pk).state == state

    until(holds, f"not {state}", 30)
    return Delivery.objects.get(pk=delivery.pk)


def answer(api: Caller, conversation: Conversation, **body: Any) -> Delivery:
    """An answer by the API, sent; its (last) delivery."""
    said = api.post(f"conversations/{conversation.pk}/messages/", body)
    assert said.status_code == 201, said.content
    run()
    uid = Message.objects.get(pk=said.json()["id"]).uid
    found = Delivery.objects.filter(message_uid=uid).order_by("-part").first()
    assert found is not None
    return found


def talk(phones: Phones, api: Caller) -> Conversation:
    phones.write("¿Dónde está mi pedido?")
    return Conversation.objects.get(workspace=api.workspace)


def test_both_ways_with_buttons_quotes_and_reports(
    phones: Phones, api: Caller, channel: Channel
) -> None:
    conversation = talk(phones, api)
    [row] = api.get(f"conversations/{conversation.pk}/messages/").json()["results"][-1:]
    assert row["text"] == "¿Dónde está mi pedido?"
    assert conversation.address.value == phones.customer

    offer = {
        "text": "¿Se lo enviamos mañana?",
        "suggestions": [{"type": "reply", "text": "Sí", "payload": "send:tomorrow"}],
    }
    delivery = becomes(answer(api, conversation, content=offer), State.DELIVERED)
    [sent] = phones.sent()
    assert (sent["sid"], sent["body"]) == (delivery.external_id, "¿Se lo enviamos mañana?")
    assert sent["content"]["biz_opaque_callback_data"] == str(delivery.uid)

    phones.write("Sí", payload="send:tomorrow")
    tapped = Message.objects.filter(direction=Direction.INBOUND).order_by("id").last()
    assert tapped is not None
    assert tapped.text == "Sí"
    assert tapped.data["tap"]["payload"] == "send:tomorrow"

    question = Message.objects.filter(direction=Direction.INBOUND).order_by("id")[0]
    send_message(conversation=conversation, author=api.member, text="Aquí", quotes=question)
    run()
    assert phones.sent()[-1]["content"]["context"] == {"message_id": question.external_id}
    people = {"contacts": [{"name": "Ana de la Vega", "phones": ["+34 600 111 222"]}]}
    becomes(answer(api, conversation, content=people), State.DELIVERED)
    assert phones.sent()[-1]["body"] == "Ana de la Vega +34600111222"
    phones.ask("/phone/seen", {"phone": phones.customer})
    becomes(delivery, State.READ)
    assert not SignatureRefusal.objects.exists()


def test_a_file_each_way(phones: Phones, api: Caller, channel: Channel) -> None:
    conversation = talk(phones, api)
    data = base64.b64encode(JPEG).decode()
    phones.write("La caja", media=[{"content_type": "image/jpeg", "data": data}])
    fetch_due(5)
    row = MessageFile.objects.get()
    assert (row.state, row.content_type) == (FileState.STORED, "image/jpeg")
    file = StoredFile.objects.get()
    content = {"text": "Esta", "media": [{"file": str(file.uid)}]}
    becomes(answer(api, conversation, content=content), State.DELIVERED)
    image = phones.sent()[-1]["content"]["image"]
    assert image["caption"] == "Esta"
    assert image["link"].startswith(f"{phones.url}/m/")


def test_an_edit_a_reaction_and_a_message_taken_back(
    phones: Phones, api: Caller, channel: Channel
) -> None:
    conversation = talk(phones, api)
    message = Message.objects.get(conversation=conversation, direction=Direction.INBOUND)
    sid = str(message.external_id)
    phones.write("¿Dónde está mi paquete?", event="edit", message_id=sid)
    message.refresh_from_db()
    assert message.text == "¿Dónde está mi paquete?"
    ours = answer(api, conversation, text="En camino")
    phones.write("❤️", event="reaction", message_id=str(ours.external_id))
    phones.write(event="revoke", message_id=sid)
    answered = Message.objects.get(uid=ours.message_uid)
    assert answered.data["reactions"] == {phones.customer: "❤️"}
    assert not InboundRequest.objects.exclude(state="done").exists()
    before = Message.objects.count()
    phones.write("Le llamo", event="echo")
    assert Message.objects.count() == before + 1
    assert Message.objects.order_by("id").last().text == "Le llamo"  # type: ignore[union-attr]


def test_somebody_without_a_number_is_answered_by_their_id(
    phones: Phones, api: Caller, channel: Channel
) -> None:
    phones.write("Hi", sender="US.1234")
    conversation = Conversation.objects.get(workspace=api.workspace)
    assert (conversation.address.kind, conversation.address.value) == ("whatsapp", "US.1234")
    becomes(answer(api, conversation, text="Hello"), State.DELIVERED)
    found = phones.ask("/sent?provider=whatsapp&to=US.1234")["messages"]
    assert [one["content"]["recipient"] for one in found] == ["US.1234"]


def test_the_window_closes_and_a_template_still_goes(
    phones: Phones, api: Caller, channel: Channel
) -> None:
    conversation = talk(phones, api)
    phones.write(event="close_window")
    failed = becomes(answer(api, conversation, text="¿Sigue ahí?"), State.FAILED)
    assert (failed.error_class, failed.error_code) == ("WindowClosed", "131047")
    use = {"name": "order_update", "language": "es", "text": "Hola, Ana: hay novedades"}
    assert api.post(f"channels/{channel.pk}/templates/sync/").status_code == 200
    content = read({"template": use | {"body": {"1": "Ana", "2": "7"}}})
    send_message(conversation=conversation, author=api.member, content=content)
    run()
    until(lambda: bool(phones.sent()[-1]["displayed"]), "the template was not shown")
    assert phones.sent()[-1]["body"].startswith("Hola, Ana: hay novedades sobre su pedido 7")


def test_who_stops_marketing_is_on_the_list(phones: Phones, api: Caller, channel: Channel) -> None:
    talk(phones, api)
    phones.write(event="stop")
    assert list(Suppression.objects.values_list("medium", "address")) == [
        ("whatsapp", phones.customer)
    ]
    phones.write(event="resume")
    assert not Suppression.objects.exists()


def test_the_account_is_checked(phones: Phones, channel: Channel) -> None:
    assert check_channel(channel).summary == f"WhatsApp, {NUMBER}"


def test_meta_verifies_the_webhooks_address(phones: Phones, channel: Channel) -> None:
    token = config()["verify_token"]
    url = f"{phones.url}/webhooks/{channel.pk}/?hub.mode=subscribe&hub.challenge=77"
    with urllib.request.urlopen(f"{url}&hub.verify_token={token}", timeout=10) as found:
        assert (found.status, found.read()) == (200, b"77")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{url}&hub.verify_token=wrong", timeout=10)
    assert not InboundRequest.objects.exists()


def test_an_answer_that_gets_lost_is_settled_by_its_report(
    phones: Phones, api: Caller, channel: Channel
) -> None:
    """Sends are not idempotent; our uid comes back in the status."""
    talk(phones, api)
    phones.ask("/faults", {"provider": "whatsapp", "drop_after_accept": 1})
    try:
        delivery = queue_delivery(
            channel=channel, address=phones.customer, text="Once", message_uid=uuid4()
        )
        run()
        becomes(delivery, State.DELIVERED)
    finally:
        phones.ask("/faults", {"provider": "whatsapp"})
    assert [one["body"] for one in phones.sent()].count("Once") == 1
