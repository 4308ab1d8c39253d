"""Finds what a killed run left behind, for systems where children outlive their parent."""

import contextlib
import signal
from collections.abc import Sequence
from pathlib import Path

import psutil

Step = tuple[signal.Signals, float]


def running_in(folder: Path, names: Sequence[str]) -> list[psutil.Process]:
    """Processes of these names that work in this folder, as each of our servers does in its own."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() in names and Path(process.cwd()) == folder:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end_all(folder: Path, names: Sequence[str], steps: Sequence[Step]) -> None:
    """Send one signal after the other, each with its seconds to work, until none is left."""
    for number, seconds in steps:
        left = running_in(folder, names)
        if not left:
            return
        pids = {process.pid for process in left}
        for process in left:
            # The first, gentle signal is for leaders: PostgreSQL's backends follow theirs.
            with contextlib.suppress(psutil.Error):
                if (number, seconds) != steps[0] or process.ppid() not in pids:
                    process.send_signal(number)
        psutil.wait_procs(left, timeout=seconds)
