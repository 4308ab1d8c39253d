"""What the application's processes are told through their environment in development."""

import contextlib
import os
import socket
from functools import cache

from embedded.keys import load_secrets
from embedded.places import Places
from embedded.servers import Addresses

PORTS = {"PORT": "8000", "REALTIME_PORT": "8001", "SIMULATOR_PORT": "8010"}
# Where our processes reach each other. Nobody types these in, so any free port will do.
INNER_PORTS = {
    "SMPP_PORT": "8011",
    "SMSC_PORT": "8012",
    "MAIL_PORT": "8013",
    "SIMULATOR_SMTP_PORT": "8014",
    "SIMULATOR_IMAP_PORT": "8015",
}


def ports() -> dict[str, str]:
    """The ports our own processes listen on."""
    named = {name: os.environ.get(name, default) for name, default in PORTS.items()}
    return named | inner_ports()


@cache
def inner_ports() -> dict[str, str]:
    """The inner ports, the same ones for the whole run."""
    return {
        name: os.environ.get(name) or _free(int(default)) for name, default in INNER_PORTS.items()
    }


def _free(port: int) -> str:
    """The port, or another one where it is taken."""
    for wanted in (port, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", wanted))
            return str(probe.getsockname()[1])
    return str(port)


def development_environment(places: Places, addresses: Addresses) -> dict[str, str]:
    """Settings for a run on this machine; what is already in the environment wins."""
    places.create()
    secrets = load_secrets(places.secrets)
    own = ports()
    port, realtime, simulator = (own[name] for name in PORTS)
    defaults = {
        "DEBUG": "1",
        "SECRET_KEY": secrets["SECRET_KEY"],
        "ENCRYPTION_KEYS": secrets["ENCRYPTION_KEYS"],
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "REALTIME_URL": f"ws://127.0.0.1:{realtime}",
        "SIMULATOR_URL": f"http://127.0.0.1:{simulator}",
        "SMPP_URL": f"http://127.0.0.1:{own['SMPP_PORT']}",
        "MAIL_URL": f"http://127.0.0.1:{own['MAIL_PORT']}",
        **own,
        "DATA": str(places.data),
        "PYTHONUNBUFFERED": "1",
        **addresses.environment(),
    }
    return {name: os.environ.get(name, value) for name, value in defaults.items()} | {
        "DATA": str(places.data)
    }
