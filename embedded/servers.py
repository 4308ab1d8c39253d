"""The two servers of one data folder, shared by every command that needs them.

Locks are `flock`s, which the kernel lets go when their holder dies, so none is ever stale:
`servers.lock` is held by the process that started the servers, `users.lock` is shared by those
that use them. The owner publishes the addresses in `servers.json`.
"""

import contextlib
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from embedded.errors import EmbeddedError
from embedded.keys import load_secrets, write_private
from embedded.places import Places
from embedded.postgres import Postgres, start_postgres
from embedded.redis import Redis, start_redis

NAMES = ("DATABASE_URL", "REDIS_URL")


@dataclass(frozen=True)
class Addresses:
    """Where the servers answer, and whether this process started them."""

    database_url: str
    redis_url: str
    owned: bool

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


def hold(path: Path, *, shared: bool = False, wait: bool = False) -> IO[str] | None:
    """Take a file lock; None where another process has it. Closing the file lets go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


@contextlib.contextmanager
def servers(places: Places, *, wait_for_users: bool) -> Iterator[Addresses]:
    """Run or reuse the servers; on leaving, stop those started here.

    With `wait_for_users`, the owner stops them only after the last other user has gone.
    """
    given = [os.environ.get(name) for name in NAMES]
    if given[0] and given[1]:
        yield Addresses(given[0], given[1], owned=False)
        return
    places.create()
    lock, addresses = _own_or_join(places)
    if not addresses.owned:
        with lock:
            yield addresses
        return
    with lock, _started(places, wait_for_users=wait_for_users) as started:
        yield started


def _own_or_join(places: Places) -> tuple[IO[str], Addresses]:
    """Become the owner, or a user of the present owner's servers."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if owner := hold(places.run / "servers.lock"):
            (places.run / "servers.json").unlink(missing_ok=True)
            return owner, Addresses("", "", owned=True)
        user = hold(places.run / "users.lock", shared=True)
        if user is not None:
            published = places.run / "servers.json"
            with contextlib.suppress(FileNotFoundError, ValueError):
                found = json.loads(published.read_text("utf-8"))
                if all(_reachable(url) for url in found.values()):
                    urls = {name: os.environ.get(name) or found[name] for name in NAMES}
                    return user, Addresses(urls[NAMES[0]], urls[NAMES[1]], owned=False)
            user.close()
        time.sleep(0.1)
    raise EmbeddedError(f"another process holds {places.run}/servers.lock but starts no servers")


def _reachable(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname, parts.port), timeout=2):
            return True
    except OSError:
        return False


@contextlib.contextmanager
def _started(places: Places, *, wait_for_users: bool) -> Iterator[Addresses]:
    passwords = load_secrets(places.secrets)
    postgres: Postgres | None = None
    redis: Redis | None = None
    try:
        # The signal for "parent died" is tied to the thread that forks: so no threads here.
        if not os.environ.get("REDIS_URL"):
            redis = start_redis(places, passwords)
        if not os.environ.get("DATABASE_URL"):
            postgres = start_postgres(places, passwords)
        urls = {
            "DATABASE_URL": postgres.url if postgres else os.environ["DATABASE_URL"],
            "REDIS_URL": redis.url if redis else os.environ["REDIS_URL"],
        }
        write_private(places.run / "servers.json", json.dumps(urls))
        yield Addresses(urls["DATABASE_URL"], urls["REDIS_URL"], owned=True)
    finally:
        if wait_for_users:
            _wait_for_users(places)
        (places.run / "servers.json").unlink(missing_ok=True)
        with ThreadPoolExecutor() as pool:
            for stop in [server.stop for server in (postgres, redis) if server]:
                pool.submit(stop)


def _wait_for_users(places: Places) -> None:
    if free := hold(places.run / "users.lock"):
        free.close()
        return
    print("servers still in use by another command; waiting (Ctrl-C stops them)", file=sys.stderr)
    with contextlib.suppress(KeyboardInterrupt):
        if last := hold(places.run / "users.lock", wait=True):
            last.close()
