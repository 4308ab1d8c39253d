"""Channels as this process knows them, with their adapters built.

What is known may be out of date: whoever uses it names ``version`` in the statement that matters,
and asks for it ``fresh`` when that says no.
"""

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
    """A channel at its ``version`` (``Channel.updated_at``)."""

    pk: UUID
    workspace_id: int
    version: datetime
    adapter: Adapter


def known_channel(pk: UUID, *, fresh: bool = False) -> KnownChannel:
    """The channel as last seen, or read anew. Raises Channel.DoesNotExist, UnknownKind."""
    channel = None if fresh else _known.get(pk)
    return channel or _load(pk)


def _load(pk: UUID) -> KnownChannel:
    _known.pop(pk, None)
    row = Channel.objects.only("workspace_id", "kind", "config", "updated_at").get(pk=pk)
    channel = KnownChannel(pk, row.workspace_id, row.updated_at, adapter_for(row))
    if len(_known) >= MOST:
        _known.clear()
    _known[pk] = channel
    return channel
