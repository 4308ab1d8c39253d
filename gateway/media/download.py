"""Fetches a file from a provider: through the guarded door, bounded, credentials once at most."""

import asyncio
import tempfile
from dataclasses import dataclass
from typing import IO

import aiohttp
from yarl import URL

from gateway.errors import Unreachable
from gateway.guard import Forbidden, PrivateName, check_url, credentials
from gateway.http import Request

TIMEOUT = aiohttp.ClientTimeout(total=90, sock_connect=5, sock_read=20)
REDIRECTS = 3
MOVED = frozenset({301, 302, 303, 307, 308})
GONE = frozenset({404, 410})
DENIED = frozenset({401, 403})
CHUNK = 65_536
# Up to here a file stays in memory.
SPOOL = 1_000_000


class Refused(Exception):
    """It will never be fetched. ``reason`` is a key of gateway.media.words.REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Later(Refused):
    """Another attempt may succeed; ``reason`` is what to say when none did."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """The bytes, in a temporary file that is gone when closed, and what the answer calls them."""

    content: IO[bytes]
    content_type: str


async def download(session: aiohttp.ClientSession, request: Request, *, limit: int) -> Downloaded:
    """Fetch at most ``limit`` bytes. Raises Refused or Later.

    Up to REDIRECTS redirects are followed, each checked like the first URL. Credentials and
    headers go with the first request alone: where a provider sends us is not where they belong.
    """
    headers = {**request.headers, **credentials(request.auth)}
    url = _checked(request.url)
    url = url.extend_query(list(request.params)) if request.params else url
    for _ in range(REDIRECTS + 1):
        answer = await _once(session, url, headers, limit)
        if isinstance(answer, Downloaded):
            return answer
        url, headers = _checked(str(answer)), {}
    raise Refused("redirects")


def _checked(url: str) -> URL:
    try:
        return check_url(url)
    except Forbidden as error:
        raise Refused("private") from error
    except (Unreachable, ValueError) as error:
        raise Refused("answer") from error


async def _once(
    session: aiohttp.ClientSession, url: URL, headers: dict[str, str], limit: int
) -> Downloaded | URL:
    """The file, or where it has moved."""
    headers = {**headers, "Accept-Encoding": "identity"}
    try:
        async with session.get(
            url, headers=headers, allow_redirects=False, timeout=TIMEOUT
        ) as answer:
            location = answer.headers.get("Location")
            if answer.status in MOVED and location:
                return _joined(url, location)
            _check_status(answer.status)
            return await _read(answer, limit)
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, PrivateName):
            raise Refused("private") from error
        raise Later("unreachable") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Later("unreachable") from error


def _joined(url: URL, location: str) -> URL:
    try:
        return url.join(URL(location))
    except ValueError as error:
        raise Refused("answer") from error


def _check_status(status: int) -> None:
    if status == 200:
        return
    if status in GONE:
        raise Refused("gone")
    if status in DENIED:  # perhaps the channel's credentials, which somebody may put right
        raise Later("denied")
    if status == 429 or status >= 500:
        raise Later("unreachable")
    raise Refused("answer")


async def _read(answer: aiohttp.ClientResponse, limit: int) -> Downloaded:
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused("answer")  # we asked for the plain bytes; nothing is unpacked here
    if (answer.content_length or 0) > limit:
        raise Refused("too_large")
    content = tempfile.SpooledTemporaryFile(SPOOL)  # noqa: SIM115 - closed by whoever gets it
    try:
        size = 0
        async for chunk in answer.content.iter_chunked(CHUNK):
            size += len(chunk)
            if size > limit:
                answer.close()
                raise Refused("too_large")
            content.write(chunk)
    except (Exception, asyncio.CancelledError):
        content.close()
        raise
    return Downloaded(content, answer.content_type)
