"""The command itself, its refusal without DEBUG, and the way to the real door."""

import asyncio
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from embedded.ports import free_port
from gateway.models import InboundRequest, SignatureRefusal
from simulator.checks import only_with_debug
from simulator.server import build
from tests import builders
from tests.processes import SIMULATOR_PORTS

ROOT = Path(__file__).parents[2]


def test_refuses_without_debug(settings: Any) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("simulator")
    with pytest.raises(ImproperlyConfigured):
        build()


def test_a_look_alike_in_production_is_an_error(settings: Any) -> None:
    settings.DEBUG, settings.SIMULATOR_URL = False, "http://127.0.0.1:8010"
    assert [error.id for error in only_with_debug(None)] == ["simulator.E001"]
    settings.SIMULATOR_URL = ""
    assert only_with_debug(None) == []


@pytest.mark.slow
def test_the_command_serves_and_stops() -> None:
    port = free_port()
    command = [sys.executable, "manage.py", "simulator", "--port", str(port)]
    ports = {name: str(free_port()) for name in SIMULATOR_PORTS}
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **ports, "DEBUG": "1"})
    try:
        deadline = monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
                    assert b"data-testid" in page.read()
                break
            except OSError:
                assert monotonic() < deadline
                assert process.poll() is None
                sleep(0.1)
    finally:
        process.terminate()
        assert process.wait(15) == 0


@pytest.mark.django_db(transaction=True)
def test_a_customers_message_reaches_the_real_door(live_server: Any, settings: Any) -> None:
    settings.DEBUG, settings.PUBLIC_URL = True, live_server.url
    channel = builders.channel()
    address = channel.address

    async def write() -> Any:
        async with TestServer(build()) as server, aiohttp.ClientSession() as http:
            body = {
                "provider": "twilio",
                "channel_address": address,
                "from": "+14155550114",
                "text": "¿Hola?",
            }
            async with http.post(server.make_url("/inbound"), json=body) as response:
                return await response.json()

    answer = asyncio.run(write())
    assert answer["webhook_status"] == 200
    kept = InboundRequest.objects.get()
    assert kept.channel_id == channel.pk
    assert answer["sid"].encode() in bytes(kept.body)
    assert SignatureRefusal.objects.count() == 0
