"""Where a message stands that has several deliveries: parts, and those that replaced others."""

from collections.abc import Iterable

from gateway.models import Delivery
from gateway.states import State

# What is told first: what went wrong, then what is least far.
CONCERN = (
    State.FAILED,
    State.UNKNOWN,
    State.EXPIRED,
    State.CANCELLED,
    State.QUEUED,
    State.SENDING,
    State.SENT,
    State.DELIVERED,
    State.READ,
    State.REPLACED,
)


def standing(deliveries: Iterable[Delivery]) -> Delivery | None:
    """The delivery that tells where a message stands; None without any.

    Of each part the newest counts, a replaced one only alone, unless another has arrived; of
    several parts the one that is in trouble, or least far.
    """
    newest: dict[int, Delivery] = {}
    for row in sorted(deliveries, key=_weight):
        newest[row.part] = row
    return min(newest.values(), key=lambda row: CONCERN.index(State(row.state)), default=None)


def _weight(row: Delivery) -> tuple[int, int]:
    """What of several deliveries of a part tells most comes last."""
    if row.state in {State.DELIVERED, State.READ}:
        return 2, row.pk
    return int(row.state != State.REPLACED), row.pk
