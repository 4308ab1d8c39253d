"""The phone page: what it shows, its stream, and who may call it."""

import asyncio
import json
import re
from typing import Any

import pytest

from simulator.server import build
from simulator.world import Message, World
from tests.simulator.conftest import CUSTOMER, NUMBER, Stand


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("", "", "en"),
        ("", "es-MX,es;q=0.9,en;q=0.5", "es"),
        ("", "fr", "en"),
        ("?lang=es", "en", "es"),
        ("?lang=xx", "es", "es"),
    ],
)
async def test_speaks_the_readers_language(
    stand: Stand, query: str, accept: str, language: str
) -> None:
    headers = {"Accept-Language": accept}
    async with stand.http.get(f"{stand.base}/{query}", headers=headers) as response:
        assert response.status == 200
        assert f'<html lang="{language}">' in await response.text()


async def test_remembers_the_language(stand: Stand) -> None:
    async with stand.http.get(f"{stand.base}/?lang=es") as response:
        assert response.cookies["simulator_language"].value == "es"
    headers = {"Cookie": "simulator_language=es", "Accept-Language": "en"}
    async with stand.http.get(f"{stand.base}/", headers=headers) as response:
        assert '<html lang="es">' in await response.text()


async def test_strict_policy_and_nothing_inline(stand: Stand) -> None:
    async with stand.http.get(f"{stand.base}/?phone=%2B14155550114") as response:
        html = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"\son\w+=|style=|<style|javascript:", html)
    assert re.findall(r"<script(?![^>]*src=)", html) == []
    assert 'data-asked="+14155550114"' in html


async def test_names_of_phones_are_escaped(stand: Stand) -> None:
    async with stand.http.get(f"{stand.base}/?phone=<script>alert(1)</script>") as response:
        assert "<script>alert" not in await response.text()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("simulator/phones.js", 200),
        ("simulator/phones.css", 200),
        ("css/tokens.css", 200),
        ("nothing.js", 404),
        ("../manage.py", 404),
        ("%2e%2e/manage.py", 404),
        ("simulator/%2e%2e/%2e%2e/%2e%2e/manage.py", 404),
    ],
)
async def test_static_files(stand: Stand, path: str, status: int) -> None:
    async with stand.http.get(f"{stand.base}/static/{path}") as response:
        assert response.status == status


async def test_a_plus_sign_may_have_become_a_space(stand: Stand) -> None:
    state = await stand.get("/phone/state?phone=+14155550114")
    assert list(state["threads"]) == [CUSTOMER]


async def test_the_stream_shows_what_happens(stand: Stand) -> None:
    url = f"{stand.base}/phone/events?phone=%2B14155550114"
    async with stand.http.get(url) as stream:
        assert stream.content_type == "text/event-stream"
        await stand.send("For you")
        await stand.send("For another", To="+34600111999")
        events: list[dict[str, Any]] = []
        async with asyncio.timeout(5):
            while not any(e["type"] == "phones" for e in events):
                raw = (await stream.content.readuntil(b"\n\n")).decode()
                if raw.startswith("data: ["):
                    events += json.loads(raw[6:])
    messages = [event for event in events if event["type"] == "message"]
    assert [(event["text"], event["mine"]) for event in messages] == [("For you", False)]


async def test_writing_and_seeing(stand: Stand) -> None:
    await stand.send("Hello")
    await asyncio.sleep(0.4)
    phones = {phone["number"]: phone for phone in (await stand.get("/phone/state"))["phones"]}
    assert phones[CUSTOMER]["unread"] == 1
    await stand.post("/phone/seen", {"phone": CUSTOMER})
    phones = {phone["number"]: phone for phone in (await stand.get("/phone/state"))["phones"]}
    assert phones[CUSTOMER]["unread"] == 0
    channel = (await stand.get("/phone/state"))["lines"][0]["channel"]
    body = {"phone": CUSTOMER, "line": channel, "text": "Hi!"}
    bubble = await stand.post("/phone/write", body)
    assert (bubble["mine"], bubble["status"], bubble["line"]) == (True, "received", NUMBER)
    answer = await stand.post("/phone/write", {**body, "line": "x"}, status=400)
    assert set(answer["errors"]) == {"line"}


async def test_an_offline_phone_cannot_write(stand: Stand) -> None:
    await stand.post("/phones", {"number": CUSTOMER, "online": False})
    channel = (await stand.get("/phone/state"))["lines"][0]["channel"]
    body = {"phone": CUSTOMER, "line": channel, "text": "Hi!"}
    assert set((await stand.post("/phone/write", body, 400))["errors"]) == {"phone"}
    assert stand.door.received == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": ""},
    ],
)
async def test_answers_this_machine_only(stand: Stand, headers: dict[str, str]) -> None:
    async with stand.http.post(f"{stand.base}/faults", json={}, headers=headers) as response:
        assert response.status in {400, 403}
        assert "provider" not in await response.text()


def test_on_another_address_any_name_is_right(settings: object) -> None:
    settings.DEBUG = True  # type: ignore[attr-defined]
    assert len(build(host="0.0.0.0").middlewares) == 1


def test_memory_is_bounded() -> None:
    world = World(limit=3)
    for n in range(10):
        number = f"+3460000000{n}"
        phone = world.phone(number)
        world.add(
            Message(f"SM{n}", "twilio", "AC", "outbound", "+1", number, "", phone, "+1", "sent")
        )
    assert [message.sid for message in world.messages] == ["SM7", "SM8", "SM9"]
    assert set(world.by_sid) == {"SM7", "SM8", "SM9"}
    assert len(world.phones) == 3
    assert world.accepted == {"twilio": 10}
