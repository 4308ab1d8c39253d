"""A delivery as the outbox works with it: what a claim gives, lean because there are thousands."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

import orjson

from gateway.models import Delivery
from gateway.states import State

# In the order of Row's first fields.
COLUMNS = (
    "id",
    "state",
    "workspace_id",
    "channel_id",
    "batch_id",
    "uid",
    "message_uid",
    "medium",
    "address",
    "content",
    "cost",
    "priority",
    "due_at",
    "attempts",
    "attempted_at",
    "created_at",
    "error_class",
    "error_code",
    "marketing",
    "fallback_s",
    "expires_at",
    "sender",
)
STATE, CONTENT, CHANNEL = (COLUMNS.index(name) for name in ("state", "content", "channel_id"))
# Ids that nobody reads are not worth an object each; there are few channels.
AS_TEXT = {"channel_id", "uid", "message_uid"}
channel_id_of = lru_cache(maxsize=1024)(UUID)
STATES = {state.value: state for state in State}


@dataclass(slots=True)
class Row:
    """Columns of a delivery at the moment it was claimed (to be sent, or to be asked about)."""

    pk: int
    state: State
    workspace_id: int
    channel_id: UUID
    batch_id: int | None
    uid: str
    message_uid: str
    medium: str
    address: str
    content: dict[str, Any]
    cost: float
    priority: int
    due_at: datetime
    attempts: int
    attempted_at: datetime | None
    created_at: datetime
    error_class: str
    error_code: str
    marketing: bool
    fallback_s: int | None
    expires_at: datetime | None
    sender: str | None
    error_text: str = ""

    @classmethod
    def of_columns(cls, values: list[Any]) -> Self:
        """From the values of ``selected`` as the cursor gives them: JSON unparsed."""
        values[STATE] = STATES[values[STATE]]
        values[CHANNEL] = channel_id_of(values[CHANNEL])
        values[CONTENT] = orjson.loads(values[CONTENT])
        return cls(*values)

    @classmethod
    def of_delivery(cls, delivery: Delivery) -> Self:
        """From a model instance."""
        values = {name: getattr(delivery, name) for name in COLUMNS[1:]}
        values |= {name: str(values[name]) for name in ("uid", "message_uid")}
        return cls(delivery.pk, **values)


def selected(table: str) -> str:
    """What to select for ``Row.of_columns``; ``table`` is the deliveries' alias."""
    return ", ".join(
        f"{table}.{name}::text" if name in AS_TEXT else f"{table}.{name}" for name in COLUMNS
    )
