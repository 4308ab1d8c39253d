"""Fetches what customers sent: each file once, again after a while if the provider is away.

PostgreSQL says what is due. A claim moves ``due_at`` behind the longest attempt, so a worker that
dies is followed by another, and one that comes back too late changes nothing.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from uuid import UUID

import aiohttp
import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from yarl import URL

from gateway.contract import Adapter, Request
from gateway.errors import BadCredentials, NotCapable, Rejected, SendError
from gateway.events import Expected, FileChange
from gateway.media import words
from gateway.media.download import Downloaded, Later, Refused, download
from gateway.media.inside import is_inside, place_of, take_out
from gateway.media.models import FileState, MessageFile, StoredFile
from gateway.media.storing import Unfit, store
from gateway.models import Channel, ChannelLog
from gateway.receivers import hand_over
from gateway.redaction import url_summary
from gateway.registry import adapter_for
from gateway.sql import storable, with_values
from gateway.transport import drive, new_session, with_token
from gateway.wake import wake

logger = structlog.get_logger(__name__)

FETCH = "gateway.tasks.fetch_media"
AT_ONCE = 8
# Longer than download.TIMEOUT with all its redirects.
LEASE = timedelta(minutes=8)
ATTEMPTS = 9
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 3600.0

EXPECT = """
INSERT INTO gateway_messagefile
    (workspace_id, channel_id, message_uid, place, state, url, content_type, name, size, error,
     attempts, due_at, created_at)
SELECT v.workspace::bigint, v.channel::uuid, v.message::uuid, v.place::smallint, 'pending', v.url,
       v.content_type, v.name, v.size::bigint, '', 0, now(), now()
FROM (VALUES {values}) AS v (workspace, channel, message, place, url, content_type, name, size)
ON CONFLICT (message_uid, place) DO NOTHING
"""
CLAIM = """
UPDATE gateway_messagefile SET due_at = %s, attempts = attempts + 1 WHERE id IN (
    SELECT id FROM gateway_messagefile WHERE state = 'pending' AND due_at <= %s
    ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt brought: a file, or a reason why not; ``again``: it is worth another."""

    row: MessageFile
    found: Downloaded | None = None
    reason: str = ""
    again: bool = False


def expect(files: Sequence[Expected]) -> None:
    """Note files that customers sent, in the caller's transaction: one statement."""
    if not files:
        return
    rows = [
        (
            one.workspace_id,
            str(one.channel_id),
            str(one.message_uid),
            one.place,
            storable(one.attachment.url) if not one.attachment.inside else place_of(one),
            storable(one.attachment.content_type)[:100],
            storable(one.attachment.name)[:255],
            one.attachment.size,
        )
        for one in files
    ]
    with_values(EXPECT, rows)
    wake(FETCH)


def anything_due() -> bool:
    """Whether a file is to be fetched now."""
    return MessageFile.objects.filter(state=FileState.PENDING, due_at__lte=timezone.now()).exists()


def fetch_due(seconds: float) -> bool:
    """Fetch what is due, for about so long; whether there is more."""
    end = monotonic() + seconds
    while rows := _claim():
        adapters = _adapters(rows)
        for row in filter(is_inside, rows):
            _settle(_take_out(row, adapters.get(row.channel_id)))
        outside = [row for row in rows if not is_inside(row)]
        for outcome in asyncio.run(_fetch_all(outside, adapters)):
            _settle(outcome)
        if monotonic() > end:
            return True
    return False


def _claim() -> list[MessageFile]:
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [now + LEASE, now, AT_ONCE])
        ids = [pk for (pk,) in cursor.fetchall()]
    return list(MessageFile.objects.filter(pk__in=ids).order_by("id")) if ids else []


def _adapters(rows: Sequence[MessageFile]) -> dict[UUID, Adapter]:
    """The channels' adapters; a channel that cannot be used has none."""
    adapters = {}
    for channel in Channel.objects.filter(pk__in={row.channel_id for row in rows}):
        try:
            adapters[channel.pk] = adapter_for(channel)
        except Exception:  # of this channel; the others' files are fetched
            logger.exception("channel cannot be used", channel=str(channel.pk))
    return adapters


def _take_out(row: MessageFile, adapter: Adapter | None) -> Outcome:
    try:
        return Outcome(row, take_out(row, adapter))
    except Refused as error:
        return Outcome(row, reason=error.reason, again=isinstance(error, Later))


