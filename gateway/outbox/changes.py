"""Every change of a delivery passes here: window and fallback follow, receivers are told."""

from collections.abc import Iterable
from typing import Protocol

from gateway.fallback.follow import Watched, follow
from gateway.outbox.telling import Changed, tell
from gateway.windows.giving_back import Over, give_back


class Announced(Changed, Watched, Over, Protocol):
    """A delivery as model instances and the outbox's own rows have it."""


def announce(rows: Iterable[Announced]) -> None:
    """Tell of the rows' new states, in the caller's transaction, once they are written."""
    rows = list(rows)
    give_back(rows)  # before another channel takes over: then they are no longer just failed
    follow(rows)
    tell(rows)
