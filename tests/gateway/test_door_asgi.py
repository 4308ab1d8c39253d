"""The door as the server sees it: ASGI, on an event loop, with its own way to the database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, connections
from twilio.request_validator import RequestValidator

from channels_email.email import Email
from gateway.contract import BODY_LIMIT
from gateway.door import MOST_LARGE, Door
from gateway.lane import Lane, parameters
from gateway.models import Channel, InboundRequest
from omnichannel.logs import request_id
from tests import builders
from tests.gateway import twilio
from tests.payloads.email.exhibit import CONFIG as EMAIL_CONFIG

pytestmark = pytest.mark.django_db(transaction=True)

make_channel = sync_to_async(builders.channel)
stored = sync_to_async(lambda: list(InboundRequest.objects.order_by("id")))


async def no_pages(scope: Any, receive: Any, send: Any) -> None:
    """A webhook is never for the pages."""
    raise AssertionError(scope["path"])


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A door whose connections are closed afterwards."""
    door = Door(no_pages, request_id)
    yield door
    if door.lane.connection is not None:
        await door.lane.connection.close()
    await asyncio.wrap_future(door.thread.submit(connections.close_all))
    await sync_to_async(connections.close_all)()


class Said(list[dict[str, Any]]):
    """What the door sent."""

    @property
    def status(self) -> int:
        """The status code."""
        return int(self[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        """The headers by name."""
        return dict(self[0]["headers"])

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(one["body"] for one in self[1:])


async def knock(
    door: Door,
    path: str,
    *parts: bytes,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    gone: bool = False,
) -> Said:
    """Send a request in these parts; with ``gone`` the client leaves before the last one."""
    given = {"content-type": "application/x-www-form-urlencoded"} | (headers or {})
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.disconnect"} if gone else {"type": "http.request"})
    said = Said()

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        said.append(message)

    await door(scope, receive, send)
    return said


def signed(channel: Channel, sender: str, text: str) -> tuple[str, bytes, dict[str, str]]:
    """Path, body and headers of a message a customer wrote."""
    path = f"/webhooks/{channel.pk}/"
    fields = twilio.inbound_fields(channel, sender, text)
    signature = RequestValidator(builders.TOKEN).compute_signature(
        settings.PUBLIC_URL + path, fields
    )
    return path, urlencode(fields).encode(), {"x-twilio-signature": signature}


async def test_the_server_and_django_are_answered_alike(door: Door) -> None:
    channel = await make_channel()
    fields = twilio.inbound_fields(channel, "+14155550100", "Hola")
    path = f"/webhooks/{channel.pk}/"
    validator = RequestValidator(builders.TOKEN)
    signature = validator.compute_signature(settings.PUBLIC_URL + path, fields)
    headers = {"x-twilio-signature": signature, "x-request-id": "given-by-the-proxy"}
    body = urlencode(fields).encode()
    said = await knock(door, path, body[:10], body[10:], headers=headers)
    by_django = await sync_to_async(twilio.post)(channel, fields)
    assert (said.status, said.body) == (200, by_django.content)
    assert said.headers[b"x-request-id"] == b"given-by-the-proxy"
    assert said.headers[b"content-length"] == str(len(by_django.content)).encode()
    first, second = await stored()
    assert (first.url, first.headers, bytes(first.body)) == (
        second.url,
        second.headers,
        bytes(second.body),
    )


async def test_many_at_once_are_each_stored_once(door: Door) -> None:
    channel = await make_channel()
    posts = [signed(channel, f"+1415555{n:04}", f"Text {n} ¿qué? ☂") for n in range(150)]
    said = await asyncio.gather(
        *(knock(door, path, body, headers=headers) for path, body, headers in posts)
    )
    assert {one.status for one in said} == {200}
    kept = sorted(bytes(one.body) for one in await stored())
    assert kept == sorted(body for _path, body, _headers in posts)


async def test_a_changed_token_counts_at_once_on_the_loop(door: Door) -> None:
    channel = await make_channel()
    path, body, headers = signed(channel, "+14155550100", "Hola")
    assert (await knock(door, path, body, headers=headers)).status == 200
    channel.config = b"x"  # cannot be decrypted: the provider shall try again
    await sync_to_async(channel.save)()
    assert (await knock(door, path, body, headers=headers)).status == 500
    await sync_to_async(channel.delete)()
    assert (await knock(door, path, body, headers=headers)).status == 404
    assert len(await stored()) == 0


async def test_without_its_own_connection_it_goes_through_django(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = await make_channel()
    path, body, headers = signed(channel, "+14155550100", "Hola")
    assert (await knock(door, path, body, headers=headers)).status == 200

    async def broken(self: Lane, rows: str) -> list[Any]:
        raise ConnectionResetError

    monkeypatch.setattr(Lane, "_insert", broken)
    assert (await knock(door, path, body, headers=headers)).status == 200
    assert (await knock(door, path, body, headers=headers)).status == 200
    monkeypatch.undo()
    door.lane.rests_until = 0
    assert (await knock(door, path, body, headers=headers)).status == 200
    assert door.lane.connection is not None
    assert len(await stored()) == 4


async def test_a_lost_connection_is_made_anew(door: Door) -> None:
    channel = await make_channel()
    path, body, headers = signed(channel, "+14155550100", "Hola")
    for _ in range(2):  # the first one finds the channel unknown, and goes through Django
        assert (await knock(door, path, body, headers=headers)).status == 200
    assert door.lane.connection is not None
    first = door.lane.connection
    first.terminate()
    assert (await knock(door, path, body, headers=headers)).status == 200
    assert door.lane.connection is not first
    assert len(await stored()) == 3


async def test_half_a_request_stores_nothing(door: Door) -> None:
    channel = await make_channel()
    path, body, headers = signed(channel, "+14155550100", "Hola")
    assert await knock(door, path, body[:20], headers=headers, gone=True) == []
    headers["content-length"] = str(len(body))
    assert (await knock(door, path, body[:20], headers=headers)).status == 400
    assert not await stored()


async def test_too_large_is_refused_announced_or_not(door: Door) -> None:
    channel = await make_channel()
    path = f"/webhooks/{channel.pk}/"
    announced = {"content-length": str(BODY_LIMIT + 1)}
    assert (await knock(door, path, b"", headers=announced)).status == 413
    assert (await knock(door, path, *[b"x" * 400_000] * 3)).status == 413
    assert not await stored()


async def test_a_kind_may_take_more(door: Door) -> None:
    """A provider hands in whole mails; what is too large even for those is never read."""
    mailbox = await make_channel(kind="email", config=EMAIL_CONFIG)
    path = f"/webhooks/{mailbox.pk}/"
    large = b"x" * (BODY_LIMIT + 1)
    headers = {"content-length": str(len(large)), "content-type": "application/json"}
    assert (await knock(door, path, large, headers=headers)).status == 403
    door.large = MOST_LARGE
    assert (await knock(door, path, large, headers=headers)).status == 503
    door.large = 0
    announced = {"content-length": str(Email.body_limit + 1)}
    assert (await knock(door, path, b"", headers=announced)).status == 413
    assert (door.large, await stored()) == (0, [])


@pytest.mark.parametrize("path", ["/webhooks/", "/webhooks/nobody/", "/webhooks/\0/"])
async def test_a_path_that_names_no_channel_is_404(door: Door, path: str) -> None:
    assert (await knock(door, path, b"")).status == 404


async def test_other_methods_are_405(door: Door) -> None:
    said = await knock(door, "/webhooks/x/", method="PUT")
    assert said.status == 405
    assert said.headers[b"allow"] == b"GET, POST"


def test_libpq_options_reach_the_doors_own_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"sslmode": "verify-full", "sslrootcert": "/a b.pem", "connect_timeout": "5"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options | {"options": "-c jit=off"})
    given = parameters()
    assert given["dsn"] == "postgresql://?sslmode=verify-full&sslrootcert=%2Fa+b.pem"
    assert given["server_settings"] == {"options": "-c jit=off"}
