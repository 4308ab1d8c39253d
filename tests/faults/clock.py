"""A clock that jumps, for the processes of the product and for PostgreSQL.

Each process reads the shift in seconds from a file, so that a test makes the clock jump while they
run. What is shifted is what the product asks: Django's and Celery's "now". Monotonic time goes on.
"""

import datetime
import os
import time
from pathlib import Path

from celery import Celery
from celery.worker import request
from django.utils import timezone

Seconds = float


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
    Celery.now = lambda app: celery_now(app) + shift()  # type: ignore[method-assign]
    # Whether a task has expired is asked of the class itself.
    request.datetime = Shifted  # type: ignore[attr-defined]
    time.time = lambda: epoch() + shift().total_seconds()


def jump(path: Path, seconds: Seconds) -> None:
    """Shift the clocks of the processes that read this file, all at once."""
    draft = path.with_suffix(".new")
    draft.write_text(str(seconds))
    os.replace(draft, path)
