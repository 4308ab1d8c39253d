"""Many browsers' sockets in one cheap process: each notes what it hears and when.

Times are of the machine's monotonic clock, which all its processes share.
"""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import aiohttp

HEARTBEAT_SECONDS = 20.0
OPENING_AT_ONCE = 40

Heard = tuple[int, int, float]  # socket, conversation of the event, when


@dataclass(slots=True)
class Listeners:
    """Sockets of these cookies to one address; use ``stop`` to learn what they heard."""

    url: str
    origin: str
    cookies: Sequence[str]
    ours: Connection = field(init=False)
    process: multiprocessing.process.BaseProcess = field(init=False)

    def start(self) -> float:
        """Open all; returns the seconds until the last was told that it is ready."""
        context = multiprocessing.get_context("spawn")
        self.ours, theirs = context.Pipe()
        arguments = (theirs, self.url, self.origin, list(self.cookies))
        self.process = context.Process(target=_child, args=arguments, daemon=True)
        self.process.start()
        theirs.close()  # so that a child that dies is an error here, and no endless wait
        return float(self.ours.recv())

    def stop(self) -> list[Heard]:
        """Close all; everything heard."""
        self.ours.send("stop")
        heard: list[Heard] = self.ours.recv()
        self.process.join(10)
        return heard


def _child(pipe: Connection, url: str, origin: str, cookies: list[str]) -> None:
    asyncio.run(_listen(pipe, url, origin, cookies))


async def _listen(pipe: Connection, url: str, origin: str, cookies: list[str]) -> None:
    heard: list[Heard] = []
    opening = asyncio.Semaphore(OPENING_AT_ONCE)
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), over.set)
    started = time.monotonic()
    timeout = aiohttp.ClientWSTimeout(ws_close=2.0)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        ready = [asyncio.get_running_loop().create_future() for _ in cookies]

        async def one(place: int, cookie: str) -> None:
            async with opening:
                headers = {"Origin": origin, "Cookie": cookie}
                socket = await session.ws_connect(url, headers=headers, timeout=timeout)
                beats = asyncio.create_task(_beat(socket, place / len(cookies)))
                reading = asyncio.create_task(_read(socket, place, heard, ready[place]))
                await ready[place]
            await over.wait()
            beats.cancel()
            reading.cancel()
            await socket.close()

        sockets = [asyncio.create_task(one(*numbered)) for numbered in enumerate(cookies)]
        await asyncio.gather(*ready)
        pipe.send(time.monotonic() - started)
        await over.wait()
        pipe.send(heard)
        await asyncio.gather(*sockets)


async def _beat(socket: aiohttp.ClientWebSocketResponse, share: float) -> None:
    """As the page does, but not all sockets at the same moment."""
    await asyncio.sleep(HEARTBEAT_SECONDS * share)
    while True:
        await socket.send_str('{"type":"heartbeat"}')
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def _read(
    socket: aiohttp.ClientWebSocketResponse,
    place: int,
    heard: list[Heard],
    ready: "asyncio.Future[None]",
) -> None:
    async for message in socket:
        now = time.monotonic()
        frame = json.loads(message.data)
        for event in frame["events"] if frame["kind"] == "events" else [frame]:
            if event["kind"] == "ready":
                ready.set_result(None)
            elif event["kind"] == "message.created":
                heard.append((place, event["conversation"], now))
    if not ready.done():
        ready.set_exception(ConnectionError(f"closed with {socket.close_code}"))
