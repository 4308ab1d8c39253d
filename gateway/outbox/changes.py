"""Every change of a delivery passes here: its fallback follows, and the receivers are told."""

from collections.abc import Iterable
from typing import Protocol

from gateway.fallback.follow import Watched, follow
from gateway.outbox.telling import Changed, tell


class Announced(Changed, Watched, Protocol):
    """A delivery as model instances and the outbox's own rows have it."""


def announce(rows: Iterable[Announced]) -> None:
    """Tell of the rows' new states, in the caller's transaction, once they are written."""
    rows = list(rows)
    follow(rows)
    tell(rows)
