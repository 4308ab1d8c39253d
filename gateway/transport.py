"""The one door for outgoing HTTP: time-outs, connection reuse, tokens, and gateway.guard."""

import asyncio
import json
from collections.abc import Generator
from dataclasses import replace
from io import BytesIO
from time import monotonic
from typing import TypeVar
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from gateway.contract import Grant, Request, Response
from gateway.errors import Ambiguous, SendError, Unreachable, Withdrawn
from gateway.exchange import Exchange
from gateway.grants import tokens_of
from gateway.guard import Forbidden, GuardedResolver, PrivateName, check_url, credentials
from gateway.multipart import encode, room

# No time-out of its own for reading: its timer would be set again for each piece that comes in.
TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
# For who looks at many calls at once, and cancels with the word LATE what takes too long.
UNTIMED, LATE = aiohttp.ClientTimeout(total=None, sock_connect=5), "late"
BODY_LIMIT = 1_000_000
FORM = URL("http://form.invalid/")
R = TypeVar("R")


class Letter(aiohttp.BytesPayload):
    """A request's body that knows whether it has gone out.

    Headers and body leave together, so before ``written`` nothing of the request has left.
    """

    def __init__(self, body: bytes, content_type: str) -> None:
        super().__init__(body, content_type=content_type)
        self.written = False

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Called by aiohttp when the connection is there and the request leaves."""
        self.written = True
        await super().write_with_length(writer, content_length)


class Parcel(aiohttp.BytesIOPayload):
    """A letter with files in it, which leaves piece by piece."""

    def __init__(self, body: bytes, content_type: str) -> None:
        super().__init__(BytesIO(body), content_type=content_type)
        self.written = False

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """As Letter's."""
        self.written = True
        await super().write_with_length(writer, content_length)


def new_session(
    timeout: aiohttp.ClientTimeout = TIMEOUT, *, auto_decompress: bool = True
) -> aiohttp.ClientSession:
    """A session for one event loop; connections are kept and reused, cookies are not."""
    connector = aiohttp.TCPConnector(
        limit=0, resolver=GuardedResolver(), ttl_dns_cache=60, keepalive_timeout=15
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=auto_decompress,
        trust_env=False,
    )


async def call(session: aiohttp.ClientSession, request: Request, *, redirects: int = 0) -> Response:
    """Make the request and read its answer.

    Raises Unreachable when it certainly was not received (no connection), Ambiguous when it may
    have been. A call that is cancelled raises Withdrawn when nothing had been written yet, else
    Ambiguous; one that is cancelled for being LATE is as one that timed out. Up to ``redirects``
    redirects are followed, each checked like the first URL, and without credentials on another
    host.
    """
    if request.grant is None:
        return await _follow(session, request, dict(request.headers), redirects)
    return await _granted(session, request, request.grant, redirects)


async def _granted(
    session: aiohttp.ClientSession, request: Request, grant: Grant, redirects: int
) -> Response:
    """With a token; one that the provider takes no more is replaced once."""
    tokens = tokens_of(session)

    async def ask(question: Request) -> Response:
        return await _follow(session, question, dict(question.headers), 0)

    for _attempt in range(2):
        token = await tokens.get(grant, ask)
        response = await _follow(session, *_with_token(request, grant, token), redirects)
        if response.status != 401 and not (grant.stale and grant.stale(response)):
            break
        tokens.forget(grant, token)
    return response


async def with_token(session: aiohttp.ClientSession, request: Request) -> Request:
    """The request as it leaves, for who makes it in another way: with its token, if it wants one.

    Raises what the grant's ``read`` raises, or a SendError of the question for the token.
    """
    if request.grant is None:
        return request

    async def ask(question: Request) -> Response:
        return await _follow(session, question, dict(question.headers), 0)

    token = await tokens_of(session).get(request.grant, ask)
    granted, headers = _with_token(request, request.grant, token)
    return replace(granted, headers=headers)


def _with_token(request: Request, grant: Grant, token: str) -> tuple[Request, dict[str, str]]:
    """The request with its token in the URL or in a header, and its headers."""
    if grant.param:
        params = [*request.params, (grant.param, token)]
        return replace(request, params=params), dict(request.headers)
    return request, {**request.headers, "Authorization": f"Bearer {token}"}


