"""The made-up HTTP provider over real HTTP, driven by our adapter, and its webhooks."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels_sms.http_sms import HttpSms
from gateway import transport
from gateway.channels import clean_config
from gateway.contract import Checked
from gateway.errors import BadCredentials, Rejected, SendError, Throttled, Unreachable
from gateway.events import InboundMessage, OptOut, OutboundMessage, StatusUpdate
from gateway.states import State
from simulator.lines import Lines
from simulator.server import build
from tests.gateway.test_http_channel import CONFIG
from tests.payloads.http.exhibit import SECRET
from tests.simulator.conftest import Door, Stand, line, until

DELIVERY = "0d7b3c1a-aaaa-4bbb-8ccc-ddddeeeeffff"
CUSTOMER = "+14155550114"


@pytest.fixture
async def stand(settings: Any) -> AsyncIterator[Stand]:
    """A simulator with one number of the HTTP provider."""
    settings.DEBUG = True
    door, sink = Door(), web.Application()
    sink.router.add_route("*", "/{path:.*}", door.take)
    async with TestServer(sink) as product:
        door.base = str(product.make_url("")).rstrip("/")
        about = {"provider": "http", "account": "", "tokens": frozenset(), "token": SECRET}
        lines = [line(door.base, address=CONFIG["from_number"], **about)]
        async with (
            TestServer(build(Lines(lambda: lines))) as server,
            aiohttp.ClientSession() as http,
        ):
            base = str(server.make_url("")).rstrip("/")
            settings.SIMULATOR_URL = base
            yield Stand(base, http, door)


def adapter(stand: Stand, **changes: str) -> HttpSms:
    return HttpSms(clean_config("http_sms", CONFIG) | changes, base_url=f"{stand.base}/http")


def outbound(stand: Stand, to: str = CUSTOMER) -> OutboundMessage:
    return OutboundMessage(DELIVERY, to, "¿Qué tal?", stand.status_url, {})


async def run(steps: Any) -> Any:
    async with transport.new_session() as session:
        return await transport.drive(session, steps, [])


async def test_a_message_and_its_reports(stand: Stand) -> None:
    there = adapter(stand)
    assert await run(there.check()) == Checked("account.name: Simulated account")
    sent = await run(there.send(outbound(stand)))
    await until(lambda: len(stand.door.received) == 2)
    found = []
    for request in stand.door.received:
        there.verify(request)
        assert there.shard_key(request) == CUSTOMER
        for event in there.parse(request):
            assert isinstance(event, StatusUpdate)
            found.append((event.external_id, event.state, str(event.delivery_uid)))
    assert found == [(sent.external_id, state, DELIVERY) for state in (State.SENT, State.DELIVERED)]


async def test_a_phone_that_is_off_for_too_long_gets_nothing(stand: Stand) -> None:
    body = json.loads(CONFIG["body"]) | {"validity": "{{validity}}"}
    there = adapter(stand, body=json.dumps(body), status_words="sent = sent\nexpired = expired")
    await stand.post("/phones", {"number": CUSTOMER, "online": False})
    message = outbound(stand)
    message.lifetime_s = 1
    await run(there.send(message))
    await until(lambda: len(stand.door.received) == 2)
    [event] = there.parse(stand.door.received[-1])
    assert isinstance(event, StatusUpdate)
    assert (event.state, event.provider_word, event.error_class) == (State.EXPIRED, "expired", "")


async def test_a_customer_writes_and_keywords_are_ours(stand: Stand) -> None:
    body = {"provider": "http", "channel_address": CONFIG["from_number"], "from": CUSTOMER}
    said = await stand.post("/inbound", body | {"text": "STOP"})
    [request] = stand.door.received
    digest = hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-signature"] == f"sha256={digest}"
    [message, opt_out] = adapter(stand).parse(request)
    assert isinstance(message, InboundMessage)
    assert (message.external_id, message.sender, message.text) == (said["sid"], CUSTOMER, "STOP")
    assert isinstance(opt_out, OptOut)
    assert opt_out.answered is False
    # The provider neither answers nor blocks.
    assert (await run(adapter(stand).send(outbound(stand)))).external_id


@pytest.mark.parametrize(
    ("change", "to", "faults", "error"),
    [
        ({"headers": ""}, CUSTOMER, {}, BadCredentials),
        ({"headers": "Authorization: Bearer wrong-0123"}, CUSTOMER, {}, BadCredentials),
        ({}, "22395", {}, Rejected),
        ({"send_url": "https://x.example/v2/messages"}, CUSTOMER, {}, Rejected),
        ({"body": '{"to": "{{to}}", "text": "{{text}}"}'}, CUSTOMER, {}, Rejected),
        ({}, CUSTOMER, {"rate_429": 1}, Throttled),
        ({}, CUSTOMER, {"rate_503": 1}, Unreachable),
    ],
)
async def test_refusals(
    stand: Stand, change: dict[str, str], to: str, faults: dict[str, float], error: type[SendError]
) -> None:
    await stand.post("/faults", {"provider": "http", **faults})
    with pytest.raises(error) as raised:
        await run(adapter(stand, **change).send(outbound(stand, to)))
    assert type(raised.value) is error
    assert raised.value.text


@pytest.mark.parametrize("body", ["", "[]", "{", json.dumps({"to": CUSTOMER, "from": 5})])
async def test_a_body_that_is_no_message(stand: Stand, body: str) -> None:
    headers = {"Authorization": "Bearer x"}
    url = f"{stand.base}/http/v1/messages"
    async with stand.http.post(url, data=body, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == "invalid"
