"""Calls of Twilio's API: how they are read, and how they are refused."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from aiohttp import web

from simulator import twilio_words as words
from simulator.bodies import answer

# Whose credentials a call has.
ACCOUNT = web.RequestKey("account", str)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """The call is answered with one of Twilio's errors."""

    def __init__(self, code: int, about: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.about = about


def cut_off(request: web.Request) -> None:
    """Close the connection; whatever is answered afterwards goes nowhere."""
    if request.transport:
        request.transport.abort()


def refusal(refused: Refused) -> web.Response:
    """An error as Twilio answers it."""
    status, body = words.error(refused.code, refused.about)
    response = answer(body, status)
    if status == 429:
        response.headers["Retry-After"] = "1"
    return response


async def read_form(request: web.Request) -> dict[str, list[str]]:
    """The form's fields with all their values."""
    try:
        raw = (await request.read()).decode()
        pairs = parse_qsl(raw, keep_blank_values=True, errors="strict")
    except ValueError:
        raise Refused(21602) from None
    form: dict[str, list[str]] = {}
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def first(form: dict[str, list[str]], name: str) -> str:
    """The first value of a field; empty without one."""
    return form.get(name, [""])[0]


def whole(value: str | None, default: int, low: int, high: int) -> int:
    """A whole number between two bounds."""
    return min(max(int(value), low), high) if value and value.isdecimal() else default