async def _follow(
    session: aiohttp.ClientSession, request: Request, headers: dict[str, str], redirects: int
) -> Response:
    url, auth = check_url(request.url), request.auth
    for _hop in range(redirects + 1):
        response = await _once(session, request, url, auth, headers)
        location = response.headers.get("location") if redirects else None
        if not location or response.status not in {301, 302, 303, 307, 308}:
            return response
        following = check_url(urljoin(str(url), location))
        if following.origin() != url.origin():
            auth, headers = None, {}
        url = following
    raise Unreachable("Too many redirects.")


async def _once(
    session: aiohttp.ClientSession,
    request: Request,
    url: URL,
    auth: tuple[str, str] | None,
    headers: dict[str, str],
) -> Response:
    if request.parts:
        async with room():
            return await _posted(session, request, url, auth, headers)
    return await _posted(session, request, url, auth, headers)


async def _posted(
    session: aiohttp.ClientSession,
    request: Request,
    url: URL,
    auth: tuple[str, str] | None,
    headers: dict[str, str],
) -> Response:
    letter = await _form(session, request) if request.parts else _letter(request)
    try:
        async with session.request(
            request.method,
            url.extend_query(list(request.params)) if request.params else url,
            headers=headers | credentials(auth),
            allow_redirects=False,
            data=letter,
        ) as answer:
            content = await _bounded(answer)
            # Looked up by lower-case names, as the contract says, in whatever case they came.
            return Response(status=answer.status, headers=answer.headers, body=content)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        reason = getattr(error, "os_error", None)
        if isinstance(reason, PrivateName):
            raise Forbidden(str(reason)) from error
        raise Unreachable(f"No connection: {error}") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Ambiguous(f"No answer: {type(error).__name__}") from error
    except asyncio.CancelledError as error:
        raise _cancelled(error, written=letter is None or letter.written) from error


def _cancelled(error: asyncio.CancelledError, *, written: bool) -> SendError:
    """What it means that a call was cancelled."""
    if error.args == (LATE,):
        return Ambiguous("No answer: TimeoutError") if written else Unreachable("No connection.")
    if written:
        return Ambiguous("The worker stopped while sending.")
    return Withdrawn("The worker stopped before the request left.")


async def _form(session: aiohttp.ClientSession, request: Request) -> Parcel:
    """A form with files; Withdrawn where the worker stops while they are read."""
    try:
        return Parcel(*await encode(session, request))
    except asyncio.CancelledError as error:
        raise _cancelled(error, written=False) from error


def _letter(request: Request) -> Letter | None:
    if request.body is not None:
        kind = request.headers.get("Content-Type", "application/octet-stream")
        return Letter(request.body, kind)
    if request.data is not None:
        # As a form is encoded, several times faster than by the standard library.
        body = FORM.with_query(request.data).raw_query_string.encode()
        return Letter(body, "application/x-www-form-urlencoded")
    if request.json is not None:
        return Letter(json.dumps(request.json).encode(), "application/json")
    return None


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    """The body, cut at BODY_LIMIT bytes; the rest is never read."""
    length = answer.content_length
    if length is not None and length <= BODY_LIMIT and "Content-Encoding" not in answer.headers:
        return await answer.read()
    content = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        content += chunk
        if len(content) >= BODY_LIMIT:
            answer.close()
            break
    return bytes(content[:BODY_LIMIT])


async def drive(
    session: aiohttp.ClientSession,
    steps: Generator[Request, Response, R],
    record: list[Exchange],
) -> R:
    """Run an adapter's steps over the network; each exchange is added to ``record``.

    Raises whatever SendError the adapter or the transport raises.
    """
    try:
        request = next(steps)
        while True:
            request = steps.send(await _recorded(session, request, record))
    except StopIteration as done:
        result: R = done.value
        return result
    finally:
        steps.close()


async def _recorded(
    session: aiohttp.ClientSession, request: Request, record: list[Exchange]
) -> Response:
    started = monotonic()
    try:
        response = await call(session, request)
    except SendError as error:
        record.append(Exchange.of(request, None, monotonic() - started, error.text))
        raise
    record.append(Exchange.of(request, response, monotonic() - started, ""))
    return response


def run_steps(steps: Generator[Request, Response, R], record: list[Exchange]) -> R:
    """Drive steps from synchronous code, with a session of their own (checks, not sends)."""

    async def once() -> R:
        async with new_session() as session:
            return await drive(session, steps, record)

    return asyncio.run(once())
