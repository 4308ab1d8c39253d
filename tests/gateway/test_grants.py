"""Bearer tokens over real HTTP: asked for once, renewed when refused, and no message unclear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from gateway.contract import Grant, Request, Response, Token
from gateway.errors import BadCredentials, Unreachable, Withdrawn
from gateway.grants import tokens_of
from gateway.transport import call, new_session


class Issuer:
    """Gives tokens t1, t2, … and takes the newest of them only."""

    def __init__(self) -> None:
        self.asked = 0
        self.taken: list[str] = []
        self.refuses = False
        self.hangs = asyncio.Event()
        self.hangs.set()
        self.url = ""

    async def token(self, request: web.Request) -> web.Response:
        self.asked += 1
        await self.hangs.wait()
        if self.refuses:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"access_token": f"t{self.asked}", "expires_in": 3600})

    async def send(self, request: web.Request) -> web.Response:
        bearer = request.headers.get("Authorization", "")
        if bearer != f"Bearer t{self.asked}":
            return web.json_response({}, status=401)
        self.taken.append(bearer)
        return web.json_response({}, status=200)

    def grant(self) -> Grant:
        return Grant("key", lambda: Request("POST", f"{self.url}/token", data=[("a", "b")]), read)

    def message(self) -> Request:
        return Request("POST", f"{self.url}/send", json={"text": "Hi"}, grant=self.grant())


def read(response: Response) -> Token:
    if response.status != 200:
        raise BadCredentials("The service account is refused.")
    return Token(response.json()["access_token"], response.json()["expires_in"])


@asynccontextmanager
async def issuing(settings: object) -> AsyncIterator[tuple[Issuer, aiohttp.ClientSession]]:
    issuer, app = Issuer(), web.Application()
    app.router.add_post("/token", issuer.token)
    app.router.add_post("/send", issuer.send)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    settings.SIMULATOR_URL = issuer.url  # type: ignore[attr-defined]
    try:
        async with new_session() as session:
            yield issuer, session
    finally:
        await runner.cleanup()


def test_many_messages_share_one_token(settings: object) -> None:
    async def run() -> None:
        async with issuing(settings) as (issuer, session):
            calls = [call(session, issuer.message()) for _ in range(30)]
            assert {answer.status for answer in await asyncio.gather(*calls)} == {200}
            assert (issuer.asked, len(issuer.taken)) == (1, 30)

    asyncio.run(run())


def test_a_token_that_is_refused_is_replaced_once(settings: object) -> None:
    async def run() -> None:
        async with issuing(settings) as (issuer, session):
            await call(session, issuer.message())
            issuer.asked = 7  # the provider has forgotten the first
            assert (await call(session, issuer.message())).status == 200
            assert issuer.taken == ["Bearer t1", "Bearer t8"]

    asyncio.run(run())


def test_without_a_token_nothing_is_sent(settings: object) -> None:
    async def run() -> None:
        async with issuing(settings) as (issuer, session):
            issuer.refuses = True
            with pytest.raises(BadCredentials):
                await call(session, issuer.message())
            assert issuer.taken == []
            issuer.refuses = False
            assert (await call(session, issuer.message())).status == 200

    asyncio.run(run())


def test_no_answer_to_the_question_leaves_no_message_unclear(settings: object) -> None:
    async def run() -> None:
        async with issuing(settings) as (issuer, session):
            app_url, issuer.url = issuer.url, "http://127.0.0.1:1"
            with pytest.raises(Unreachable):
                await call(session, issuer.message())
            issuer.url = app_url

    asyncio.run(run())


def test_who_stops_waiting_for_a_token_has_sent_nothing(settings: object) -> None:
    async def run() -> None:
        async with issuing(settings) as (issuer, session):
            issuer.hangs.clear()
            first = asyncio.ensure_future(call(session, issuer.message()))
            other = asyncio.ensure_future(call(session, issuer.message()))
            while not issuer.asked:
                await asyncio.sleep(0)
            first.cancel()
            with pytest.raises(Withdrawn):
                await first
            issuer.hangs.set()
            assert (await other).status == 200
            assert (issuer.asked, issuer.taken) == (1, ["Bearer t1"])
            assert not tokens_of(session).asking

    asyncio.run(run())
