"""Starts the embedded runtime as a person would, as processes of their own, and looks at them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from embedded.places import ROOT

# What the run of the tests itself was given must not reach the runs under test.
OURS = ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "REALTIME_URL", "SIMULATOR_URL", "SECRET_KEY")


def environment(data: Path, **extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return kept | {"DATA": str(data), "PYTHONPATH": str(ROOT)} | extra


def embedded(*arguments: str, data: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run to the end and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "embedded", *arguments],
        cwd=ROOT,
        env=environment(data, **extra),
        capture_output=True,
        text=True,
        timeout=300,
    )


class Run:
    """A running `python -m embedded …` whose output collects in a file."""

    def __init__(self, *arguments: str, data: Path, **extra: str) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.data = data
        self._output = data / f"output-{time.monotonic_ns()}"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "embedded", *arguments],
                cwd=ROOT,
                env=environment(data, **extra),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def wait_for(self, words: str, seconds: float = 240) -> None:
        until(lambda: words in self.output or self.process.poll() is not None, seconds)
        assert words in self.output, self.output

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, seconds: float = 90) -> int:
        return self.process.wait(seconds)


@contextlib.contextmanager
def running(*arguments: str, data: Path, **extra: str) -> Iterator[Run]:
    """A run that is certainly gone afterwards, whatever the test did with it."""
    run = Run(*arguments, data=data, **extra)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.end()
        for process in belonging_to(data):
            with contextlib.suppress(psutil.Error):
                process.kill()
        if run.process.poll() is None:
            run.process.kill()
        run.process.wait(10)


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until it holds, or fail."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def belonging_to(data: Path) -> list[psutil.Process]:
    """Every process that was started for this data folder, the tests' own excepted."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            theirs = process.environ().get("DATA") == str(data)
            theirs = theirs or str(data) in " ".join(process.cmdline())
            if theirs or process.cwd().startswith(str(data)):
                found.append(process)
    return found


def kill_everything(data: Path) -> None:
    """What a power cut or an impatient person does."""
    for process in belonging_to(data):
        with contextlib.suppress(psutil.Error):
            process.kill()
    until(lambda: not belonging_to(data))
