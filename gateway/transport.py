"""The one door for outgoing HTTP: time-outs, connection reuse, and no way into private networks.

Addresses are resolved, checked and then connected to as checked (no second look-up), for each
redirect again. Only origins that the settings name are exempt: our own bridges, and the simulator,
which exists only with DEBUG.
"""

import asyncio
import ipaddress
import json
import socket
from collections.abc import Generator
from functools import lru_cache
from time import monotonic
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, AbstractStreamWriter, ResolveResult
from aiohttp.resolver import ThreadedResolver
from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils.translation import gettext as _
from yarl import URL

from gateway.contract import Grant, Request, Response
from gateway.errors import Ambiguous, SendError, Unreachable, Withdrawn
from gateway.exchange import Exchange
from gateway.grants import tokens_of

# No time-out of its own for reading: its timer would be set again for each piece that comes in.
TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
# For who looks at many calls at once, and cancels with the word LATE what takes too long.
UNTIMED, LATE = aiohttp.ClientTimeout(total=None, sock_connect=5), "late"
BODY_LIMIT = 1_000_000
FORM = URL("http://form.invalid/")
R = TypeVar("R")
# NAT64 and 6to4: what lies behind is an IPv4 address, and may be one of a private network.
TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))


class Forbidden(Unreachable):
    """The address lies in a private network, or the URL is no http(s) URL."""

    retryable = False


def public_address(host: str) -> bool:
    """Whether an IP address is one of the public internet."""
    address = ipaddress.ip_address(host.split("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address in network for network in TRANSLATED):
        return False
    return address.is_global and not address.is_multicast


def private(host: str) -> str:
    """Why a host is not called, in words."""
    return _("%s is an address of a private network.") % host


def exempt(url: URL) -> bool:
    """Whether the URL is of an origin of our own."""
    return any(url.origin() == URL(own).origin() for own in _own_urls())


def _own_urls() -> list[str]:
    """The simulator and the bridges: processes of ours, named in the settings alone."""
    return [url for url in (settings.SIMULATOR_URL, *settings.GATEWAY_BRIDGES.values()) if url]


class PrivateName(OSError):
    """A name that leads into a private network."""


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


class GuardedResolver(AbstractResolver):
    """Resolves names and refuses those that point, even once, into private networks."""

    def __init__(self) -> None:
        self.inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Public addresses of a name; OSError when one of them is not public."""
        results = await self.inner.resolve(host, port, family)
        if _own(host, port) or all(public_address(r["host"]) for r in results):
            return results
        raise PrivateName(private(host))

    async def close(self) -> None:
        """Close the wrapped resolver."""
        await self.inner.close()


def _own(host: str, port: int) -> bool:
    return any((host, port) == (own.hostname, own.port) for own in map(urlsplit, _own_urls()))


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


# A channel's messages all go to one URL, and reading a setting takes as long as all the rest.
@lru_cache(maxsize=1024)
def check_url(url: str) -> URL:
    """The parsed URL if it may be called; Forbidden otherwise. Names are checked when resolved."""
    parsed = URL(url)
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise Forbidden(_("Only http and https addresses can be called."))
    if exempt(parsed):
        return parsed
    if parsed.scheme != "https" and not settings.DEBUG:
        raise Forbidden(_("Only https addresses can be called."))
    try:
        public = public_address(parsed.host)
    except ValueError:
        return parsed
    if not public:
        raise Forbidden(private(parsed.host))
    return parsed


def origin(url: str) -> str:
    """Scheme, host and port; empty for what ``check_url`` refuses."""
    try:
        return str(check_url(url).origin())
    except (ValueError, Forbidden):
        return ""


def find_host(url: str) -> None:
    """Look up a URL's host now. Forbidden as ``check_url``, or when its name leads into a private
    network; Unreachable when nobody knows the name.
    """
    parsed = check_url(url)
    host, port = parsed.host or "", parsed.port or 0
    if exempt(parsed):
        return
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(_("There is no host %s.") % host) from error
    if not all(public_address(str(address[0])) for *_about, address in found):
        raise Forbidden(private(host))


@receiver(setting_changed, dispatch_uid="transport")
def _check_anew(**about: object) -> None:
    """Settings change in tests only."""
    check_url.cache_clear()


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
    """With a bearer token; one that the provider takes no more is replaced once."""
    tokens = tokens_of(session)

    async def ask(question: Request) -> Response:
        return await _follow(session, question, dict(question.headers), 0)

    for _attempt in range(2):
        token = await tokens.get(grant, ask)
        headers = {**request.headers, "Authorization": f"Bearer {token}"}
        response = await _follow(session, request, headers, redirects)
        if response.status != 401:
            break
        tokens.forget(grant, token)
    return response


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
    letter = _letter(request)
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


def _letter(request: Request) -> Letter | None:
    if request.data is not None:
        # As a form is encoded, several times faster than by the standard library.
        body = FORM.with_query(request.data).raw_query_string.encode()
        return Letter(body, "application/x-www-form-urlencoded")
    if request.json is not None:
        return Letter(json.dumps(request.json).encode(), "application/json")
    return None


def credentials(auth: tuple[str, str] | None) -> dict[str, str]:
    """The header that carries them; none without."""
    return {"Authorization": _basic(*auth)} if auth else {}


@lru_cache(maxsize=1024)
def _basic(name: str, password: str) -> str:
    return aiohttp.encode_basic_auth(name, password)


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
