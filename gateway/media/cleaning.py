"""Removes files: those nothing uses, and those of messages that are erased."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from gateway.media.models import MessageFile, StoredFile
from gateway.media.storing import media_storage

BATCH = 100
# Neither in a message, nor held for one, nor the logo of a channel.
UNUSED: dict[str, Any] = {"uses": None, "holds": None, "branded": None}


def sweep_unused(before: datetime, *, most: int = 10_000) -> int:
    """Remove files that nothing uses and that are older; returns how many."""
    total = 0
    while total < most:
        count = _remove_some(before)
        total += count
        if count < BATCH:
            break
    return total


@transaction.atomic
def release_files(message_uids: Collection[UUID], *, workspace_id: int) -> int:
    """Forget the files of these messages; what no other message uses is removed. How many.

    For erasing a contact: bytes are gone when this returns, whatever becomes of the transaction.
    """
    uses = MessageFile.objects.in_workspace(workspace_id).filter(message_uid__in=message_uids)
    ids = list(uses.exclude(file=None).values_list("file", flat=True))
    uses.delete()
    rows = StoredFile.objects.in_workspace(workspace_id).filter(pk__in=ids, **UNUSED)
    return _remove(list(rows.order_by("id").select_for_update(of=("self",))))


@transaction.atomic
def _remove_some(before: datetime) -> int:
    rows = StoredFile.objects.filter(created_at__lt=before, **UNUSED)
    # Whoever attaches one at this moment holds its row, and it is left.
    locked = rows.order_by("created_at").select_for_update(of=("self",), skip_locked=True)[:BATCH]
    return _remove(list(locked))


def _remove(rows: list[StoredFile]) -> int:
    """The bytes first: a row whose bytes are gone is removed next time, not the other way round."""
    unused = StoredFile.objects.filter(pk__in=[row.pk for row in rows], **UNUSED)
    free_ids = set(unused.values_list("pk", flat=True))
    free = [row for row in rows if row.pk in free_ids]
    for row in free:
        media_storage().delete(row.path)
    StoredFile.objects.filter(pk__in=[row.pk for row in free]).delete()
    return len(free)
