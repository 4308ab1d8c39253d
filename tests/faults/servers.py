"""PostgreSQL and Redis of a scenario's own, to stop and start; the test run's stay untouched."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from django.db import connections

from embedded.keys import load_secrets
from embedded.places import Places
from embedded.ports import free_port
from embedded.postgres import start_postgres
from embedded.redis import find_program
from tests.processes import ROOT


class OwnRedis:
    """A Redis on one port, whatever happens to it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    def start(self) -> None:
        """Empty, as after every restart."""
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "")
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(
                [find_program(), *options, "--dir", str(self.folder)], stdout=log, stderr=log
            )

    def hang(self) -> None:
        """Takes connections and answers nothing: worse than being gone."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """Gone at once."""
        if self.process:
            self.process.kill()
            self.process.wait(10)
            self.process = None


class OwnPostgres:
    """A PostgreSQL cluster with the product's tables, on one port, whatever happens to it."""

    def __init__(self, folder: Path) -> None:
        self.places = Places(folder)
        self.places.create()
        self.secrets = load_secrets(self.places.secrets)
        self.server = start_postgres(self.places, self.secrets)
        self.url = self.server.url

    def __enter__(self) -> Self:
        environment = {**os.environ, "DATABASE_URL": self.url}
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        try:
            subprocess.run(command, cwd=ROOT, env=environment, check=True)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    def start(self) -> None:
        """Again, on the same port and data; the test's own connection begins anew too."""
        connections["default"].close()
        self.server = start_postgres(self.places, self.secrets)
        assert self.server.url == self.url, "somebody took the port meanwhile"

    def stop(self) -> None:
        """As an administrator does: sessions are cut."""
        self.server.stop()

    def crash(self) -> None:
        """As a power cut does: what was not committed is gone, the log is replayed at the start."""
        self.server.process.send_signal(signal.SIGQUIT)
        self.server.process.wait(20)


@contextmanager
def working_in(server: OwnPostgres) -> Iterator[None]:
    """The test's own models read and write the other server's database meanwhile."""
    parts = urlsplit(server.url)
    ours = connections["default"].settings_dict
    theirs = {
        "NAME": parts.path.removeprefix("/"),
        "USER": parts.username,
        "PASSWORD": parts.password,
        "HOST": parts.hostname,
        "PORT": parts.port,
    }
    before = {name: ours[name] for name in theirs}
    connections["default"].close()
    ours.update(theirs)
    try:
        yield
    finally:
        connections["default"].close()
        ours.update(before)
