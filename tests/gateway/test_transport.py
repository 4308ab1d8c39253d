"""The outgoing door: private networks stay out of reach by name, redirect or other spelling."""

import asyncio
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from gateway.contract import Request, Response
from gateway.errors import Ambiguous, SendError, Unreachable
from gateway.exchange import Exchange
from gateway.guard import Forbidden, check_url, public_address
from gateway.transport import _letter, call, new_session
from tests.gateway.sink import Sink


def fetch(url: str, *, redirects: int = 0, **fields: object) -> Response:
    """One call in a session of its own."""

    async def once() -> Response:
        async with new_session() as session:
            request = Request("GET", url, **fields)  # type: ignore[arg-type]
            return await call(session, request, redirects=redirects)

    return asyncio.run(once())


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "[::1]",
        "[fd00::1]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "224.0.0.1",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:7f00:1::1]",
        "[2002:a9fe:a9fe::1]",
    ],
)
def test_private_addresses_are_refused(host: str) -> None:
    with pytest.raises(Forbidden):
        check_url(f"https://{host}/x")
    with pytest.raises(Forbidden):
        fetch(f"https://{host}/x")


@pytest.mark.parametrize("url", ["https://localhost/x", "http://localhost:6379/"])
def test_names_of_private_addresses_are_refused(url: str) -> None:
    with pytest.raises(SendError):
        fetch(url)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://example.com/", "//x", "https:///x"]
)
def test_only_http(url: str) -> None:
    with pytest.raises(Forbidden):
        check_url(url)


def test_production_takes_https_only(settings: object) -> None:
    settings.DEBUG = False  # type: ignore[attr-defined]
    with pytest.raises(Forbidden):
        check_url("http://example.com/")


def test_public_addresses_pass() -> None:
    assert public_address("93.184.216.34")
    assert public_address("2606:4700:4700::1111")
    assert check_url("https://93.184.216.34/").host == "93.184.216.34"


@pytest.fixture
def redirecting(settings: object) -> Iterator[Sink]:
    """The exempt origin, redirecting to wherever the test says."""
    with Sink() as sink:
        settings.SIMULATOR_URL = sink.url  # type: ignore[attr-defined]
        yield sink


def test_a_redirect_into_a_private_network_is_refused(redirecting: Sink) -> None:
    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/secret"})

    redirecting.answers = [away]
    url = f"{redirecting.url}/twilio/2010-04-01/Accounts/AC/Messages.json"

    async def once() -> None:
        async with new_session() as session:
            await call(session, Request("POST", url, data=[("To", "x")]), redirects=3)

    with pytest.raises(Forbidden):
        asyncio.run(once())


def test_sends_do_not_follow_redirects(redirecting: Sink) -> None:
    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": redirecting.url})

    redirecting.answers = [away]
    url = f"{redirecting.url}/twilio/2010-04-01/Accounts/AC/Messages.json"

    async def once() -> Response:
        async with new_session() as session:
            return await call(session, Request("POST", url, data=[("To", "x")]))

    assert asyncio.run(once()).status == 302


def test_no_connection_is_unreachable_and_a_cut_one_ambiguous(settings: object) -> None:
    settings.SIMULATOR_URL = "http://127.0.0.1:1"  # type: ignore[attr-defined]
    with pytest.raises(Unreachable):
        fetch("http://127.0.0.1:1/")
    with Sink() as sink:
        settings.SIMULATOR_URL = sink.url  # type: ignore[attr-defined]

        async def cut(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        sink.answers = [cut]
        url = f"{sink.url}/twilio/2010-04-01/Accounts/AC/Messages.json"

        async def once() -> None:
            async with new_session() as session:
                await call(session, Request("POST", url, data=[("To", "x")]))

        with pytest.raises(Ambiguous):
            asyncio.run(once())


def test_our_own_bridge_may_be_called_and_its_neighbours_may_not(settings: object) -> None:
    settings.DEBUG = False  # type: ignore[attr-defined]
    settings.SIMULATOR_URL = ""  # type: ignore[attr-defined]
    with Sink() as sink:
        settings.GATEWAY_BRIDGES = {"acme": sink.url}  # type: ignore[attr-defined]
        url = f"{sink.url}/twilio/2010-04-01/Accounts/AC/Messages.json"

        async def once(url: str) -> Response:
            async with new_session() as session:
                return await call(session, Request("POST", url, data=[("To", "x")]))

        assert asyncio.run(once(url)).status == 201
        for other in ("http://127.0.0.1:1/", url.replace("http:", "https:")):
            with pytest.raises(Unreachable):
                asyncio.run(once(other))


def test_an_exchange_is_logged_without_secrets_and_bodies() -> None:
    request = Request(
        "POST",
        "https://api.example.com/x?token=abc&page=1",
        data=[("To", "+14155550100"), ("Body", "private words"), ("Key", "s3cr3t")],
        secrets=("s3cr3t",),
        private=frozenset({"Body"}),
    )
    response = Response(200, {}, b'{"body": "private words", "nested": {"auth_token": "x1"}}')
    logged = Exchange.of(request, response, 0.1, "")
    everything = logged.url + logged.request + logged.response
    for hidden in ["private words", "s3cr3t", "abc", "x1"]:
        assert hidden not in everything
    assert "+14155550100" in logged.request


@pytest.mark.parametrize("depth", [100, 700, 1_000, 100_000])
def test_an_answer_nested_without_an_end_is_logged_too(depth: int) -> None:
    body = b'{"token":"s3cr3t","a":' * depth + b"1" + b"}" * depth
    logged = Exchange.of(Request("GET", "https://api.example.com/"), Response(200, {}, body), 0, "")
    assert logged.response
    assert "s3cr3t" not in logged.response


def test_a_form_arrives_as_it_was_meant() -> None:
    texts = ["a & b = c + d; 100 %41", "ñ 😀 \u2028", "\t\r\n", "".join(map(chr, range(1, 256)))]
    form = [(f"Field {n}&=", text) for n, text in enumerate(texts)] + [("To", "+1"), ("To", "+2")]
    letter = _letter(Request("POST", "https://example.com/", data=form))
    assert letter is not None
    assert parse_qsl(letter.decode(), keep_blank_values=True, strict_parsing=True) == form
