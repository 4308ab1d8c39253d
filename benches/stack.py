"""The whole product as ``make up`` runs it, on free ports and in a folder of its own."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.environment import INNER_PORTS
from embedded.ports import free_ports

ROOT = Path(__file__).parent.parent
START_SECONDS = 300
# What must follow from this stack's own servers and ports.
ADDRESSES = {
    "DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "REALTIME_URL", "SMPP_URL", "MAIL_URL",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stack:
    """Where the running product is reached, and its demo log-ins."""

    url: str
    simulator: str
    token: str
    logins: list[dict[str, str]]

    def login(self, role: str) -> dict[str, str]:
        """The first demo log-in with this role."""
        return next(login for login in self.logins if login["role"] == role)


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Start everything, give it, stop everything."""
    web, realtime, simulator, *inner = free_ports(3 + len(INNER_PORTS))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        inherited = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
        environment = inherited | {
            "DATA": folder,
            "PORT": str(web),
            "REALTIME_PORT": str(realtime),
            "SIMULATOR_PORT": str(simulator),
            **dict(zip(INNER_PORTS, map(str, inner), strict=True)),
            "PUBLIC_URL": f"http://127.0.0.1:{web}",
            "REALTIME_URL": f"ws://127.0.0.1:{realtime}",
            "SIMULATOR_URL": f"http://127.0.0.1:{simulator}",
        }
        log = Path(folder) / "up.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "embedded", "up"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield _wait(process, Path(folder), log)
        finally:
            process.terminate()
            process.wait(60)


def _wait(process: "subprocess.Popen[bytes]", folder: Path, log: Path) -> Stack:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        text = log.read_text(errors="replace")
        if process.poll() is not None:
            raise RuntimeError(f"The stack did not start:\n{text[-3000:]}")
        document = folder / "demo.json"
        if document.exists() and "Ctrl-C" in text:
            demo: dict[str, Any] = json.loads(document.read_text())
            return Stack(demo["url"], demo["simulator"], demo["token"], demo["logins"])
        time.sleep(0.2)
    raise TimeoutError(f"The stack is not up:\n{log.read_text(errors='replace')[-3000:]}")
