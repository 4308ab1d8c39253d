"""Reads values of webhooks' JSON, whatever they are: a wrong type is as good as nothing."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

Json = dict[str, Any]


def loads(raw: bytes) -> Any:
    """JSON; None when it is none."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:  # what only the standard library takes (half a surrogate pair) may still be a message
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def inside(found: Mapping[str, Any], name: str) -> Json:
    """An object within; empty without one."""
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def rows(found: Mapping[str, Any], name: str) -> list[Json]:
    """The objects of a list within."""
    value = found.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(found: Mapping[str, Any], name: str) -> str:
    """Text as the database can keep it; empty without any."""
    value = found.get(name)
    return plain(value) if isinstance(value, str) else ""


def plain(words: str) -> str:
    """Text without NUL and without half of a surrogate pair."""
    return words.replace("\0", "").encode("utf-8", "replace").decode()


def whole(found: Mapping[str, Any], name: str) -> int | None:
    """A whole number, also one written as text; None without one."""
    value = found.get(name)
    if isinstance(value, str) and len(value) <= 20 and value.lstrip("-").isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def identity(found: Mapping[str, Any], name: str) -> str:
    """An id as text, whether it came as a number or as text; empty without one."""
    number = whole(found, name)
    return str(number) if number is not None else text(found, name).strip()[:255]


def degrees(found: Mapping[str, Any], name: str, limit: int) -> float | None:
    """A latitude or longitude; None for what is none."""
    value = found.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= limit:
        return float(value)
    return None


def moment(found: Mapping[str, Any], name: str, *, per_second: int = 1) -> datetime | None:
    """A time since 1970, in UTC; None without one. ``per_second``: 1000 for milliseconds."""
    value = whole(found, name)
    try:
        return datetime.fromtimestamp(value / per_second, UTC) if value else None
    except (ValueError, OverflowError, OSError):
        return None
