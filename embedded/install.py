"""Brings `.venv` in line with the lock; run by the system's Python, so it uses nothing else.

Does nothing where the lock's hash is the one installed last. A virtual environment that was moved
with its clone, or whose Python is gone, is made anew.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements" / "all.lock"


def wanted_stamp() -> str:
    """What the environment must have been made from: the lock, and the place it lies in."""
    return f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} {VENV}\n"


def works(python: Path) -> bool:
    probe = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", probe], capture_output=True).returncode == 0
    except OSError:
        return False


def install() -> None:
    """Make the environment if needed and install exactly what the lock says."""
    stamp = VENV / "installed"
    if stamp.exists() and stamp.read_text() == wanted_stamp() and works(VENV / "bin" / "python"):
        return
    began = time.monotonic()
    print("Installing the locked dependencies into .venv …", flush=True)
    same_place = not stamp.exists() or stamp.read_text().strip().endswith(f" {VENV}")
    if not (same_place and works(VENV / "bin" / "python")):
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    stamp.unlink(missing_ok=True)
    # Modules are compiled when first imported: most of what is installed never is.
    options = ["--quiet", "--no-compile", "--no-deps", "--disable-pip-version-check"]
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", *options]
    subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True, cwd=ROOT)
    stamp.write_text(wanted_stamp())
    print(f"Installed in {time.monotonic() - began:.0f} s.", flush=True)


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - the system's Python may be any
        sys.exit("Python 3.11 or later is needed.")
    # Two `make` at once on a fresh clone: the second waits and then finds everything there.
    descriptor = os.open(ROOT / "requirements", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        install()
    except subprocess.CalledProcessError as error:
        sys.exit(f"Could not install the dependencies (exit code {error.returncode}).")


if __name__ == "__main__":
    main()
