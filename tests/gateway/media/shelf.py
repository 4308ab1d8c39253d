"""A provider's file server on loopback, whose answers a test decides; real HTTP, no patching."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests import builders

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
ACCOUNT = f"/twilio/2010-04-01/Accounts/{builders.SID}"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 100
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
VCARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ana\r\nEND:VCARD\r\n"
# One pixel, for whoever looks at it in a browser.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8"
    "cfc0f01f0005000201c8b1a1d60000000049454e44ae426082"
)


class Shelf:
    """Answers by path; ``asked`` are (path, Authorization) in the order in which they came."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str]] = []
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.port = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """What SIMULATOR_URL shall be."""
        return f"http://127.0.0.1:{self.port}"

    def put(self, name: str, answer: Answer) -> str:
        """An answer for a file of the account; its URL."""
        self.answers[f"{ACCOUNT}/{name}"] = answer
        return f"{self.url}{ACCOUNT}/{name}"

    def __enter__(self) -> "Shelf":
        self.thread.start()
        self.ready.wait(10)
        return self

    def __exit__(self, *details: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        app = web.Application()
        app.router.add_get("/{path:.*}", self._give)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self.loop.run_until_complete(runner.setup())
        self.loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
        self.port = runner.addresses[0][1]
        self.ready.set()
        self.loop.run_forever()
        self.loop.run_until_complete(runner.cleanup())
        self.loop.close()

    async def _give(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, request.headers.get("Authorization", "")))
        answer = self.answers.get(request.path)
        return await answer(request) if answer else web.Response(status=404)


def gives(data: bytes, content_type: str = "image/jpeg", **headers: str) -> Answer:
    """A file."""

    async def give(request: web.Request) -> web.StreamResponse:
        return web.Response(body=data, headers={"Content-Type": content_type, **headers})

    return give


def says(status: int, **headers: str) -> Answer:
    """An answer without a file."""

    async def give(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=headers)

    return give


def moved(location: str) -> Answer:
    """Somewhere else."""
    return says(307, Location=location)


def streams(size: int) -> Answer:
    """A file that does not say how long it is."""

    async def give(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(JPEG)
        for _ in range(size // 10_000):
            await response.write(b"\0" * 10_000)
        return response

    return give
