"""The generic HTTP channel in the product: its pages, its door, its way out, all over real HTTP."""

import json
import re
import urllib.request
import uuid
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Role
from conversations.models import Message
from embedded.ports import free_port
from gateway.channels import check_config_with_provider, create_channel, update_channel
from gateway.drain import drain
from gateway.errors import SendError
from gateway.models import (
    Channel,
    ChannelLog,
    Delivery,
    DeliveryStatus,
    InboundRequest,
    SignatureRefusal,
    Suppression,
)
from gateway.outbox.queue import queue_delivery
from gateway.outbox.runner import Runner
from gateway.secrets import unseal
from gateway.states import State
from tests import builders
from tests.api.client import caller, errors
from tests.gateway.test_transport import fetch
from tests.payloads.http.exhibit import SECRET, sign
from tests.payloads.http.exhibit import request as webhook
from tests.processes import Processes, until

pytestmark = pytest.mark.django_db

ADD = reverse("settings-channel-add", args=["http_sms"])
BEARER = "bearer-9876543210"
CUSTOMER = "+14155550114"
# The first example of docs/http-channel.md.
CONFIG = {
    "send_url": "https://api.acme-sms.example/v1/messages",
    "method": "POST",
    "body_type": "json",
    "body": '{"to": "{{to}}", "from": "{{from}}", "text": "{{text}}", "reference": "{{id}}", '
    '"callback": "{{status_url}}"}',
    "headers": f"Authorization: Bearer {BEARER}",
    "from_number": "+14155550177",
    "id_path": "messages.0.id",
    "error_path": "error.message",
    "code_path": "error.code",
    "check_url": "https://api.acme-sms.example/v1/account",
    "check_path": "account.name",
    "signature": "hmac_sha256_hex",
    "signature_prefix": "sha256=",
    "webhook_secret": SECRET,
    "in_sender": "from",
    "in_recipient": "to",
    "in_text": "text",
    "in_id": "id",
    "in_time": "time",
    "status_field": "status",
    "status_id": "id",
    "status_to": "to",
    "status_code": "error",
    "status_reference": "reference",
}


def made(ws: Any = None, **changes: str) -> Channel:
    return create_channel(
        workspace=ws or builders.workspace(),
        member=None,
        kind="http_sms",
        name="Acme",
        config=CONFIG | changes,
        rate_per_second=1000.0,
    )


# --- Both ways, between real processes ----------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_sends_and_receives_between_real_processes(settings: Any) -> None:
    """The product's web process and a provider's, each of its own; what they say is signed."""
    port = free_port()
    simulator = f"http://127.0.0.1:{port}"
    settings.DEBUG, settings.SIMULATOR_URL = True, simulator
    channel = made()
    with Processes(SIMULATOR_URL=simulator, DEBUG="1") as processes:
        settings.PUBLIC_URL = processes.url
        processes.web()
        processes.start("simulator", "manage", "simulator", "--port", str(port))
        until(lambda: answers(simulator), "the provider does not answer")

        delivery = queue_delivery(
            channel=channel,
            address=CUSTOMER,
            text='¿"Qué" tal? {{key}}\n50 €',
            message_uid=uuid.uuid4(),
        )
        run_outbox()
        until(lambda: arrived(delivery) == State.DELIVERED, "no signed report came in")
        said = ask(f"{simulator}/sent?provider=http")["messages"]
        assert [row["body"] for row in said] == ['¿"Qué" tal? {{key}}\n50 €']
        assert Delivery.objects.get().external_id == said[0]["sid"]
        words = DeliveryStatus.objects.order_by("id").values_list("provider_word", "delivery_uid")
        assert set(words) == {("sent", delivery.uid), ("delivered", delivery.uid)}

        wrote = {"provider": "http", "channel_address": "+14155550177", "from": CUSTOMER}
        for text in ("Hola 📦", "STOP"):
            said = ask(f"{simulator}/inbound", wrote | {"text": text})
            assert said["webhook_status"] == 200
        drain()
    assert list(Message.objects.order_by("id").values_list("text", flat=True)) == [
        "Hola 📦",
        "STOP",
    ]
    assert {row.conversation.address.value for row in Message.objects.all()} == {CUSTOMER}
    assert set(Suppression.objects.values_list("address", flat=True)) == {CUSTOMER}
    assert not SignatureRefusal.objects.exists()
    log = ChannelLog.objects.get(kind="send")
    assert (log.status, log.url) == (201, f"{simulator}/http/v1/messages")
    assert BEARER not in log.request + log.response
    assert "Qué" not in log.request + log.response


