"""One address for an app's webhooks: each channel keeps its own part, nobody sees another's."""

import asyncio
import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Workspace
from channels_social.meta_account import sign
from conversations.models import Message
from gateway.channels import create_channel, update_channel
from gateway.contract import WebhookRequest
from gateway.door import Door
from gateway.drain import drain
from gateway.models import Channel, InboundRequest, SignatureRefusal
from gateway.shared_door import Call, find, shared_door
from tests import builders
from tests.gateway.test_door_asgi import door as door
from tests.gateway.test_door_asgi import knock as knock_asgi
from tests.payloads.instagram import exhibit as of_instagram
from tests.payloads.messenger import exhibit as of_messenger

pytestmark = pytest.mark.django_db

URL = "/webhooks/meta/"
OTHER_SECRET = "0ther5ecret0000000000000000000000"


def page(number: str, ws: Workspace | None = None, **config: str) -> Channel:
    return create_channel(
        workspace=ws or builders.workspace(),
        member=None,
        kind="messenger",
        name=f"Page {number}",
        config=of_messenger.config(page_id=number, **config),
    )


def account(ws: Workspace | None = None, **config: str) -> Channel:
    return create_channel(
        workspace=ws or builders.workspace(),
        member=None,
        kind="instagram",
        name="Account",
        config=of_instagram.config(**config),
    )


def entry(number: str, text: str, sender: str = "900100") -> dict[str, Any]:
    item = {
        "sender": {"id": sender},
        "recipient": {"id": number},
        "timestamp": 1760000000000,
        "message": {"mid": f"m_{number}_{text}", "text": text},
    }
    return {"id": number, "time": 1760000000000, "messaging": [item]}


def body_of(*entries: dict[str, Any], object: str = "page") -> bytes:
    return json.dumps({"object": object, "entry": entries}).encode()


def post(body: bytes, secret: str = of_messenger.SECRET, **headers: str) -> Any:
    signed = {"X-Hub-Signature-256": sign(body, secret)} | headers
    return Client().post(URL, body, "application/json", headers=signed)


def kept() -> dict[str, bytes]:
    """What is stored, by channel."""
    return {row.channel.name: bytes(row.body) for row in InboundRequest.objects.all()}


def test_a_message_finds_its_channel() -> None:
    channel, _other = page("10001"), page("10002")
    assert channel.account_key == "10001"
    body = body_of(entry("10001", "Hola"))
    assert post(body).status_code == 200
    row = InboundRequest.objects.get()
    assert (row.channel, row.workspace, bytes(row.body)) == (channel, channel.workspace, body)
    drain()
    message = Message.objects.get()
    assert (message.text, message.conversation.channel) == ("Hola", channel)
    assert message.conversation.address.kind == "messenger"


def test_each_workspace_gets_its_own_part_alone() -> None:
    page("10001"), page("10002")
    assert post(body_of(entry("10001", "for one"), entry("10002", "for two"))).status_code == 200
    rows = kept()
    assert rows.keys() == {"Page 10001", "Page 10002"}
    assert (b"for one" in rows["Page 10001"], b"for two" in rows["Page 10001"]) == (True, False)
    assert (b"for one" in rows["Page 10002"], b"for two" in rows["Page 10002"]) == (False, True)
    drain()
    said = {(row.workspace_id, row.text) for row in Message.objects.all()}
    assert said == {
        (channel.workspace_id, text)
        for channel, text in zip(
            Channel.objects.order_by("name"), ("for one", "for two"), strict=True
        )
    }


def test_whoever_names_a_strangers_page_gets_nothing() -> None:
    """The same page in another workspace, with the secret of another app."""
    page("10001")
    thief = page("10001", app_secret=OTHER_SECRET)
    body = body_of(entry("10001", "private"))
    assert post(body).status_code == 200
    assert not InboundRequest.objects.filter(channel=thief).exists()
    assert InboundRequest.objects.count() == 1
    assert SignatureRefusal.objects.get().channel == thief
    assert post(body_of(entry("10001", "forged")), OTHER_SECRET).status_code == 200
    assert InboundRequest.objects.filter(channel=thief).count() == 1
    assert InboundRequest.objects.count() == 2


def test_one_page_in_two_workspaces_of_one_app_is_kept_by_both() -> None:
    page("10001"), page("10001")
    assert post(body_of(entry("10001", "Hola"))).status_code == 200
    assert InboundRequest.objects.values("workspace").distinct().count() == 2


@pytest.mark.parametrize(
    "body",
    [
        body_of(entry("99999", "of nobody")),
        body_of(entry("10001", "of another kind"), object="instagram"),
        body_of(entry("10001", "of no kind"), object="user"),
        body_of(),
        b"",
        b"{",
        b"[]",
        b'{"object": "page", "entry": 5}',
        b"[" * 9999,
        body_of(*(entry(str(n), "flood") for n in range(10_000, 11_001))),
    ],
)
def test_what_concerns_nobody_is_refused(body: bytes) -> None:
    page("10001")
    assert post(body).status_code == 403
    assert not InboundRequest.objects.exists()


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64])
def test_a_bad_signature_is_refused_and_counted(signature: str) -> None:
    channel = page("10001")
    body = body_of(entry("10001", "Hola"))
    assert post(body, **{"X-Hub-Signature-256": signature}).status_code == 403
    assert not InboundRequest.objects.exists()
    assert SignatureRefusal.objects.get().channel == channel


def test_a_changed_page_counts_at_once() -> None:
    channel = page("10001")
    assert post(body_of(entry("10001", "one"))).status_code == 200
    update_channel(channel=channel, member=None, config={"page_id": "10002"})
    assert post(body_of(entry("10001", "two"))).status_code == 403
    assert post(body_of(entry("10002", "three"))).status_code == 200
    assert InboundRequest.objects.count() == 2


