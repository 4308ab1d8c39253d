"""Becomes another program: dies with its parent, and gives up root where the program refuses it.

Run as a script with an isolated interpreter, so that nothing of it stays in the program it becomes:
`python -I -S launch.py PARENT SIGNAL MODE -- COMMAND…`, or `… MODE --probe PATH…`, which only tells
by its exit code whether the paths could be reached that way. Modes:

- `keep`: stay who we are.
- `drop`: become `nobody`.
- `caps`: become `nobody`, keeping only the right to pass through folders closed to others. A clone
  under a folder of mode 700 thus works without opening that folder.
- `userns`: be `nobody` inside a user namespace and stay root for the file system, for containers
  that have only one user.
"""

import contextlib
import ctypes
import os
import pwd
import signal
import struct
import sys

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522
CLONE_NEWUSER = 0x10000000


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _must(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _drop(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _drop_but_pass_folders(uid: int, gid: int) -> None:
    libc = _libc()
    # Without this bit access(2), by which PostgreSQL checks its programs, ignores capabilities.
    _must(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
    _drop(uid, gid)
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        mask = 1 << capability
        header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
        data = struct.pack("=6I", mask, mask, mask, 0, 0, 0)
        if libc.capset(header, data) == 0:
            _must(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))
            return
    raise PermissionError("no capability to pass through closed folders")


def _enter_namespace(uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    _must(_libc().unshare(CLONE_NEWUSER))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{gid} {outer_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def _become(mode: str) -> None:
    if mode == "keep":
        return
    nobody = pwd.getpwnam("nobody")
    change = {"drop": _drop, "caps": _drop_but_pass_folders, "userns": _enter_namespace}[mode]
    change(nobody.pw_uid, nobody.pw_gid)


def _die_with(parent: int, number: int) -> None:
    # Only after the change of user, which clears it.
    if sys.platform == "linux":
        _must(_libc().prctl(PR_SET_PDEATHSIG, number, 0, 0, 0))
    if os.getppid() != parent:
        sys.exit(1)


def main() -> None:
    """Do as the arguments say; returns never, or exits 1 where a probed path is out of reach."""
    parent, number, mode, action, *rest = sys.argv[1:]
    try:
        _become(mode)
        if action == "--probe":
            for path in rest:
                if not os.access(path, os.R_OK | os.X_OK):
                    raise PermissionError(f"{path} is out of reach")
            sys.exit(0)
    except (OSError, KeyError) as error:
        sys.exit(f"cannot start {rest[0]} in mode {mode}: {error}")
    _die_with(int(parent), int(number))
    with contextlib.suppress(ValueError, OSError):
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        os.execvp(rest[0], rest)  # noqa: S606 - to become it is the purpose
    except OSError as error:
        sys.exit(f"cannot start {rest[0]}: {error}")


main()
