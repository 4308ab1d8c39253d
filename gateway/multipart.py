"""Encodes multipart forms with files: ours from the storage, others through the guarded door."""

import asyncio
from io import BytesIO
from typing import IO

import aiohttp
from aiohttp import payload
from aiohttp.multipart import MultipartWriter
from django.conf import settings
from django.db import connections

from gateway.content.model import Media
from gateway.errors import Rejected, Unreachable
from gateway.http import Part, Request
from gateway.media.download import Later, Refused, download
from gateway.media.models import StoredFile
from gateway.media.storing import media_storage

# Files lie in memory while they leave: so many forms at a time.
AT_ONCE = 4
_room: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


def room() -> asyncio.Semaphore:
    """A place for a form in memory, of this event loop."""
    loop = asyncio.get_running_loop()
    for other in [one for one in _room if one.is_closed()]:
        del _room[other]
    return _room.setdefault(loop, asyncio.Semaphore(AT_ONCE))


async def encode(session: aiohttp.ClientSession, request: Request) -> tuple[bytes, str]:
    """Body and content type of a request with ``parts``.

    Raises Rejected for a file that is gone or too large, Unreachable for one that cannot be fetched
    now: in both cases nothing has left.
    """
    form = MultipartWriter("form-data")
    for part in request.parts:
        form.append_payload(_payload(part, await _value(session, part)))
    return await form.as_bytes(), form.content_type


def _payload(part: Part, value: bytes | str) -> payload.Payload:
    media = part.value if isinstance(part.value, Media) else None
    kind = part.content_type or (media.content_type if media else "")
    name = part.filename or (media.name or "file" if media else "")
    made = (
        payload.StringPayload(value, content_type=kind or None)
        if isinstance(value, str)
        else payload.BytesIOPayload(BytesIO(value), content_type=kind or "application/octet-stream")
    )
    if name:
        made.set_content_disposition("form-data", name=part.name, filename=name)
    else:
        made.set_content_disposition("form-data", name=part.name)
    return made


async def _value(session: aiohttp.ClientSession, part: Part) -> bytes | str:
    if not isinstance(part.value, Media):
        return part.value
    if part.value.file:
        return await asyncio.to_thread(_read_ours, part.value.file)
    return await _fetch(session, part.value.url)


def _read_ours(uid: str) -> bytes:
    """The bytes of a stored file; its workspace was checked when the message was queued."""
    try:
        row = StoredFile.objects.filter(uid=uid).first()
        if row is None:
            raise Rejected("The file is not there any more.", code="file")
        with media_storage().open(row.path) as file:
            return bytes(file.read())
    except FileNotFoundError as error:
        raise Rejected("The file is not there any more.", code="file") from error
    finally:
        connections.close_all()


async def _fetch(session: aiohttp.ClientSession, url: str) -> bytes:
    try:
        limit = settings.MEDIA_MAX_BYTES
        found = await download(session, Request("GET", url), limit=limit)
    except Later as error:
        raise Unreachable(f"The file could not be fetched: {error.reason}") from error
    except Refused as error:
        raise Rejected(f"The file could not be fetched: {error.reason}", code="file") from error
    with found.content:
        return _whole(found.content)


def _whole(content: IO[bytes]) -> bytes:
    content.seek(0)
    return content.read()
