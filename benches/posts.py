"""Posts prepared requests over many keep-alive connections, as cheaply as Python can.

A process of its own, so that the client's work does not count as the server's; it shares the
machine all the same.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of it: ``seconds`` from the first request to the last answer."""

    seconds: float
    statuses: dict[int, int]


def request_bytes(host: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A whole HTTP/1.1 POST."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def post_all(port: int, requests: Sequence[bytes], connections: int = CONNECTIONS) -> Posted:
    """Send every request to 127.0.0.1:``port`` and read every answer."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(theirs, port, connections))
    process.start()
    theirs.close()  # so that a child that dies is an error here, and no endless wait
    ours.send(list(requests))
    result: Posted = ours.recv()
    process.join()
    return result


def _child(pipe: Connection, port: int, connections: int) -> None:
    requests: list[bytes] = pipe.recv()
    pipe.send(asyncio.run(_post_all(port, requests, connections)))


async def _post_all(port: int, requests: list[bytes], connections: int) -> Posted:
    loop = asyncio.get_running_loop()
    waiting = iter(requests)
    statuses: dict[int, int] = {}
    lanes = []
    for _ in range(connections):
        over = loop.create_future()
        lanes.append(over)
        await loop.create_connection(
            lambda over=over: _Lane(waiting, statuses, over), "127.0.0.1", port
        )
    started = time.perf_counter()
    for lane in _Lane.all:
        lane.next()
    await asyncio.gather(*lanes)
    return Posted(time.perf_counter() - started, statuses)


class _Lane(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    all: "list[_Lane]" = []

    def __init__(self, waiting, statuses, over) -> None:  # type: ignore[no-untyped-def]
        self.waiting, self.statuses, self.over = waiting, statuses, over
        self.buffer = b""
        _Lane.all.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def next(self) -> None:
        request = next(self.waiting, None)
        if request is None:
            self.transport.close()
            self.over.set_result(None)
        else:
            self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, rest = self.buffer.partition(b"\r\n\r\n")
        if not separator or len(rest) < _content_length(head):
            return
        self.buffer = b""
        status = int(head[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(ConnectionError("The server closed the connection."))


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0
