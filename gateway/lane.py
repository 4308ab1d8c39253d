"""The door's own connection to the database, one that the event loop waits for.

With a thread that waits for the database, switching between threads cost more than all of the
door's own work (docs/performance.md).
"""

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import asyncpg
import structlog
from django.db import connection

from gateway.intake import INSERT, Arrival, as_json

logger = structlog.get_logger(__name__)

STATEMENT = INSERT.replace("%s", "$1")
TIMEOUT = 5.0  # seconds, for connecting and for the statement
# So long (seconds) after losing the connection the way through Django is taken at once.
REST = 1.0
SETTINGS = ("application_name", "options")
FILES = ("passfile", "target_session_attrs")


class Lane:
    """Stores arrivals. Whatever goes wrong, they are left for ``store_all``, which says why."""

    def __init__(self) -> None:
        self.connection: asyncpg.Connection | None = None
        self.rests_until = float("-inf")

    async def store(self, arrivals: Sequence[Arrival]) -> None:
        """One statement for all, durable when it returns; ``stored_id`` says which are stored."""
        if not arrivals or time.monotonic() < self.rests_until:
            return
        try:
            for place, stored_id in await self._insert(as_json(arrivals)):
                arrivals[place].stored_id = stored_id
        except Exception as error:  # it is tried again, one by one if need be, and answered there
            logger.warning("webhooks not stored at once", reason=type(error).__name__)
            self._give_up()

    async def _insert(self, rows: str) -> Sequence[Sequence[int]]:
        if self.connection is None or self.connection.is_closed():
            self.connection = await asyncpg.connect(**parameters(), timeout=TIMEOUT)
        found: Sequence[Sequence[int]] = await self.connection.fetch(
            STATEMENT, rows, timeout=TIMEOUT
        )
        return found

    def _give_up(self) -> None:
        self.rests_until = time.monotonic() + REST
        broken, self.connection = self.connection, None
        if broken is not None:
            broken.terminate()


def parameters() -> dict[str, Any]:
    """Where Django's connection leads, as asyncpg wants it.

    Of libpq's options those about TLS, files and settings are passed on; asyncpg has no others.
    """
    given = connection.settings_dict
    options = given.get("OPTIONS", {})
    known = {
        name: value for name, value in options.items() if name.startswith("ssl") or name in FILES
    }
    return {
        "dsn": f"postgresql://?{urlencode(known)}",
        "host": given["HOST"] or None,
        "port": int(given["PORT"] or 5432),
        "user": given["USER"] or None,
        "password": given["PASSWORD"] or None,
        "database": given["NAME"],
        "server_settings": {name: options[name] for name in SETTINGS if name in options},
    }