def answers(url: str) -> bool:
    try:
        return bool(ask(f"{url}/faults"))
    except OSError:
        return False


def ask(url: str, body: Any = None) -> Any:

    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def run_outbox() -> None:
    runner = Runner()
    try:
        runner.run(5.0)
    finally:
        runner.close()


def arrived(delivery: Delivery) -> str:
    drain()
    delivery.refresh_from_db()
    return delivery.state


# --- The door -----------------------------------------------------------------------------------


def knock(
    channel: Channel, query: str = "", body: dict[str, Any] | None = None, **headers: str
) -> int:
    path = reverse("webhook", args=[channel.pk]) + query
    data = json.dumps(body or {"from": CUSTOMER, "text": "Hola", "id": "1"})
    return Client().post(path, data, "application/json", headers=headers).status_code


def test_a_secret_in_the_address_is_taken_and_not_kept() -> None:
    channel = made(signature="query")
    assert knock(channel, "?token=wrong") == 403
    assert knock(channel) == 403
    assert not InboundRequest.objects.exists()
    assert knock(channel, f"?a=1&token={SECRET}") == 200
    kept = InboundRequest.objects.get()
    assert SECRET not in kept.url
    assert kept.url.endswith("/?a=1")
    assert kept.headers == {"content-type": "application/json"}
    drain()
    assert Message.objects.get().text == "Hola"


def test_a_secret_in_a_header_is_not_kept() -> None:
    channel = made(signature="header", signature_prefix="Bearer", signature_name="Authorization")
    assert knock(channel, Authorization="Bearer wrong") == 403
    assert knock(channel, Authorization=f"Bearer {SECRET}") == 200
    assert SECRET not in json.dumps(InboundRequest.objects.get().headers)


def test_a_repeat_without_id_is_one_message_and_a_second_one_another() -> None:
    channel = made(signature="header", signature_prefix="", in_id="")
    for at in ("2026-10-21T09:00:00Z", "2026-10-21T09:00:00Z", "2026-10-21T09:00:01Z"):
        body = {"from": CUSTOMER, "text": "OK", "time": at}
        assert knock(channel, body=body, **{"X-Webhook-Token": SECRET}) == 200
    drain()
    assert Message.objects.count() == 2


def test_many_events_of_one_request_all_count() -> None:
    channel = made(signature_name="X-Provider-Signature")
    events = [{"from": f"+1415555{n:04d}", "text": "Hi", "id": n} for n in range(20)]
    body = json.dumps(events).encode()
    signed = sign(webhook(body)).headers["x-provider-signature"]
    path = reverse("webhook", args=[channel.pk])
    headers = {"X-Provider-Signature": signed}
    assert Client().post(path, body, "application/json", headers=headers).status_code == 200
    drain()
    assert Message.objects.count() == 20


# --- Where requests may go ----------------------------------------------------------------------


def test_private_addresses_are_refused_when_sending(settings: Any) -> None:
    settings.SIMULATOR_URL = ""
    for url in ("https://127.0.0.1:1/", "https://169.254.169.254/", "https://localhost:1/"):
        with pytest.raises(SendError, match="private network"):
            fetch(url)


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001"])
def test_names_of_private_addresses_are_refused_before_saving(host: str, settings: Any) -> None:
    settings.SIMULATOR_URL = ""
    for field in ("send_url", "check_url"):
        with pytest.raises(ValidationError) as raised:
            check_config_with_provider(
                "http_sms",
                CONFIG
                | {"send_url": "https://1.1.1.1/", "check_url": ""}
                | {field: f"https://{host}/x"},
            )
        assert raised.value.message_dict == {field: [f"{host} is an address of a private network."]}


def test_a_host_that_nobody_knows_is_said(settings: Any) -> None:
    settings.SIMULATOR_URL = ""
    with pytest.raises(ValidationError) as raised:
        check_config_with_provider("http_sms", CONFIG | {"send_url": "https://nobody.invalid/"})
    assert raised.value.message_dict == {"send_url": ["There is no host nobody.invalid."]}


def test_with_a_look_alike_nothing_else_is_called(settings: Any) -> None:
    settings.SIMULATOR_URL = "http://127.0.0.1:1"
    delivery = made()
    with pytest.raises(SendError, match="No connection"):
        check_config_with_provider("http_sms", unseal(delivery.config))


# --- Secrets stay with the host they were given for ----------------------------------------------

ELSEWHERE = {"send_url": "https://evil.example/v1/messages"}


