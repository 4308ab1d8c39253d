"""A clock that jumps, for the processes of the product and for PostgreSQL.

Each process reads the shift in seconds from a file, so that a test makes the clock jump while they
run. What is shifted is what the product asks: Django's and Celery's "now". Monotonic time goes on.
"""

import datetime
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from celery import Celery
from celery.worker import request
from django.db import connection
from django.utils import timezone

# Found before pg_catalog's own, so that whatever the product asks of the database is shifted too.
# (CURRENT_TIMESTAMP is no function; the product does not use it.)
SHIFTED = """
CREATE SCHEMA shifted;
CREATE TABLE shifted.clock (seconds float NOT NULL);
INSERT INTO shifted.clock VALUES (0);
CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT pg_catalog.clock_timestamp() + make_interval(secs => seconds) FROM shifted.clock $$;
CREATE FUNCTION shifted.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.statement_timestamp() + make_interval(secs => seconds) FROM shifted.clock $$;
CREATE FUNCTION shifted.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT pg_catalog.now() + make_interval(secs => seconds) FROM shifted.clock $$;
ALTER DATABASE "{name}" SET search_path = shifted, pg_catalog, public;
"""
PUT_RIGHT = """
ALTER DATABASE "{name}" RESET search_path;
DROP SCHEMA shifted CASCADE;
"""


@contextmanager
def jumping(path: Path) -> Iterator[Callable[[float], None]]:
    """The clocks of PostgreSQL, of this test and of processes with FAULT_CLOCK set to ``path``.

    Gives a function that lets them all jump at once, to so many seconds beside the real time.
    Processes must be started inside, so that their connections ask the shifted clock.
    """
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(SHIFTED.format(name=name))
    connection.close()
    real_now, shift = timezone.now, datetime.timedelta()
    path.write_text("0")

    def jump(seconds: float) -> None:
        nonlocal shift
        with connection.cursor() as cursor:
            cursor.execute("UPDATE shifted.clock SET seconds = %s", [seconds])
        shift = datetime.timedelta(seconds=seconds)
        draft = path.with_suffix(".new")
        draft.write_text(str(seconds))
        os.replace(draft, path)

    timezone.now = lambda: real_now() + shift
    try:
        yield jump
    finally:
        timezone.now = real_now
        with connection.cursor() as cursor:
            cursor.execute(PUT_RIGHT.format(name=name))
        connection.close()


def install(path: str) -> None:
    """Shift this process's clock by what the file says, from now on and whenever it changes."""

    def shift() -> datetime.timedelta:
        return datetime.timedelta(seconds=float(Path(path).read_text() or 0))

    django_now, celery_now, epoch = timezone.now, Celery.now, time.time

    class Shifted(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
            return datetime.datetime.now(tz) + shift()

    timezone.now = lambda: django_now() + shift()
    Celery.now = lambda app: celery_now(app) + shift()  # type: ignore[method-assign,assignment]
    # Whether a task has expired is asked of the class itself.
    request.datetime = Shifted  # type: ignore[attr-defined,assignment]
    time.time = lambda: epoch() + shift().total_seconds()
