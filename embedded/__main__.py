"""Command line: `python -m embedded servers | exec -- COMMAND…`."""

import argparse
import os
import signal
import subprocess
import sys
import threading

from embedded.environment import development_environment
from embedded.errors import EmbeddedError
from embedded.places import Places
from embedded.servers import servers


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
        child = subprocess.Popen(command, env=environment)
        # Ctrl-C reaches the command by itself; this process only waits for it to finish.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, frame: child.send_signal(number))
        code = child.wait()
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return code if code >= 0 else 128 - code


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("servers", help="only PostgreSQL and Redis, until Ctrl-C")
    run = actions.add_parser("exec", help="run a command with the servers")
    run.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    places = Places.from_environment()
    if arguments.action == "servers":
        return run_servers(places)
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    return run_command(places, command)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EmbeddedError as error:
        sys.exit(f"{error}")
