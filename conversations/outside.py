"""What apps above lend to the inbox, named in settings.CONVERSATION_OUTSIDE and never imported."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.members import workspace_members
from accounts.models import Workspace
from accounts.roles import Ability, may


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who can be given a conversation. ``load`` of ``capacity`` is empty when unknown."""

    member_id: int
    name: str
    status: str = ""
    load: int | None = None
    capacity: int | None = None


@lru_cache(maxsize=8)
def _lent(name: str) -> Any:
    path = getattr(settings, "CONVERSATION_OUTSIDE", {}).get(name)
    return import_string(path) if path else None


def colleagues(workspace: Workspace) -> Sequence[Colleague]:
    """The members who can be given conversations, by name; with presence and load if known.

    ``agents`` is a callable that takes the workspace and returns rows with ``member``, ``status``,
    ``load`` and ``capacity``.
    """
    listed = _lent("agents")
    if listed is None:
        members = workspace_members(workspace)
        return [Colleague(row.pk, row.name) for row in members if may(row.role, Ability.INBOX)]
    return [
        Colleague(row.member.pk, row.member.name, row.status, row.load, row.capacity)
        for row in listed(workspace)
        if may(row.member.role, Ability.INBOX)
    ]