async def _fetch_all(rows: Sequence[MessageFile], adapters: dict[UUID, Adapter]) -> list[Outcome]:
    async with new_session(auto_decompress=False) as session:

        async def one(row: MessageFile) -> Outcome:
            try:
                adapter = adapters.get(row.channel_id)
                if adapter is None:
                    raise Later("channel")
                check_host(adapter, row.url)
                request = await _asked(session, adapter, row.url)
                found = await download(session, request, limit=settings.MEDIA_MAX_BYTES)
                return Outcome(row, found)
            except Refused as error:
                return Outcome(row, reason=error.reason, again=isinstance(error, Later))

        return list(await asyncio.gather(*map(one, rows)))


async def _asked(session: aiohttp.ClientSession, adapter: Adapter, url: str) -> Request:
    """The request for the file itself, after what has to be asked first.

    What the provider names in its answer is checked like what it named before.
    """
    try:
        request = await with_token(session, await drive(session, adapter.fetch(url), []))
    except (Rejected, NotCapable) as error:
        raise Refused("gone") from error
    except BadCredentials as error:
        raise Later("denied") from error
    except SendError as error:
        raise Later("unreachable") from error
    check_host(adapter, request.url)
    return request


def check_host(adapter: Adapter, url: str) -> None:
    """Refused unless the file lies where this provider keeps files."""
    try:
        asked = URL(url)
        known = any(_lies_on(asked.host or "", one) for one in adapter.media_hosts)
        if not known and asked.origin() != URL(adapter.base_url).origin():
            raise Refused("host")
    except ValueError as error:
        raise Refused("answer") from error


def _lies_on(host: str, known: str) -> bool:
    return host == known or (known.startswith(".") and host.endswith(known))


def _settle(outcome: Outcome) -> None:
    row, found = outcome.row, outcome.found
    if found is None:
        _not_fetched(outcome)
        return
    with found.content:
        try:
            file = store(
                workspace_id=row.workspace_id,
                content=found.content,
                name=row.name,
                declared=row.content_type or found.content_type,
            )
        except Unfit as error:
            _not_fetched(Outcome(row, reason=error.reason))
            return
    _finish(row, FileState.STORED, file=file)


@transaction.atomic
def fetch_again(workspace_id: int, message_uid: UUID) -> int:
    """Begin anew with the files of a message that could not be fetched; how many there are."""
    failed = MessageFile.objects.filter(
        workspace=workspace_id, message_uid=message_uid, state=FileState.FAILED
    )
    count = failed.update(state=FileState.PENDING, error="", attempts=0, due_at=timezone.now())
    if count:
        hand_over("files", [FileChange(workspace_id, str(message_uid))])
        wake(FETCH)
    return count


def _not_fetched(outcome: Outcome) -> None:
    row = outcome.row
    logger.info("file not fetched", file=row.pk, reason=outcome.reason, attempts=row.attempts)
    _log(outcome)
    if not outcome.again:
        _finish(row, FileState.REFUSED, error=outcome.reason)
    elif row.attempts >= ATTEMPTS:
        _finish(row, FileState.FAILED, error=outcome.reason)
    else:
        pause = min(FIRST_PAUSE_S * 3 ** (row.attempts - 1), LONGEST_PAUSE_S)
        due = timezone.now() + timedelta(seconds=pause * random.uniform(0.8, 1.2))
        _held(row).update(due_at=due)


def _held(row: MessageFile) -> QuerySet[MessageFile]:
    """The row, if the attempt is still ours: nobody has claimed it since."""
    return MessageFile.objects.filter(pk=row.pk, state=FileState.PENDING, attempts=row.attempts)


@transaction.atomic
def _finish(
    row: MessageFile, state: FileState, *, file: StoredFile | None = None, error: str = ""
) -> None:
    fields = (
        {"content_type": file.content_type, "name": file.name, "size": file.size} if file else {}
    )
    if not _held(row).update(state=state, file=file, error=error, **fields):
        return  # another worker was faster; what was stored here is swept
    hand_over("files", [FileChange(row.workspace_id, str(row.message_uid))])


def _log(outcome: Outcome) -> None:
    """What the admins see of a file that was not fetched; one that was is in its thread."""
    row = outcome.row
    ChannelLog.objects.create(
        workspace_id=row.workspace_id,
        channel_id=row.channel_id,
        kind="media",
        ok=False,
        method="GET",
        url=url_summary(Request("GET", row.url)),
        error=words.reason(outcome.reason),
        attempt=row.attempts,
        created_at=timezone.now(),
    )
