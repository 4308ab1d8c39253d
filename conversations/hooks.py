"""Hands domain events to the receivers named in settings.CONVERSATION_RECEIVERS.

Apps above (routing, campaigns) react without being imported. Names and what receivers get, always
inside the caller's transaction:

- ``inbound``: ``conversations: list[Inbound]`` - customers wrote
- ``changed``: ``conversation: Conversation, event: str, by: Member | None, reason: dict`` - its
  ``status`` changed, it was ``assigned``, or somebody ``answered``
- ``presence``: ``member_id: int, connected: bool`` - an agent's socket is alive or gone
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Inbound:
    """A conversation in which the customer has just written."""

    conversation_id: int
    workspace_id: int
    contact_id: int
    channel_id: str
    address: str
    assignee_id: int | None
    reopened: bool


@lru_cache(maxsize=16)
def receivers(name: str) -> tuple[Callable[..., None], ...]:
    """The receivers of one kind of event."""
    return tuple(import_string(path) for path in settings.CONVERSATION_RECEIVERS.get(name, []))


def notify(name: str, **data: Any) -> None:
    """Tell every receiver, inside the caller's transaction."""
    for receive in receivers(name):
        receive(**data)
