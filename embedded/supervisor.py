"""`make up`: servers, migrations, demo data and all processes, started and stopped as one."""

import contextlib
import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from types import FrameType
from typing import NoReturn

import psutil

from embedded.environment import development_environment, ports
from embedded.errors import EmbeddedError
from embedded.keys import write_private
from embedded.places import Places
from embedded.processes import Child, Program, Terminal, stop_all, sweep_leftovers
from embedded.programs import pages, prepare_program, workers
from embedded.servers import hold, servers
from embedded.stamp import is_prepared, note_prepared

START_SECONDS = 180


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal; not an Exception, so that nothing swallows it."""


class Supervisor:
    """One run of everything; at most one for a data folder."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._terminal = Terminal()
        self._children: list[Child] = []
        self._stopping = False

    def run(self) -> int:
        """Run until stopped; 0 after a wished end. Raises where a process ends by itself."""
        began = time.monotonic()
        self._places.create()
        lock = hold(self._places.run / "up.lock")
        if lock is None:
            raise EmbeddedError(self._already_running())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            with lock:
                self._run(began)
        except Stopped:
            self._terminal.say("Stopped.")
            return 0

    def _run(self, began: float) -> NoReturn:
        self._sweep()
        _check_ports()
        with servers(self._places, wait_for_users=False) as addresses:
            environment = development_environment(self._places, addresses)
            write_private(self._places.run / "up.json", json.dumps(self._about(environment)))
            try:
                self._start_all(environment, ready=is_prepared(self._places) and addresses.owned)
                self._announce(environment, time.monotonic() - began)
                self._watch()
            finally:
                self._stop()

    def _about(self, environment: dict[str, str]) -> dict[str, object]:
        return {"url": environment["PUBLIC_URL"], "pid": os.getpid()}

    def _already_running(self) -> str:
        about: dict[str, object] = {}
        with contextlib.suppress(OSError, ValueError):
            about = json.loads((self._places.run / "up.json").read_text("utf-8"))
        where = f" at {about['url']} (process {about['pid']})" if about else ""
        return f"Already running{where}. Stop it there with Ctrl-C, or give another DATA and PORTs."

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            self._terminal.say("Stopping; please wait.")
            return
        self._stopping = True
        raise Stopped

    def _sweep(self) -> None:
        """End what a run killed with -9 could not end itself."""
        record = self._places.run / "processes.json"
        with contextlib.suppress(FileNotFoundError, ValueError):
            groups = {int(pid): float(at) for pid, at in json.loads(record.read_text()).items()}
            if gone := sweep_leftovers(groups):
                self._terminal.say(f"Ended {gone} processes that a killed run left.")
        record.unlink(missing_ok=True)

    def _start(self, program: Program) -> Child:
        child = Child(program, len(self._children), self._places, self._terminal)
        self._children.append(child)
        groups = {}
        for each in self._children:
            with contextlib.suppress(psutil.Error):
                groups[each.pid] = psutil.Process(each.pid).create_time()
        write_private(self._places.run / "processes.json", json.dumps(groups))
        return child

    def _start_all(self, environment: dict[str, str], *, ready: bool) -> None:
        """Pages wait for the preparation, unless nothing changed since the last; workers always."""
        self._terminal.say("Migrating and preparing the demo workspace …")
        prepare = self._start(prepare_program(environment))
        if not ready:
            self._finish(prepare)
        for program in pages(environment):
            self._start(program)
        self._finish(prepare)
        note_prepared(self._places)
        self._wait_until_up(environment)
        # Last, so that on a small machine they don't hold up the pages.
        for program in workers(environment):
            self._start(program)

    def _finish(self, child: Child) -> None:
        if child not in self._children:
            return
        while child.code() is None:
            time.sleep(0.02)
        if child.code() != 0:
            raise EmbeddedError(_last_words(child))
        self._children.remove(child)

    def _wait_until_up(self, environment: dict[str, str]) -> None:
        deadline = time.monotonic() + START_SECONDS
        waiting = set(ports().values())
        while waiting:
            self._check_children()
            waiting = {port for port in waiting if not _listens(int(port))}
            if not waiting and not _healthy(environment["PORT"]):
                waiting = {environment["PORT"]}
            if time.monotonic() > deadline:
                missing = ", ".join(sorted(waiting))
                raise EmbeddedError(f"Nothing answers on port {missing} after {START_SECONDS} s.")
            time.sleep(0.05)

    def _announce(self, environment: dict[str, str], seconds: float) -> None:
        lines = ["", f"  Omnichannel   {environment['PUBLIC_URL']}   (up in {seconds:.1f} s)"]
        with contextlib.suppress(OSError, ValueError, KeyError):
            demo = json.loads((self._places.data / "demo.json").read_text("utf-8"))
            lines += [
                f"    {login['role']:<10} {login['email']:<32} {login['password']}"
                for login in demo["logins"]
            ]
        lines += [
            f"  Simulator     {environment['SIMULATOR_URL']}",
            "  Ctrl-C stops all of it.",
            "",
        ]
        self._terminal.say("\n".join(lines))
        self._terminal.release()

    def _watch(self) -> NoReturn:
        while True:
            self._check_children()
            time.sleep(0.2)

    def _check_children(self) -> None:
        for child in self._children:
            if child.code() is not None:
                raise EmbeddedError(_last_words(child))

    def _stop(self) -> None:
        """What takes in work goes first, then the workers, which finish what they have."""
        self._stopping = True
        self._terminal.say("\nStopping …")
        self._terminal.release()
        for names in (
            ("prepare", "web", "realtime", "beat"),
            ("inbound", "outbound"),
            ("smpp", "mail"),
            (),
        ):
            group = [each for each in self._children if not names or each.program.name in names]
            stop_all(group)
            self._children = [each for each in self._children if each not in group]
        (self._places.run / "processes.json").unlink(missing_ok=True)
        (self._places.run / "up.json").unlink(missing_ok=True)


def _last_words(child: Child) -> str:
    code = child.code() or 0
    how = f"was killed by signal {-code}" if code < 0 else f"ended by itself with code {code}"
    head = f"\n{child.program.name} {how}. Its last lines:"
    return "\n".join([head, *(f"  {line}" for line in child.last_lines)])


def _check_ports() -> None:
    for name, port in ports().items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((os.environ.get("HOST", "127.0.0.1"), int(port)))
            except ValueError:
                raise EmbeddedError(f"{name} is no port number: {port}") from None
            except OSError as error:
                raise EmbeddedError(
                    f"Port {port} cannot be used ({error.strerror}). "
                    f"Choose another: make up {name}=…"
                ) from None


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _healthy(port: str) -> bool:
    try:
        url = f"http://127.0.0.1:{port}/healthz"
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False
