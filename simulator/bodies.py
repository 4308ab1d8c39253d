"""Reads JSON bodies of the control calls; what is wrong is said by field."""

import math
from typing import Any

import orjson
from aiohttp import web

REQUIRED = "This field is required."


class Invalid(Exception):
    """The body does not say what the call needs; ``errors`` by field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(str(errors))
        self.errors = errors


class Body:
    """A JSON object being read; ``finish`` raises Invalid with everything that was wrong."""

    def __init__(self, raw: bytes) -> None:
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise Invalid({"body": f"This is not JSON: {error}"}) from error
        if not isinstance(value, dict):
            raise Invalid({"body": "This must be a JSON object."})
        self.value: dict[str, Any] = value
        self.errors: dict[str, str] = {}
        self.read: set[str] = set()

    def text(self, name: str, *, default: str | None = None, limit: int = 10_000) -> str:
        """A string; required without ``default``, and then not blank."""
        value = self._take(name, default)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.errors[name] = "This must be text."
        elif len(value) > limit:
            self.errors[name] = f"This may have {limit} characters at most."
        elif default is None and not value.strip():
            self.errors[name] = "This may not be blank."
        else:
            return value
        return ""

    def number(self, name: str, *, low: float, high: float, default: float = 0) -> float:
        """A number between two bounds; true and false count as 1 and 0."""
        value = self._take(name, default)
        if not isinstance(value, int | float) or not math.isfinite(value):
            self.errors[name] = "This must be a number."
        elif not low <= value <= high:
            self.errors[name] = f"This must be between {low:g} and {high:g}."
        else:
            return float(value)
        return default

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            self.errors[name] = "This must be true or false."
            return default
        return value

    def choice(self, name: str, allowed: list[str]) -> str:
        """One of a few words."""
        value = self._take(name, None)
        if value is not None and value not in allowed:
            self.errors[name] = f"This must be one of: {', '.join(allowed)}."
        return str(value)

    def finish(self, *, strict: bool = True) -> None:
        """Raise Invalid if anything was wrong; with ``strict``, unknown fields are."""
        if strict:
            for name in self.value.keys() - self.read:
                self.errors[name] = "There is no such field."
        if self.errors:
            raise Invalid(self.errors)

    def _take(self, name: str, default: Any) -> Any:
        self.read.add(name)
        value = self.value.get(name)
        if value is None and default is None:
            self.errors[name] = REQUIRED
        return default if value is None else value


def answer(value: Any, status: int = 200) -> web.Response:
    """A JSON response."""
    return web.Response(
        body=orjson.dumps(value), status=status, content_type="application/json", charset="utf-8"
    )
