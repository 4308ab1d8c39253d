"""The whole way of two messengers: real web and simulator processes, the API, files both ways."""

import base64
import json
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from contacts.models import Address
from conversations.models import Message
from embedded.ports import free_port
from gateway.drain import drain
from gateway.duties.doing import do_due
from gateway.duties.model import ChannelDuty
from gateway.media.fetching import fetch_due
from gateway.media.models import StoredFile
from gateway.media.storing import media_storage
from gateway.models import Channel, ChannelLog, Delivery, SignatureRefusal, Suppression
from gateway.outbox.runner import Runner
from gateway.secrets import unseal
from gateway.states import State
from simulator.identities import identity
from tests.api.client import Caller, caller
from tests.gateway.media.shelf import PIXEL
from tests.gateway.media.test_serving import upload
from tests.payloads.telegram import exhibit as telegram
from tests.payloads.viber import exhibit as viber
from tests.processes import Processes, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CUSTOMER = "+14155550114"
SECRETS = (telegram.TOKEN, viber.TOKEN)
LONG = "order:" + "9" * 70
PDF = b"%PDF-1.4\n" + b"x" * 200


class Stack:
    """A web process, a simulator, and a channel whose customer is CUSTOMER."""

    def __init__(self, processes: Processes, simulator: str) -> None:
        self.processes = processes
        self.simulator = simulator
        self.api: Caller = caller()
        self.channel = Channel()

    def ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.simulator + path, data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def add(self, kind: str, config: dict[str, str]) -> None:
        """A channel that the provider lets in, and whose webhook is registered there."""
        body = {"kind": kind, "name": "Corner Shop", "config": config}
        answer = self.api.post("channels/", body)
        assert answer.status_code == 201, answer.content
        assert not any(value in answer.content.decode() for value in SECRETS)
        self.channel = Channel.objects.get(pk=answer.json()["id"])
        until(self.is_known, "the simulator never heard of the channel")
        do_due()
        duty = ChannelDuty.objects.get(channel=self.channel)
        assert (duty.error, duty.failures) == ("", 0)

    def is_known(self) -> bool:
        """Whether the simulator has read the channel, which it does every now and then."""
        lines = self.ask("/phone/state")["lines"]
        return str(self.channel.pk) in {line["channel"] for line in lines}

    @property
    def person(self) -> str:
        return identity(self.channel.kind, CUSTOMER)

    def write(self, **said: Any) -> str:
        """The customer does something; the message's id."""
        about = {"provider": self.channel.kind, "channel_address": self.channel.address}
        found = self.ask("/inbound", {**about, "from": CUSTOMER, **said})
        assert found["webhook_status"] == 200
        drain()
        return str(found["sid"])

    def said(self) -> list[dict[str, Any]]:
        """The thread's messages, oldest first, as the API gives them."""
        conversation = Message.objects.filter(workspace=self.api.workspace)[0].conversation_id
        rows = self.api.get(f"conversations/{conversation}/messages/").json()["results"]
        return [row for row in reversed(rows) if row["kind"] == "text"]

    def reply(self, content: dict[str, Any]) -> Message:
        """An agent answers; the message once it has left."""
        conversation = Message.objects.filter(workspace=self.api.workspace)[0].conversation_id
        path = f"conversations/{conversation}/messages/"
        answer = self.api.post(path, {"content": content})
        assert answer.status_code == 201, answer.content
        runner = Runner()
        try:
            runner.run(3.0)
        finally:
            runner.close()
        return Message.objects.get(pk=answer.json()["id"])

    def react(self, external_id: str, emoji: str) -> Delivery:
        """An agent gives a message an emoji; the delivery once it has left."""
        message = Message.objects.get(external_id=external_id)
        path = f"messages/{message.pk}/reactions/"
        answer = self.api.post(path, {"emoji": emoji}) if emoji else self.api.delete(path)
        assert answer.status_code == 200, answer.content
        runner = Runner()
        try:
            runner.run(3.0)
        finally:
            runner.close()
        return Delivery.objects.filter(message_uid=message.uid).latest("id")

    def sent(self) -> list[dict[str, Any]]:
        """What the provider accepted, oldest first."""
        found = self.ask(f"/sent?provider={self.channel.kind}")["messages"]
        return [row for row in found if row["to"] == self.person]

    def fetched(self, name: str) -> bytes:
        """The bytes of a customer's file, once it is ours."""
        fetch_due(5.0)
        row = StoredFile.objects.get(workspace=self.api.workspace, name__startswith=name)
        with media_storage().open(row.path) as file:
            return bytes(file.read())

    def get(self, url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return bytes(answer.read())


@pytest.fixture
def stack(settings: Any) -> Iterator[Stack]:
    port = free_port()
    simulator = f"http://127.0.0.1:{port}"
    settings.DEBUG, settings.SIMULATOR_URL = True, simulator
    with Processes(SIMULATOR_URL=simulator, DEBUG="1") as processes:
        settings.PUBLIC_URL = processes.url
        processes.web()
        # Webhooks find the product by its address.
        processes.start("simulator", "manage", "simulator", "--port", str(port))
        made = Stack(processes, simulator)

        def answers() -> bool:
            try:
                return bool(made.ask("/faults"))
            except OSError:
                return False

        until(answers, "the simulator never came up")
        yield made
    assert not SignatureRefusal.objects.exists()


def file_of(stack: Stack) -> dict[str, Any]:
    found = upload(stack.api, PIXEL, "pixel.png")
    assert found.status_code == 201, found.content
    return {"file": found.json()["id"]}


def media(kind: str, data: bytes) -> dict[str, Any]:
    return {"media": [{"content_type": kind, "data": base64.b64encode(data).decode()}]}


def buttons(*labels_and_payloads: tuple[str, str]) -> dict[str, Any]:
    return {
        "suggestions": [
            {"type": "reply", "text": label, "payload": payload}
            for label, payload in labels_and_payloads
        ]
    }


def test_telegram(stack: Stack) -> None:
    token, name = telegram.TOKEN, "corner_shop_bot"
    stack.add("telegram", {"bot_token": token, "username": name})
    secret = unseal(stack.channel.config)["secret_token"]
    assert len(secret) == 43

    # A customer writes, and is answered with buttons; one payload is longer than Telegram takes.
    first = stack.write(text="Hola 📦")
    [row] = stack.said()
    assert (row["text"], row["direction"]) == ("Hola 📦", "inbound")
    assert Message.objects.get(external_id=first).conversation.address.value == stack.person
    offer = stack.reply({"text": "Which?", **buttons(("Short", "order:1"), ("Long", LONG))})
    chips = stack.sent()[-1]["content"]["suggestions"]
    assert [one["reply"]["postbackData"] for one in chips] == ["order:1", "#1"]
    assert Delivery.objects.get(message_uid=offer.uid).state == State.SENT
    stack.reply({"text": "Take your time."})

    # Taps, also on a message that is not the last one any more.
    stack.write(text="Long", payload="#1")
    stack.write(text="Short", payload="order:1")
    taps = [row["tap"] for row in stack.said()[-2:]]
    assert taps == [
        {"text": "Long", "payload": LONG, "message": str(offer.uid)},
        {"text": "Short", "payload": "order:1", "message": None},
    ]

    # Files, each way; ours is uploaded and needs no public address.
    stack.write(text="The bill", **media("application/pdf", PDF))
    assert stack.fetched("document") == PDF
    liked = stack.reply({"text": "Look", "media": [file_of(stack)]})
    sent = stack.sent()[-1]
    assert (sent["body"], sent["content"]["sent"]["method"]) == ("Look", "sendPhoto")
    assert stack.get(sent["media"][0]) == PIXEL
    stack.reply({"text": "Both", "media": [file_of(stack), file_of(stack)]})
    album = stack.sent()[-1]
    assert (album["content"]["text"], len(album["media"])) == ("Both", 2)
    assert Delivery.objects.latest("id").external_id == album["sid"]
    stack.reply({"contacts": [{"name": "Ana de la Vega", "phones": ["+34 600 111 222"]}]})
    assert stack.sent()[-1]["content"]["text"] == "Ana de la Vega +34600111222"

    # What they wrote is liked, and not any more.
    given, taken = stack.react(first, "🎉"), stack.react(first, "")
    assert (given.state, taken.state) == (State.SENT, State.SENT)
    shown = [one["type"] for one in stack.ask("/signals")["signals"]]
    assert shown[-2:] == ["reaction 🎉", "reaction "]

    # What is changed, liked, proven and blocked.
    stack.write(event="edit", message_id=first, text="Hola, buenas")
    stack.write(event="react", message_id=sent["sid"], emoji="❤")
    assert Message.objects.get(external_id=first).text == "Hola, buenas"
    liked.refresh_from_db()
    assert liked.data["reactions"] == {stack.person: "❤"}
    stack.write(event="contact")
    addresses = Address.objects.filter(contact=liked.conversation.contact)
    assert set(addresses.values_list("kind", "value")) == {
        ("telegram", stack.person),
        ("phone", CUSTOMER),
    }
    stack.write(event="block")
    blocked = Suppression.objects.get()
    assert (blocked.medium, blocked.address) == ("telegram", stack.person)
    refused = stack.reply({"text": "Still there?"})
    delivery = Delivery.objects.get(message_uid=refused.uid)
    assert (delivery.state, delivery.error_class) == (State.FAILED, "OptedOut")

    tap_is_answered(stack, secret)
    nothing_secret_is_logged(token, secret)


def tap_is_answered(stack: Stack, secret: str) -> None:
    """In the webhook's response itself, by the real web process."""
    url = f"{stack.processes.url}/webhooks/{stack.channel.pk}/"
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret}
    body = telegram.payload("callback_query").body
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert json.load(answer) == {
            "method": "answerCallbackQuery",
            "callback_query_id": "4382bfdwdsb323b2d9",
        }


