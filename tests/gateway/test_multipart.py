"""Forms with files, raw bodies and tokens in the URL, over real HTTP to a provider on loopback."""

import asyncio
import io
from typing import Any

import pytest
from aiohttp import BodyPartReader, web
from pytest_django.fixtures import Settings

from gateway.content.model import Media
from gateway.contract import Grant, Part, Request, Response, Token
from gateway.errors import Rejected, Unreachable
from gateway.exchange import Exchange
from gateway.media.storing import store
from gateway.transport import call, drive, new_session
from tests import builders

pytestmark = pytest.mark.django_db(transaction=True)
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 2_000_000


class Taker:
    """Takes anything; remembers what it was."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str, str, bytes]] = []
        self.queries: list[dict[str, str]] = []
        self.bodies: list[tuple[str, bytes]] = []

    async def form(self, request: web.Request) -> web.Response:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            assert isinstance(part, BodyPartReader)
            kind, content = part.headers.get("Content-Type", ""), bytes(await part.read())
            self.fields.append((part.name or "", part.filename or "", kind, content))
        return web.json_response({"id": "1"})

    async def body(self, request: web.Request) -> web.Response:
        self.bodies.append((request.headers["Content-Type"], await request.read()))
        self.queries.append(dict(request.query))
        stale = request.query.get("access_token") == "t1"
        return web.json_response({"errcode": 40001 if stale else 0})


def with_taker(settings: Settings, work: Any) -> Any:
    """Run ``work(taker, session, url)`` against a provider that the guard exempts."""

    async def once() -> Any:
        taker, app = Taker(), web.Application(client_max_size=10_000_000)
        app.router.add_post("/form", taker.form)
        app.router.add_post("/body", taker.body)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        settings.SIMULATOR_URL = url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with new_session() as session:
                return await work(taker, session, url)
        finally:
            await runner.cleanup()

    return asyncio.run(once())


@pytest.fixture
def picture() -> Media:
    row = store(workspace_id=builders.workspace().pk, content=io.BytesIO(PNG), name='ünï "x".png')
    return Media("", row.content_type, row.name, row.size, str(row.uid))


@pytest.fixture(autouse=True)
def small_room(settings: Settings) -> None:
    settings.MEDIA_MAX_BYTES = 3_000_000


def test_a_form_carries_fields_bytes_and_stored_files(settings: Settings, picture: Media) -> None:
    parts = [Part("to", "Ana"), Part("raw", b"\x00\x01", "a.bin"), Part("file", picture)]

    async def work(taker: Taker, session: Any, url: str) -> Taker:
        response = await call(session, Request("POST", f"{url}/form", parts=parts))
        assert response.status == 200
        return taker

    to, raw, file = with_taker(settings, work).fields
    assert (to[0], to[3]) == ("to", b"Ana")
    assert raw == ("raw", "a.bin", "application/octet-stream", b"\x00\x01")
    assert (file[0], file[2], file[3]) == ("file", "image/png", PNG)


def test_a_file_that_is_gone_is_refused_before_anything_leaves(
    settings: Settings, picture: Media
) -> None:
    gone = Media("", "image/png", "x.png", 1, "0191aaaa-0000-7000-8000-000000000000")

    async def work(taker: Taker, session: Any, url: str) -> Taker:
        with pytest.raises(Rejected, match="not there any more"):
            await call(session, Request("POST", f"{url}/form", parts=[Part("file", gone)]))
        return taker

    assert with_taker(settings, work).fields == []


def test_a_file_in_a_private_network_is_not_fetched(settings: Settings) -> None:
    inside = Media("http://127.0.0.1:1/x.png", "image/png", "x.png")

    async def work(taker: Taker, session: Any, url: str) -> Taker:
        with pytest.raises((Rejected, Unreachable)):
            await call(session, Request("POST", f"{url}/form", parts=[Part("file", inside)]))
        return taker

    assert with_taker(settings, work).fields == []


def test_a_raw_body_leaves_as_it_is(settings: Settings) -> None:
    async def work(taker: Taker, session: Any, url: str) -> Taker:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        await call(session, Request("POST", f"{url}/body", headers=headers, body='"ü"'.encode()))
        return taker

    taker = with_taker(settings, work)
    assert taker.bodies == [("application/json; charset=utf-8", '"ü"'.encode())]


def test_a_token_in_the_url_is_renewed_when_the_answer_calls_it_stale(settings: Settings) -> None:
    given = iter(["t1", "t2"])

    async def work(taker: Taker, session: Any, url: str) -> Taker:
        grant = Grant(
            "k",
            ask=lambda: Request("POST", f"{url}/body", json={}),
            read=lambda response: Token(next(given), 7200),
            param="access_token",
            stale=lambda response: response.json().get("errcode") == 40001,
        )
        response = await call(session, Request("POST", f"{url}/body", json={}, grant=grant))
        assert response.json() == {"errcode": 0}
        return taker

    taker = with_taker(settings, work)
    assert [query.get("access_token") for query in taker.queries] == [None, "t1", None, "t2"]


def test_the_log_says_which_files_left_and_nothing_of_what_is_in_them(settings: Settings) -> None:
    record: list[Exchange] = []

    async def work(taker: Taker, session: Any, url: str) -> None:
        def steps() -> Any:
            parts = [Part("body", "private words"), Part("file", b"bytes", "a.png", "image/png")]
            private = frozenset({"body"})
            response: Response = yield Request("POST", f"{url}/form", parts=parts, private=private)
            return response.status

        assert await drive(session, steps(), record) == 200

    with_taker(settings, work)
    assert record[0].request == '{"body":"•••","file":"[a.png image/png]"}'
