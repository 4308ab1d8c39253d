"""The scheduler of the sweeps: Celery's own, unimpressed by a clock that goes back."""

from datetime import datetime
from typing import Any

from celery.beat import PersistentScheduler


class SteadyScheduler(PersistentScheduler):
    """Begins anew when the clock has gone back.

    Celery's scheduler waits for the times it has noted. After a clock that was an hour ahead is put
    right they lie an hour in the future, and no sweep would run until then.
    """

    seen: datetime | None = None

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One step; seconds until the next."""
        now = self.app.now()
        if self.seen is None or now < self.seen:
            self._begin_anew(now)
        self.seen = now
        seconds: float = super().tick(*args, **kwargs)
        return seconds

    def _begin_anew(self, now: datetime) -> None:
        for entry in self.schedule.values():
            if entry.last_run_at and entry.last_run_at > now:
                entry.last_run_at = now
        self._heap = None
