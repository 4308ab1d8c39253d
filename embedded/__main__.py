"""Command line: `python -m embedded up | servers | exec -- COMMAND | test -- ARGUMENTS`."""

import argparse
import os
import signal
import subprocess
import sys
import threading

from embedded.chromium import ensure_chromium
from embedded.environment import development_environment
from embedded.errors import EmbeddedError
from embedded.places import Places
from embedded.privilege import launch_command
from embedded.servers import servers
from embedded.supervisor import Supervisor


def _stop_on_signal(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def run_servers(places: Places) -> int:
    """Run the servers until stopped, printing their addresses as shell exports."""
    signal.signal(signal.SIGTERM, _stop_on_signal)
    try:
        with servers(places, wait_for_users=False) as addresses:
            for name, value in addresses.environment().items():
                print(f"export {name}='{value}'", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        return 0
    return 0


def run_command(places: Places, command: list[str]) -> int:
    """Run one command with the servers' addresses in its environment; returns its exit code."""
    with servers(places, wait_for_users=True) as addresses:
        environment = os.environ | development_environment(places, addresses)
        child = subprocess.Popen(launch_command("keep", signal.SIGTERM, command), env=environment)
        # Ctrl-C reaches the command by itself; this process only waits for it to finish.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, frame: child.send_signal(number))
        code = child.wait()
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return code if code >= 0 else 128 - code


def run_tests(places: Places, arguments: list[str]) -> int:
    """Run pytest with servers and data of its own, so that no test touches the demo workspace."""
    os.environ["CHROMIUM"] = ensure_chromium()
    apart = places.apart("test")
    # A fresh clone has no compiled translations yet, and tests look at pages in both languages.
    compile_first = [sys.executable, "manage.py", "translations", "compile"]
    with servers(apart, wait_for_users=True):
        if code := run_command(apart, compile_first):
            return code
        return run_command(apart, [sys.executable, "-m", "pytest", *arguments])


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("up", help="everything, until Ctrl-C")
    actions.add_parser("servers", help="only PostgreSQL and Redis, until Ctrl-C")
    run = actions.add_parser("exec", help="run a command with the servers")
    run.add_argument("--apart", metavar="NAME", help="with servers and data of its own")
    test = actions.add_parser("test", help="run pytest with servers and data of its own")
    for action in (run, test):
        action.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args()


def main() -> int:
    arguments = _parse()
    places = Places.from_environment()
    if arguments.action == "up":
        return Supervisor(places).run()
    if arguments.action == "servers":
        return run_servers(places)
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if arguments.action == "test":
        return run_tests(places, command)
    return run_command(places.apart(arguments.apart) if arguments.apart else places, command)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EmbeddedError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit(130)
