"""Bulk statements the ORM has no words for, run through Django's cursor, so tests count them."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from django.db import connection, models


def storable(text: str) -> str:
    """What PostgreSQL can keep of a text: no NUL, and no half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def update_from_values(
    model: type[models.Model], columns: Mapping[str, str], rows: Sequence[Sequence[Any]]
) -> None:
    """``UPDATE … FROM (VALUES …)`` in one statement.

    ``columns`` maps column names to PostgreSQL types; the first one is the key.
    """
    if not rows:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    key, *others = columns
    assignments = ", ".join(f"{name} = v.{name}::{columns[name]}" for name in others)
    with_values(
        f"UPDATE {table} AS t SET {assignments} "  # noqa: S608 - names come from our own code
        f"FROM (VALUES {{values}}) AS v ({', '.join(columns)}) "
        f"WHERE t.{key} = v.{key}::{columns[key]}",
        rows,
    )


def with_values(
    statement: str,
    rows: Sequence[Sequence[Any]],
    params: Sequence[Any] = (),
    *,
    fetch: bool = False,
) -> list[tuple[Any, ...]]:
    """Run one statement with all rows in place of ``{values}``; returns its rows with ``fetch``.

    ``params`` fill the placeholders after the values.
    """
    if not rows:
        return []
    line = f"({', '.join(['%s'] * len(rows[0]))})"
    filled = statement.replace("{values}", ", ".join([line] * len(rows)))
    with connection.cursor() as cursor:
        cursor.execute(filled, [*chain.from_iterable(rows), *params])
        return list(cursor.fetchall()) if fetch else []
