"""Posts prepared requests over many keep-alive connections, as cheaply as Python can.

A process of its own, so that the client's work does not count as the server's; it shares the
machine all the same.
"""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
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
    statuses: Counter[int] = Counter()
    lanes = [_Lane(waiting, statuses) for _ in range(connections)]
    for lane in lanes:
        await loop.create_connection(lambda lane=lane: lane, "127.0.0.1", port)  # type: ignore[misc]
    started = time.perf_counter()
    for lane in lanes:
        lane.next()
    await asyncio.gather(*(lane.over for lane in lanes))
    return Posted(time.perf_counter() - started, dict(statuses))


class _Lane(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    transport: asyncio.Transport

    def __init__(self, waiting: Iterator[bytes], statuses: Counter[int]) -> None:
        self.waiting, self.statuses = waiting, statuses
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def next(self) -> None:
        request = next(self.waiting, None)
        if request is None:
            self.over.set_result(None)
            self.transport.close()
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, rest = self.buffer.partition(b"\r\n\r\n")
        if not separator or len(rest) < _content_length(head):
            return
        self.buffer = b""
        self.statuses[int(head[9:12])] += 1
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(ConnectionError("The server closed the connection."))


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0