def nothing_secret_is_logged(*secrets: str) -> None:
    rows = ChannelLog.objects.values_list("url", "request", "response", "error")
    logged = "".join("".join(row) for row in rows)
    assert logged
    assert not any(secret in logged for secret in secrets)


def test_viber(stack: Stack) -> None:
    config = viber.config(uri=f"shop_{uuid.uuid4().hex[:8]}", welcome="Hi!")
    stack.add("viber", config)

    first = stack.write(text="Hola 📦")
    assert int(first) > 2**53
    assert [row["text"] for row in stack.said()] == ["Hola 📦"]

    # Buttons come back as words; the label tells which it was.
    offer = stack.reply({"text": "Which?", **buttons(("Sea & sun", "room:sea"), ("None", ""))})
    delivery = Delivery.objects.get(message_uid=offer.uid)
    assert delivery.external_id == stack.sent()[-1]["sid"]
    until(lambda: state(delivery) == State.DELIVERED, "no report came in")
    stack.ask("/phone/seen", {"phone": CUSTOMER})
    until(lambda: state(delivery) == State.READ, "it was never seen")
    chip = stack.sent()[-1]["content"]["suggestions"][0]["reply"]
    stack.write(text=chip["text"], payload=chip["postbackData"])
    tap = {"text": "Sea & sun", "payload": "room:sea", "message": str(offer.uid)}
    assert stack.said()[-1]["tap"] == tap

    # Files, each way.
    stack.write(text="Mine", **media("image/png", PIXEL))
    assert stack.fetched("ME") == PIXEL
    stack.reply({"text": "Look", "media": [file_of(stack)]})
    sent = stack.sent()[-1]
    assert (sent["body"], sent["content"]["sent"]["type"]) == ("Look", "picture")
    # The file lies where this process keeps files.
    link: Any = Client().get(sent["media"][0].removeprefix(stack.processes.url))
    assert b"".join(link.streaming_content) == PIXEL

    stack.reply({"contacts": [{"name": "Ana", "phones": ["+34600111222"]}]})
    assert stack.sent()[-1]["content"]["text"] == "Ana +34600111222"

    # Whoever leaves is sent nothing more.
    stack.write(event="block")
    assert Suppression.objects.get().address == stack.person
    refused = stack.reply({"text": "Still there?"})
    delivery = Delivery.objects.get(message_uid=refused.uid)
    assert (delivery.state, delivery.error_class) == (State.FAILED, "OptedOut")
    stack.write(event="unblock")
    assert not Suppression.objects.exists()
    nothing_secret_is_logged(viber.TOKEN)


def state(delivery: Delivery) -> str:
    drain()
    delivery.refresh_from_db()
    return delivery.state