def test_a_channel_that_cannot_be_read_does_not_hold_up_the_others() -> None:
    broken, _good = page("10001"), page("10001")
    Channel.objects.filter(pk=broken.pk).update(config=b"broken")
    assert post(body_of(entry("10001", "Hola"))).status_code == 200
    assert InboundRequest.objects.exclude(channel=broken).count() == 1


def test_what_only_a_broken_channel_would_keep_comes_again() -> None:
    channel = page("10001")
    Channel.objects.filter(pk=channel.pk).update(config=b"broken")
    assert post(body_of(entry("10001", "Hola"))).status_code == 500
    assert not InboundRequest.objects.exists()


def test_other_methods_and_large_bodies() -> None:
    page("10001")
    assert Client().put(URL, b"{}").status_code == 405
    assert post(body_of(entry("10001", "x" * 1_100_000))).status_code == 413


def test_many_entries_cost_as_many_statements_as_one() -> None:
    for n in range(10_001, 10_011):
        page(str(n))
    for count in (1, 10):
        body = body_of(*(entry(str(n), "Hola") for n in range(10_001, 10_001 + count)))
        post(body)
        with CaptureQueriesContext(connection) as captured:
            assert post(body).status_code == 200
        statements = [one["sql"][:30] for one in captured if "SAVEPOINT" not in one["sql"]]
        assert len(statements) == 2, statements


# --- The handshake ------------------------------------------------------------------------------


def greet(token: str, **query: str) -> Any:
    found = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
    return Client().get(URL, found | query)


def test_the_challenge_is_answered_for_the_token_of_any_channel() -> None:
    page("10001", verify_token="first-token"), account(verify_token="second-token")
    for token in ("first-token", "second-token"):
        answer = greet(token)
        assert (answer.status_code, answer.content) == (200, b"1158201444")
    for token in ("", "third-token", "first-tokenx"):
        assert greet(token).status_code == 403
    assert not InboundRequest.objects.exists()


def test_a_channel_that_is_off_and_other_kinds_do_not_answer() -> None:
    channel = page("10001", verify_token="first-token")
    update_channel(channel=channel, member=None, enabled=False)
    builders.channel()
    assert greet("first-token").status_code == 403


def test_what_is_no_question_is_refused() -> None:
    page("10001", verify_token="first-token")
    assert greet("first-token", **{"hub.mode": "unsubscribe"}).status_code == 400


# --- What is kept of WhatsApp -------------------------------------------------------------------


def change(number: str, text: str) -> dict[str, Any]:
    value = {"metadata": {"phone_number_id": number}, "messages": [{"text": {"body": text}}]}
    return {"field": "messages", "value": value}


NEWS = {"field": "message_template_status_update", "value": {"event": "APPROVED"}}
BATCH = body_of(
    {"id": "waba1", "changes": [change("n1", "one"), change("n2", "two"), NEWS]},
    {"id": "waba2", "changes": [change("n3", "three")]},
    object="whatsapp_business_account",
)


@pytest.mark.parametrize(
    ("accounts", "fields"),
    [
        ({"n1"}, [["n1"]]),
        ({"n1", "waba1"}, [["n1", None]]),
        ({"n2", "n3"}, [["n2"], ["n3"]]),
        ({"waba2"}, []),
    ],
)
def test_changes_of_a_number_go_to_its_channel(accounts: set[str], fields: list[list[Any]]) -> None:
    meta = shared_door("meta")
    request = of_messenger.request(BATCH)
    kind, named = meta.accounts(request)
    assert (kind, named) == ("whatsapp", frozenset({"n1", "n2", "n3", "waba1"}))
    found = json.loads(meta.part_of(request, accounts).body)["entry"]
    assert [
        [one["value"].get("metadata", {}).get("phone_number_id") for one in part["changes"]]
        for part in found
    ] == fields


def test_what_is_all_for_one_is_kept_as_it_came() -> None:
    request = of_messenger.request(BATCH)
    part = shared_door("meta").part_of(request, {"n1", "n2", "n3", "waba1"})
    assert part is request


# --- As the server sees it ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_a_burst_is_stored_together(door: Door) -> None:
    pages = [await sync_to_async(page)(str(n)) for n in range(10_001, 10_004)]
    bodies = [
        body_of(*(entry(one.account_key, f"{turn}", str(turn)) for one in pages))
        for turn in range(20)
    ]

    def signed(body: bytes) -> dict[str, str]:
        headers = {"content-type": "application/json"}
        return headers | {"x-hub-signature-256": sign(body, of_messenger.SECRET)}

    said = await asyncio.gather(
        *(knock_asgi(door, URL, body, headers=signed(body)) for body in bodies)
    )
    assert {one.status for one in said} == {200}
    rows = await sync_to_async(lambda: list(InboundRequest.objects.values_list("channel_id")))()
    assert len(rows) == 60
    assert {row[0] for row in rows} == {one.pk for one in pages}
    refused = await knock_asgi(door, URL, bodies[0], headers={"x-hub-signature-256": "sha256=x"})
    assert refused.status == 403


async def test_unknown_names_are_no_doors(door: Door) -> None:
    assert (await knock_asgi(door, "/webhooks/beta/", b"{}")).status == 404


def test_a_flood_of_names_asks_the_database_nothing() -> None:
    page("10001")
    body = body_of(*(entry(str(n), "x") for n in range(20_000, 21_001)))
    request: WebhookRequest = of_messenger.request(body)
    call = Call(shared_door("meta"), request, "r")
    with CaptureQueriesContext(connection) as captured:
        find([call])
    assert (call.knocks, len(captured)) == ([], 0)
