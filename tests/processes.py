"""Starts the product's real processes against the test database, and kills them for real."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import psutil
from django.db import connection

from embedded.ports import free_port

ROOT = Path(__file__).parent.parent


def test_database_url() -> str:
    """DATABASE_URL of the database this test run works in."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


test_database_url.__test__ = False  # type: ignore[attr-defined]


def until(holds: Callable[[], bool], otherwise: str, seconds: float = 90) -> None:
    """Wait until something holds; the test fails with ``otherwise`` when it never does.

    The time is a bound for machines that are busy, never a measurement.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)


SIMULATOR_PORTS = ("SMSC_PORT", "SIMULATOR_SMTP_PORT", "SIMULATOR_IMAP_PORT")


class Processes:
    """Web, workers and beat as the product runs them; used as a context manager.

    ``url`` is the web process's address. Output goes to files that a failing test prints. What
    still runs at the end is killed: how it ends is no longer of interest to the test.
    """

    def __init__(self, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.logs = Path(tempfile.mkdtemp(prefix="processes-"))
        self.environment = {
            **os.environ,
            "DATABASE_URL": test_database_url(),
            "PUBLIC_URL": self.url,
            "DATA": str(self.logs),
            # Others run their own simulator at the same time.
            **{name: str(free_port()) for name in SIMULATOR_PORTS},
            **environment,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in list(self.running):
            self.kill(name)
        if error is not None:
            self.print_logs()
        shutil.rmtree(self.logs, ignore_errors=True)

    def print_logs(self) -> None:
        """The last words of every process, for whoever looks into a failed test."""
        for log in sorted(self.logs.glob("*.log")):
            print(f"--- {log.name}", log.read_text(errors="replace")[-4000:], sep="\n")

    def start(self, name: str, *command: str, **environment: str) -> None:
        """Start a Python module as a process: ``start("beat", "celery", "-A", …)``."""
        with (self.logs / f"{name}.log").open("ab") as output:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=self.environment | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def web(self) -> None:
        """The web process; returns once it answers."""
        address = ("--host", "127.0.0.1", "--port", str(self.port))
        application = "omnichannel.web:application"
        self.start("web", "granian", "--interface", "asginl", "--no-ws", *address, application)
        self.wait_for_web()

    def wait_for_web(self, seconds: float = 30) -> None:
        """Until /healthz answers; TimeoutError otherwise."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("web does not answer")

    def worker(
        self, name: str, queues: Sequence[str], concurrency: int = 1, **environment: str
    ) -> None:
        """A Celery worker for these queues."""
        options = ("-Q", ",".join(queues), "-c", str(concurrency), "--without-gossip")
        app = ("celery", "-A", "omnichannel", "worker", "-n", f"{name}@test")
        self.start(name, *app, *options, "--without-mingle", **environment)

    def beat(self, name: str = "beat") -> None:
        """The scheduler of the sweeps, with a schedule file of its own."""
        schedule = ("--schedule", str(self.logs / f"{name}-schedule"))
        self.start(name, "celery", "-A", "omnichannel", "beat", "--pidfile=", *schedule)

    def kill(self, name: str) -> None:
        """``kill -9`` of a process and its children."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def kill_children(self, name: str) -> None:
        """``kill -9`` of what a worker has forked; the worker itself goes on and forks anew."""
        for child in psutil.Process(self.running[name].pid).children():
            child.kill()

    def stop(self, name: str) -> None:
        """SIGTERM, and SIGKILL for what is left after 15 seconds."""
        process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
