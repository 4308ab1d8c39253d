"""How a server that refuses to run as root is started by root, wherever the clone lies."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import EmbeddedError

LAUNCHER = Path(__file__).with_name("launch.py")
ASIDE = Path("/var/tmp")  # noqa: S108 - world-enterable is the point; the folder itself is 700


@dataclass(frozen=True)
class Footing:
    """Who runs PostgreSQL, and where its programs and data lie for that user."""

    mode: str
    programs: Path
    data: Path
    owner: int | None


def launch_command(mode: str, number: signal.Signals, command: list[str]) -> list[str]:
    """Wrap a command so that it starts in `mode` and gets the signal when this process dies."""
    head = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(number))]
    return [*head, mode, "--", *command]


def find_footing(programs: Path, data: Path) -> Footing:
    """Choose how to run PostgreSQL; `programs` is its installation, `data` its data folder."""
    if os.geteuid() != 0:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Footing("keep", programs, data, None)
    import pwd

    nobody = pwd.getpwnam("nobody").pw_uid
    for mode, owner in (("caps", nobody), ("userns", 0)):
        if _can_use(mode, owner, programs, data):
            return Footing(mode, programs, data, owner)
    programs, data = _set_aside(programs, data)
    if _can_use("drop", nobody, programs, data):
        return Footing("drop", programs, data, nobody)
    raise EmbeddedError(
        "PostgreSQL refuses to run as root, and no other user can be used on this machine. "
        "Run as an ordinary user, or set DATABASE_URL to a server of your own."
    )


def _can_use(mode: str, owner: int, programs: Path, data: Path) -> bool:
    if mode in os.environ.get("EMBEDDED_AVOID", "").split(","):
        return False
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        _give(data, owner)
    except OSError:
        return False
    head = [sys.executable, "-I", "-S", str(LAUNCHER), "0", "0", mode, "--probe"]
    done = subprocess.run(
        [*head, str(programs / "bin" / "postgres"), str(data)], capture_output=True
    )
    return done.returncode == 0


def _give(folder: Path, owner: int) -> None:
    """Make the owner the one PostgreSQL insists on; a data folder changes hands as a whole."""
    if folder.stat().st_uid == owner:
        return
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(os.path.join(parent, name), owner, -1, follow_symlinks=False)
    os.chown(folder, owner, -1)


def _set_aside(programs: Path, data: Path) -> tuple[Path, Path]:
    """Last resort: programs and data in a place everyone may enter; `var/` keeps a link to it."""
    mark = hashlib.sha256(f"{data}:{data.parent.stat().st_ino}".encode()).hexdigest()[:16]
    place = ASIDE / f"omnichannel-{mark}"
    place.mkdir(mode=0o711, exist_ok=True)
    if place.is_symlink() or place.stat().st_uid != 0:
        raise EmbeddedError(f"{place} belongs to someone else; remove it")
    copied = place / programs.parent.name / programs.name
    if not (copied / "complete").exists():
        shutil.copytree(programs, copied, dirs_exist_ok=True)
        # The programs look for their libraries beside the package, as in site-packages.
        libraries = programs.parent.with_name(f"{programs.parent.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, place / libraries.name, dirs_exist_ok=True)
        (copied / "complete").touch()
    if not data.is_symlink():
        moved = place / "data"
        if data.exists():
            shutil.move(data, moved)
        data.symlink_to(moved)
    return copied, data.resolve()
