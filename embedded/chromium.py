"""Finds a Chromium for the browser tests, installing one where the machine allows it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from embedded.errors import EmbeddedError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "The browser tests need Chromium and none could be installed here. Install one "
    "(Debian: apt install chromium; Fedora: dnf install chromium; elsewhere: "
    ".venv/bin/playwright install chromium) or set CHROMIUM to its program."
)


def ensure_chromium() -> str:
    """The program of a Chromium that starts; the first time this may install one."""
    if found := _first_working():
        return found
    print("Installing Chromium for the browser tests …", flush=True)
    for command in _ways_to_install():
        _try(command)
        if found := _first_working():
            return found
    raise EmbeddedError(MISSING)


def _first_working() -> str | None:
    return next((program for program in _candidates() if _starts(program)), None)


def _candidates() -> Iterator[str]:
    if given := os.environ.get("CHROMIUM"):
        yield given
    for name in NAMES:
        if found := shutil.which(name):
            yield found
    if sys.platform == "darwin":
        yield "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
        yield "/Applications/Chromium.app/Contents/MacOS/Chromium"
    for cache in (".cache/ms-playwright", "Library/Caches/ms-playwright"):
        folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / cache)
        for pattern in ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*"):
            yield from map(str, sorted(folder.glob(f"chromium-*/{pattern}"), reverse=True))


def _starts(program: str) -> bool:
    """A downloaded browser may lack system libraries, which only shows when it is started."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _ways_to_install() -> Iterator[list[str]]:
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    yield [sys.executable, "-m", "playwright", "install", "chromium"]
    if shutil.which("apt-get") and (not root or shutil.which("sudo")):
        quiet = ["-o", "Dpkg::Use-Pty=0", "-qq"]
        yield [*root, "apt-get", *quiet, "update"]
        install = ["apt-get", *quiet, "install", "-y", "--no-install-recommends", "chromium"]
        yield [*root, "env", "DEBIAN_FRONTEND=noninteractive", *install]


def _try(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"  {' '.join(command)}: {error}")
        return
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).splitlines()
        reason = next((line for line in lines if "rror" in line), f"exit code {done.returncode}")
        print(f"  {' '.join(command)}: {reason.strip()}")
