"""A provider's look-alike for benches: Twilio's "create message", as cheap as Python can answer it.

A process of its own, speaking just enough HTTP/1.1 (keep-alive, Content-Length). What comes in goes
to a spool file unread, with the moment of its arrival; it is parsed only when a bench asks, so that
the sink takes little from the machine it shares with what is measured.
"""

import argparse
import asyncio
import hashlib
import http.client
import json
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qs

from embedded.ports import free_port

ROOT = Path(__file__).parent.parent
START_SECONDS = 20
# Before each body in the spool file: the moment of arrival, and how long the body is.
RECORD = struct.Struct("<dI")

# As long as Twilio's own answer, in its own words.
CREATED = json.dumps(
    {
        "account_sid": "AC" + "b" * 32,
        "api_version": "2010-04-01",
        "body": "Sent from your Twilio trial account - the text comes back here",
        "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
        "date_sent": None,
        "date_updated": "Thu, 24 Aug 2023 05:01:45 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": "+14155550199",
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": "@SID@",
        "status": "queued",
        "subresource_uris": {"media": f"/2010-04-01/Accounts/AC{'b' * 32}/Messages/@SID@/Media"},
        "to": "+14155550123",
        "uri": f"/2010-04-01/Accounts/AC{'b' * 32}/Messages/@SID@.json",
    }
).replace("@SID@", "SM%(sid)s")
NOTHING_LISTED = b'{"messages": [], "next_page_uri": null}'


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as the sink got it.

    ``at`` is on the machine's monotonic clock (``time.monotonic()`` of any process); ``delivery``
    is our own id in the status callback, empty when there is none.
    """

    at: float
    to: str
    body: str
    delivery: str


@dataclass(frozen=True, slots=True)
class Sink:
    """A running sink; ``url`` is what SIMULATOR_URL shall be."""

    port: int
    spool: Path

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def count(self) -> int:
        """How many messages came in since the start, or since ``reset``."""
        return int(self._control("count"))

    def set_latency(self, latency_ms: float) -> None:
        """Answer this long after a request has come in, from now on."""
        self._control(f"latency/{latency_ms}")

    def reset(self) -> None:
        """Forget what came in."""
        self._control("reset")

    def arrivals(self) -> list[Arrival]:
        """Everything that came in, in that order."""
        return list(self.each_arrival())

    def each_arrival(self) -> Iterator[Arrival]:
        """As ``arrivals``, one at a time: millions need no memory."""
        self._control("flush")
        with self.spool.open("rb") as records:
            while head := records.read(RECORD.size):
                at, length = RECORD.unpack(head)
                yield _arrival(at, records.read(length))

    def moments(self) -> list[float]:
        """Only when each message came in."""
        self._control("flush")
        moments = []
        with self.spool.open("rb") as records:
            while head := records.read(RECORD.size):
                at, length = RECORD.unpack(head)
                records.seek(length, 1)
                moments.append(at)
        return moments

    def duplicates(self) -> int:
        """How many arrivals were one too many: the same delivery (else address and text) again."""
        seen: Counter[bytes] = Counter(
            hashlib.blake2b(
                (one.delivery or f"{one.to}\n{one.body}").encode(), digest_size=16
            ).digest()
            for one in self.each_arrival()
        )
        return seen.total() - len(seen)

    def _control(self, what: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", f"/control/{what}")
            return connection.getresponse().read().decode()
        finally:
            connection.close()


def _arrival(at: float, body: bytes) -> Arrival:
    fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    delivery = fields.get("StatusCallback", "").rpartition("delivery=")[2]
    return Arrival(at, fields.get("To", ""), fields.get("Body", ""), delivery)


@contextmanager
def running_sink(latency_ms: float = 0) -> Iterator[Sink]:
    """Start a sink on a free port, give it, stop it."""
    with tempfile.TemporaryDirectory(prefix="sink-") as folder:
        spool = Path(folder) / "spool"
        port = free_port()
        command = [sys.executable, "-m", "benches.sink", str(port), str(spool), str(latency_ms)]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            _wait(process, port)
            yield Sink(port, spool)
        finally:
            process.terminate()
            process.wait(10)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("The sink did not start.")


# --- The process itself


class Desk:
    """What all connections share: the spool, the count, and the answers that are not due yet."""

    def __init__(self, loop: asyncio.AbstractEventLoop, spool: BinaryIO, latency_ms: float) -> None:
        self.loop = loop
        self.spool = spool
        self.latency = latency_ms / 1000
        self.count = 0
        self.serial = 0
        self.due: deque[tuple[float, asyncio.Transport, bytes]] = deque()
        self.timer: asyncio.TimerHandle | None = None

    def take(self, transport: asyncio.Transport, body: bytes) -> None:
        """Note a message, and answer it when the time has come."""
        now = time.monotonic()
        self.spool.write(RECORD.pack(now, len(body)))
        self.spool.write(body)
        self.count += 1
        self.serial += 1
        answer = _response(201, (CREATED % {"sid": f"{self.serial:032x}"}).encode())
        if not self.latency:
            transport.write(answer)
            return
        # One timer for all: answers fall due in the order in which they were asked for.
        self.due.append((now + self.latency, transport, answer))
        if self.timer is None:
            self.timer = self.loop.call_at(self.due[0][0], self._give)

    def _give(self) -> None:
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            _, transport, answer = self.due.popleft()
            if not transport.is_closing():
                transport.write(answer)
        self.timer = self.loop.call_at(self.due[0][0], self._give) if self.due else None

    def control(self, what: str) -> bytes:
        """What a bench asks for: ``count``, ``flush``, ``reset``, ``latency/<milliseconds>``."""
        self.spool.flush()
        if what == "reset":
            self.spool.seek(0)
            self.spool.truncate()
            self.count = 0
        if what.startswith("latency/"):
            self.latency = float(what.removeprefix("latency/")) / 1000
        return str(self.count).encode()


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Take every whole request out of what has come in."""
        self.buffer = self.buffer + data if self.buffer else data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            whole = end + 4 + _content_length(head)
            if len(self.buffer) < whole:
                return
            body, self.buffer = self.buffer[end + 4 : whole], self.buffer[whole:]
            self._request(head, body)

    def _request(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST "):
            self.desk.take(self.transport, body)
            return
        path = head.split(b" ", 2)[1].decode()
        listed = not path.startswith("/control/")
        answer = NOTHING_LISTED if listed else self.desk.control(path.removeprefix("/control/"))
        self.transport.write(_response(200, answer))


def _content_length(head: bytes) -> int:
    start = head.lower().find(b"\r\ncontent-length:")
    if start < 0:
        return 0
    return int(head[start + 17 :].split(b"\r\n", 1)[0])


def _response(status: int, body: bytes) -> bytes:
    return (
        b"HTTP/1.1 %d OK\r\nContent-Type: application/json;charset=utf-8\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (status, len(body), body)
    )


async def serve(port: int, spool: Path, latency_ms: float) -> None:
    """Listen until the process is stopped."""
    loop = asyncio.get_running_loop()
    with spool.open("wb", buffering=1 << 20) as records:
        desk = Desk(loop, records, latency_ms)
        server = await loop.create_server(lambda: Connection(desk), "127.0.0.1", port, backlog=4096)
        await server.serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("spool", type=Path)
    parser.add_argument("latency_ms", type=float)
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.spool, options.latency_ms))


if __name__ == "__main__":
    _main()
