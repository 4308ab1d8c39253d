"""One supervised process: its output with a name before each line, its last words, its end."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from embedded.places import ROOT, Places
from embedded.privilege import launch_command

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)


@dataclass(frozen=True)
class Program:
    """What to run, and how many seconds it may take to end in peace."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    patience: float = 10.0


class Terminal:
    """Whole lines from many processes onto one terminal; a closed terminal stops nobody."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._held: list[str] | None = []

    def line(self, name: str, number: int, text: str) -> None:
        label = f"{name:<10}"
        if self._coloured:
            label = f"\x1b[{COLOURS[number % len(COLOURS)]}m{label}\x1b[0m"
        with self._lock:
            if self._held is None:
                self._write(f"{label} {text}\n")
            else:
                self._held.append(f"{label} {text}\n")

    def say(self, text: str) -> None:
        with self._lock:
            self._write(f"{text}\n")

    def release(self) -> None:
        """Show what came in so far, and from now on everything at once."""
        with self._lock:
            for text in self._held or ():
                self._write(text)
            self._held = None

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(text)
            sys.stdout.flush()


class Child:
    """A running program in a process group of its own, so that Ctrl-C reaches only us."""

    def __init__(self, program: Program, number: int, places: Places, terminal: Terminal) -> None:
        self.program = program
        self.last_lines: deque[str] = deque(maxlen=20)
        self._process = subprocess.Popen(
            launch_command("keep", signal.SIGTERM, program.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=os.environ | program.environment,
            process_group=0,
        )
        log = places.log / f"{program.name}.log"
        if log.exists():
            log.replace(places.log / f"{program.name}.previous.log")
        self._reader = threading.Thread(
            target=self._read, args=(number, log, terminal), daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def code(self) -> int | None:
        return self._process.poll()

    def _read(self, number: int, log: Path, terminal: Terminal) -> None:
        output: IO[bytes] | None = self._process.stdout
        assert output is not None  # noqa: S101 - it was asked for above
        with log.open("a", encoding="utf-8") as file:
            for raw in output:
                text = raw.decode(errors="replace").rstrip()
                self.last_lines.append(text)
                file.write(f"{text}\n")
                file.flush()
                terminal.line(self.program.name, number, text)

    def ask_to_stop(self) -> None:
        if self.code() is None:
            self._process.terminate()

    def stop(self, deadline: float) -> None:
        """Wait until the deadline (monotonic), then end whatever is left of its group."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(1)


def stop_all(children: list[Child]) -> None:
    """Ask all at once, then wait for each as long as it may take."""
    for child in children:
        child.ask_to_stop()
    began = time.monotonic()
    for child in children:
        child.stop(began + child.program.patience)


def sweep_leftovers(groups: dict[int, float]) -> int:
    """End process groups a killed run left behind: {leader's pid: its start time}.

    Returns how many processes had to go. A number that now belongs to a stranger is left alone.
    """
    left = [process for process in psutil.process_iter() if _belongs(process, groups)]
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=5)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    return len(left)


def _belongs(process: psutil.Process, groups: dict[int, float]) -> bool:
    try:
        group = os.getpgid(process.pid)
        if group not in groups:
            return False
        if process.pid == group:
            return abs(process.create_time() - groups[group]) < 0.05
        return Path(process.cwd()) == ROOT and process.create_time() >= groups[group] - 0.05
    except (psutil.Error, OSError):
        return False
