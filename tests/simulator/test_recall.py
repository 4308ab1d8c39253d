"""A simulator that was started anew: who wrote before may still be answered."""

import time
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from simulator.lines import Heard, Lines
from simulator.server import build
from tests.payloads.whatsapp.exhibit import ACCESS_TOKEN, NUMBER_ID
from tests.simulator.whatsapp import whatsapp_line

BASE = "http://127.0.0.1:9"
LATELY, LONG_AGO = "+14155550111", "+14155550112"


async def test_only_who_wrote_lately_gets_free_text(settings: Any) -> None:
    settings.DEBUG = True
    line = whatsapp_line(BASE)
    now = time.time()
    heard = [
        Heard(line.channel, LATELY, now - 3_600),
        Heard(line.channel, LONG_AGO, now - 90_000),
        Heard("a channel that is gone", LATELY, now),
    ]
    app = build(Lines(lambda: [line], lambda: heard))
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        for to in (LATELY, LONG_AGO):
            body = {
                "messaging_product": "whatsapp",
                "to": to.removeprefix("+"),
                "type": "text",
                "text": {"body": "Hello"},
            }
            url = server.make_url(f"/whatsapp/v25.0/{NUMBER_ID}/messages")
            head = {"Authorization": f"Bearer {ACCESS_TOKEN}"}
            async with session.post(url, json=body, headers=head) as answer:
                assert answer.status == 200, await answer.text()
        found: dict[str, str] = {}
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            async with session.get(server.make_url("/sent?provider=whatsapp")) as answer:
                rows = (await answer.json())["messages"]
            found = {row["to"]: row["status"] for row in rows}
            if set(found.values()) <= {"failed", "delivered"}:
                break
    assert found == {LATELY: "delivered", LONG_AGO: "failed"}
