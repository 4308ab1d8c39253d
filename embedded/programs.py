"""The processes `make up` runs, and the one that prepares the ground for them."""

import os
import sys

from embedded.processes import Program

# One interpreter for all of it: loading Django takes longer than each of these steps.
PREPARE = """
import django
from django.core.management import call_command
django.setup()
call_command("migrate", interactive=False, verbosity=1)
call_command("translations", "compile")
call_command("demo")
"""


def prepare_program(environment: dict[str, str]) -> Program:
    settings = {"DJANGO_SETTINGS_MODULE": "omnichannel.settings"}
    return Program("prepare", [sys.executable, "-c", PREPARE], environment | settings)


def pages(environment: dict[str, str]) -> list[Program]:
    """What answers a browser."""
    simulator = ["manage.py", "simulator", "--port", environment["SIMULATOR_PORT"]]
    return [
        Program("web", _granian("web", environment["PORT"], "--no-ws"), environment),
        Program("realtime", _granian("asgi", environment["REALTIME_PORT"]), environment, 5),
        Program("simulator", [sys.executable, *simulator], environment, 5),
        Program("smpp", [sys.executable, "manage.py", "smpp"], environment, 10),
        Program("mail", [sys.executable, "manage.py", "mail"], environment, 30),
    ]


def workers(environment: dict[str, str]) -> list[Program]:
    """What does the work behind the pages."""
    return [
        Program("inbound", _worker("inbound", "inbound,routing", 2), environment, 20),
        # One process sends over all channels at once; a second one would only share its places.
        Program("outbound", _worker("outbound", "outbound", 1), environment, 20),
        # Apart, so that the sweeps go on while messages leave.
        Program("background", _worker("background", "campaigns,maintenance", 2), environment, 20),
        # Apart, because a slow server of files must not hold up anything else.
        Program("media", _worker("media", "media", 1), environment, 20),
        Program("beat", _celery("beat", "--pidfile="), environment),
    ]


def _granian(module: str, port: str, *options: str) -> list[str]:
    host = os.environ.get("HOST", "127.0.0.1")
    address = ["--interface", "asginl", "--host", host, "--port", port]
    process = ["--workers", "1", "--workers-kill-timeout", "3"]
    application = f"omnichannel.{module}:application"
    return [sys.executable, "-m", "granian", *address, *process, *options, application]


def _celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-q", "-A", "omnichannel", *arguments]


def _worker(name: str, queues: str, processes: int) -> list[str]:
    return _celery(
        *("worker", "-Q", queues, "-n", f"{name}@%h", "--concurrency", str(processes)),
        # Workers need nothing of each other; the chatter would only cost.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    )
