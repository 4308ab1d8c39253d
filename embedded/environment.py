"""What the application's processes are told through their environment in development."""

import os

from embedded.keys import load_secrets
from embedded.places import Places
from embedded.servers import Addresses

PORTS = {"PORT": "8000", "REALTIME_PORT": "8001", "SIMULATOR_PORT": "8010"}


def ports() -> dict[str, str]:
    """The ports our own processes listen on."""
    return {name: os.environ.get(name, default) for name, default in PORTS.items()}


def development_environment(places: Places, addresses: Addresses) -> dict[str, str]:
    """Settings for a run on this machine; what is already in the environment wins."""
    places.create()
    secrets = load_secrets(places.secrets)
    port, realtime, simulator = ports().values()
    defaults = {
        "DEBUG": "1",
        "SECRET_KEY": secrets["SECRET_KEY"],
        "ENCRYPTION_KEYS": secrets["ENCRYPTION_KEYS"],
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "REALTIME_URL": f"ws://127.0.0.1:{realtime}",
        "SIMULATOR_URL": f"http://127.0.0.1:{simulator}",
        **ports(),
        "DATA": str(places.data),
        "PYTHONUNBUFFERED": "1",
        **addresses.environment(),
    }
    return {name: os.environ.get(name, value) for name, value in defaults.items()} | {
        "DATA": str(places.data)
    }
