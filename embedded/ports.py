"""Free ports on loopback."""

import random
import socket
from collections.abc import Iterator

# Systems give outgoing connections ports from 32768 on (Linux) or 49152 on: one of those may be
# taken again before the server that was to have it begins to listen.
FIRST, LAST = 20_000, 32_000
TRIES = 500


def free_port(wanted: int | None = None) -> int:
    """A port that nobody listens on, `wanted` if it is one; OSError when there is none."""
    for port in _candidates(wanted):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("No free port was found on this machine.")


def free_ports(count: int) -> list[int]:
    """Several, all different."""
    found: list[int] = []
    while len(found) < count:
        port = free_port()
        if port not in found:
            found.append(port)
    return found


def _candidates(wanted: int | None) -> Iterator[int]:
    if wanted:
        yield wanted
    yield from random.sample(range(FIRST, LAST), TRIES)
