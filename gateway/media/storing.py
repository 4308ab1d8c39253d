"""Keeps files: looks at their bytes, writes the row and then the bytes."""

import hashlib
import uuid
from typing import IO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.utils import timezone

from gateway.media.kinds import HEAD, recognize
from gateway.media.models import StoredFile
from gateway.media.names import clean_name

CHUNK = 1 << 20


class Unfit(Exception):
    """A file that is not kept. ``reason`` is a key of gateway.media.words.REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def media_storage() -> Storage:
    """Where the bytes lie: settings.STORAGES["media"]."""
    return storages["media"]


def store(
    *, workspace_id: int, content: IO[bytes], name: str = "", declared: str = ""
) -> StoredFile:
    """Keep a file; it is swept after a day unless a message uses it.

    Raises Unfit: ``empty``, ``too_large`` (settings.MEDIA_MAX_BYTES) or ``wrong_type``.
    """
    size, digest = _measure(content)
    content.seek(0)
    kind = recognize(content.read(HEAD), declared, name)
    if not kind:
        raise Unfit("wrong_type")
    uid = uuid.uuid4()
    row = StoredFile.objects.create(
        workspace_id=workspace_id,
        uid=uid,
        path=f"{workspace_id}/{uid.hex[:2]}/{uid.hex}",
        name=clean_name(name, kind),
        content_type=kind,
        size=size,
        sha256=digest,
        created_at=timezone.now(),
    )
    content.seek(0)
    if media_storage().save(row.path, File(content)) != row.path:
        raise FileExistsError(row.path)
    return row


def _measure(content: IO[bytes]) -> tuple[int, str]:
    content.seek(0)
    size, digest = 0, hashlib.sha256()
    while chunk := content.read(CHUNK):
        size += len(chunk)
        if size > settings.MEDIA_MAX_BYTES:
            raise Unfit("too_large")
        digest.update(chunk)
    if not size:
        raise Unfit("empty")
    return size, digest.hexdigest()
