"""A fresh database of the product for a bench, and the processes that work on it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import redis

ROOT = Path(__file__).parent.parent
NAME = "omnichannel_bench"


def database_url() -> str:
    """The bench's own database on the server of DATABASE_URL."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{NAME}"))


def fresh_database() -> str:
    """Make the bench's database anew, migrated, with Django set up on it; returns its URL."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    url = database_url()
    if parts.path != f"/{NAME}":
        os.environ["BENCH_SERVER_URL"] = os.environ["DATABASE_URL"]
    _close_connections()
    admin = psycopg2.connect(os.environ["BENCH_SERVER_URL"])
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {NAME}")
    admin.close()
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushall()
    os.environ["DATABASE_URL"] = url
    os.environ["DJANGO_SETTINGS_MODULE"] = "omnichannel.settings"
    _migrate()
    return url


def _close_connections() -> None:
    if "django" in sys.modules:
        from django.db import connections

        connections.close_all()


def _migrate() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)


@contextmanager
def running(*commands: Sequence[str], **environment: str) -> Iterator[list[int]]:
    """Run Python modules as processes (``["celery", "-A", …]``) until the block ends.

    Gives their process ids. Their output is shown when the block fails.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        started = [
            _start(command, Path(folder) / f"{place}.log", environment)
            for place, command in enumerate(commands)
        ]
        try:
            yield [process.pid for process in started]
        except BaseException:
            for log in sorted(Path(folder).glob("*.log")):
                print(log.read_text(errors="replace")[-3000:])
            raise
        finally:
            for process in started:
                process.terminate()
            for process in started:
                _end(process)


def _start(
    command: Sequence[str], log: Path, environment: dict[str, str]
) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def worker(name: str, queues: str, concurrency: int) -> list[str]:
    """The command of a Celery worker as the product runs it."""
    options = ["-Q", queues, "-n", f"{name}@bench", "--concurrency", str(concurrency)]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return ["celery", "-q", "-A", "omnichannel", "worker", *options, *quiet]


def wait_for_port(port: int, seconds: float = 30) -> None:
    """Until something listens on a port of this machine; TimeoutError otherwise."""
    import socket

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"Nothing listens on port {port}.")
