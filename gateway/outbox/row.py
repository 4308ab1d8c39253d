"""A delivery as the outbox works with it: what a claim gives, lean because there are thousands."""

from dataclasses import dataclass
from datetime import datetime
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
)
STATE, CONTENT = COLUMNS.index("state"), COLUMNS.index("content")


@dataclass(slots=True)
class Row:
    """Columns of a delivery at the moment it was claimed (to be sent, or to be asked about)."""

    pk: int
    state: State
    workspace_id: int
    channel_id: UUID
    batch_id: int | None
    uid: UUID
    message_uid: UUID
    medium: str
    address: str
    content: dict[str, Any]
    cost: float
    priority: int
    due_at: datetime
    attempts: int
    attempted_at: datetime | None
    created_at: datetime
    error_class: str = ""
    error_code: str = ""
    error_text: str = ""

    @classmethod
    def of_columns(cls, columns: tuple[Any, ...]) -> Self:
        """From the values of COLUMNS as the cursor gives them: JSON unparsed."""
        values = list(columns)
        values[STATE] = State(values[STATE])
        values[CONTENT] = orjson.loads(values[CONTENT])
        return cls(*values)

    @classmethod
    def of_delivery(cls, delivery: Delivery) -> Self:
        """From a model instance."""
        return cls(delivery.pk, *(getattr(delivery, name) for name in COLUMNS[1:]))
