"""Long lists a slice at a time, newest first, by id: never slower on later pages."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)

SIZE = 50


@dataclass(frozen=True, slots=True)
class Slice(Generic[M]):
    """Some rows; ``older`` is the ``before`` of the next slice, None at the end."""

    rows: list[M]
    older: int | None
    first: bool


def newest_first(queryset: models.QuerySet[M], before: str = "", size: int = SIZE) -> Slice[M]:
    """The rows with an id below ``before`` (what a person may have typed; nonsense: the newest)."""
    limit = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    if limit is not None:
        queryset = queryset.filter(pk__lt=limit)
    rows = list(queryset.order_by("-pk")[: size + 1])
    more = len(rows) > size
    return Slice(rows[:size], rows[size - 1].pk if more else None, limit is None)
