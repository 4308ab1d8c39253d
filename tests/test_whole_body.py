"""A page's request reaches Django whole or not at all."""

from typing import Any

from omnichannel.whole_body import WholeBody


async def sent(limit: int, length: str, *messages: dict[str, Any]) -> list[bytes]:
    """The bodies the application got from these messages."""
    got: list[bytes] = []
    waiting = list(messages)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        got.append((await receive())["body"])

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "headers": [(b"content-length", length.encode())]}
    await WholeBody(application, limit)(scope, receive, send)
    return got


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    """A piece of a request."""
    return {"type": "http.request", "body": body, "more_body": more}


async def test_parts_are_put_together() -> None:
    parts = part(b"text=He", more=True), part(b"llo", more=False)
    assert await sent(100, "10", *parts) == [b"text=Hello"]


async def test_half_a_form_is_no_request() -> None:
    assert await sent(100, "10", part(b"text=He", more=True), {"type": "http.disconnect"}) == []


async def test_what_is_too_long_is_left_to_django_unread() -> None:
    assert await sent(100, "101", part(b"x", more=True)) == [b"x"]
