"""`make up` on the real product: one at a time, stopped cleanly, recovered from any kill."""

import json
import signal
import socket
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from embedded.ports import free_port
from tests.embedded.runs import Run, belonging_to, embedded, kill_everything, running, until

pytestmark = pytest.mark.slow


@pytest.fixture
def ports() -> dict[str, str]:
    sockets = [socket.socket() for _ in range(3)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    found = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return dict(zip(("PORT", "REALTIME_PORT", "SIMULATOR_PORT"), found, strict=True))


@pytest.fixture
def run(tmp_path: Path, ports: dict[str, str]) -> Iterator[Run]:
    with running("up", data=tmp_path, **ports) as started:
        started.wait_for("up in")
        yield started


def healthy(ports: dict[str, str]) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{ports['PORT']}/healthz", timeout=5) as answer:
        return bool(answer.status == 200)


def ready(ports: dict[str, str]) -> bool:
    """Whether database, Redis and the workers of every queue answer."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{ports['PORT']}/readyz", timeout=10).close()
    except urllib.error.HTTPError as error:
        error.close()
        return False
    return True


def program(data: Path, words: str) -> psutil.Process:
    """The leader of one of the supervised process groups."""
    groups = json.loads((data / "run" / "processes.json").read_text())
    found = [psutil.Process(int(pid)) for pid in groups]
    return next(each for each in found if words in " ".join(each.cmdline()))


def test_one_at_a_time_and_a_clean_end(tmp_path: Path, ports: dict[str, str], run: Run) -> None:
    assert healthy(ports)
    until(lambda: ready(ports), 180)
    demo = json.loads((tmp_path / "demo.json").read_text())
    assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600
    assert demo["url"] == f"http://127.0.0.1:{ports['PORT']}"
    for login in demo["logins"]:
        assert login["email"] in run.output
        assert login["password"] in run.output

    second = embedded("up", data=tmp_path, **ports)
    assert second.returncode == 1
    assert f"Already running at {demo['url']}" in second.stderr
    assert healthy(ports)

    run.signal(signal.SIGTERM)
    assert run.end() == 0
    assert "Traceback" not in run.output
    assert belonging_to(tmp_path) == []
    assert "database system is shut down" in (tmp_path / "log" / "postgres.log").read_text()


def test_any_kill_is_recovered_from(tmp_path: Path, ports: dict[str, str], run: Run) -> None:
    run.signal(signal.SIGKILL)
    run.end()
    with running("up", data=tmp_path, **ports) as second:
        second.wait_for("up in")
        assert healthy(ports)
        kill_everything(tmp_path)
        second.end()
    with running("up", data=tmp_path, **ports) as third:
        third.wait_for("up in")
        assert healthy(ports)
        program(tmp_path, "outbound").kill()
        assert third.end() == 1
        assert "outbound was killed by signal 9" in third.output
        assert belonging_to(tmp_path) == []


def test_a_port_in_use_is_named(tmp_path: Path, ports: dict[str, str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(ports["REALTIME_PORT"])))
        other.listen()
        done = embedded("up", data=tmp_path, **ports)
    assert done.returncode == 1
    assert f"Port {ports['REALTIME_PORT']} cannot be used" in done.stderr
    assert "REALTIME_PORT=" in done.stderr
    until(lambda: not belonging_to(tmp_path))


def test_a_remembered_port_that_is_taken_is_given_up() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = int(other.getsockname()[1])
        assert free_port(taken) != taken