def test_saved_secrets_do_not_follow_to_another_host() -> None:
    channel = made()
    before = unseal(Channel.objects.get().config)
    for changes in (
        ELSEWHERE,
        {"check_url": "https://evil.example/"},
        {"send_url": "https://api.acme-sms.example:8443/"},
    ):
        with pytest.raises(ValidationError) as raised:
            update_channel(channel=channel, member=None, config=changes)
        assert set(raised.value.message_dict) == {"headers", "webhook_secret"}
        assert unseal(Channel.objects.get().config) == before
    update_channel(
        channel=channel, member=None, config={"send_url": "https://api.acme-sms.example/v2"}
    )
    fresh = {"headers": "Authorization: Bearer other-012345", "webhook_secret": "another-secret"}
    update_channel(channel=channel, member=None, config=ELSEWHERE | fresh)
    assert unseal(Channel.objects.get().config)["send_url"] == ELSEWHERE["send_url"]


def test_a_secret_may_be_left_behind() -> None:
    channel = made()
    fresh = ELSEWHERE | {"webhook_secret": "another-secret"}
    update_channel(channel=channel, member=None, config=fresh, forget=["headers"])
    assert "headers" not in unseal(Channel.objects.get().config)


def test_the_api_says_so_too_and_never_answers_secrets() -> None:
    api = caller()
    answer = api.post("channels/", {"kind": "http_sms", "name": "Acme", "config": CONFIG})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body["config"]["headers"] is body["config"]["webhook_secret"] is None
    assert body["config"]["accepted"] == "2xx"
    assert SECRET not in answer.content.decode()
    assert BEARER not in answer.content.decode()
    refused = api.patch(f"channels/{body['id']}/", {"config": ELSEWHERE})
    assert refused.status_code == 400
    assert set(errors(refused)) == {"config.headers", "config.webhook_secret"}
    wrong = api.patch(f"channels/{body['id']}/", {"config": {"send_url": "https://10.0.0.1/"}})
    assert "private network" in str(errors(wrong)["config.send_url"])
    assert SECRET not in json.dumps(list(AuditEntry.objects.values("data")))


# --- The pages ----------------------------------------------------------------------------------


@pytest.fixture
def page() -> Client:
    client = Client()
    client.force_login(builders.member(role=Role.ADMIN).user)
    return client


def typed(**changes: str) -> dict[str, str]:
    config = {
        f"config_{name}": value for name, value in (CONFIG | {"check_url": ""} | changes).items()
    }
    return {"name": "Acme", "rate_per_second": "5"} | config


def test_adding_without_an_address_to_ask(page: Client) -> None:
    shown = page.get(ADD).content.decode()
    assert shown.count("<fieldset") == 7
    assert '<option value="POST" selected>' in shown
    response = page.post(ADD, typed(), follow=True)
    text = response.content.decode()
    assert response.status_code == 200, text
    assert "were not tried" in text
    assert "Connected:" not in text
    assert unseal(Channel.objects.get().config)["webhook_secret"] == SECRET
    assert SECRET not in text
    assert BEARER not in text


def test_what_is_wrong_stands_at_its_field(page: Client) -> None:
    response = page.post(ADD, typed(send_url="https://169.254.169.254/", body="{"))
    assert response.status_code == 422
    text = response.content.decode()
    found = re.findall(r'id="id_config_(\w+)_error">([^<]*)', text)
    assert [name for name, _words in found] == ["send_url"]
    assert "169.254.169.254 is an address of a private network." in found[0][1]
    assert BEARER in text  # what was typed stays
    assert not Channel.objects.exists()
    found = re.findall(
        r'id="id_config_(\w+)_error">', page.post(ADD, typed(body="{")).content.decode()
    )
    assert found == ["body"]


def test_the_channels_page_shows_what_is_set(page: Client) -> None:
    page.post(ADD, typed(signature="query"))
    channel = Channel.objects.get()
    text = page.get(reverse("settings-channel", args=[channel.pk])).content.decode()
    assert "A secret in the webhook address" in text
    assert "?token=" in text
    assert SECRET not in text
    assert BEARER not in text
    edit = page.get(reverse("settings-channel-edit", args=[channel.pk])).content.decode()
    assert SECRET not in edit
    assert BEARER not in edit
    assert "{{text}}" in edit


def test_the_limit_of_the_channel_counts_in_the_inbox() -> None:
    channel = made(max_text="20")
    api = caller(ws=channel.workspace)
    conversation = builders.conversation(channel)
    path = f"conversations/{conversation.pk}/messages/"
    assert "text" in errors(api.post(path, {"text": "x" * 21}))
    assert api.post(path, {"text": "x" * 20}).status_code == 201
