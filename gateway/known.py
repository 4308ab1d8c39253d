"""Channels as this process knows them, with their adapters built.

What is known may be out of date: whoever uses it names ``version`` in the statement that matters,
and reads it anew when that says no.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.contract import Adapter
from gateway.models import Channel
from gateway.registry import adapter_for

MOST = 2_000
_known: dict[UUID, "KnownChannel"] = {}


@dataclass(frozen=True, slots=True)
class KnownChannel:
    """A channel at its ``version`` (``Channel.updated_at``).

    One that is not ``enabled`` lets nobody in; what it had let in before is still taken in.
    """

    pk: UUID
    workspace_id: int
    version: datetime
    adapter: Adapter
    enabled: bool = True


def remembered(pk: UUID) -> KnownChannel | None:
    """The channel as this process last read it; asks no database."""
    return _known.get(pk)


def read_anew(pks: Collection[UUID]) -> dict[UUID, KnownChannel | Exception]:
    """Those of these channels that exist, read in one statement, or why one cannot be used."""
    for pk in pks:
        _known.pop(pk, None)
    if len(_known) >= MOST:
        _known.clear()
    needed = Channel.objects.only("workspace_id", "kind", "config", "updated_at", "enabled")
    rows = needed.filter(pk__in=pks)
    return {row.pk: _build(row) for row in rows}


def _build(row: Channel) -> KnownChannel | Exception:
    try:
        adapter = adapter_for(row)
        channel = KnownChannel(row.pk, row.workspace_id, row.updated_at, adapter, row.enabled)
    except Exception as error:  # of this channel: the others that were asked for are fine
        return error
    _known[row.pk] = channel
    return channel
