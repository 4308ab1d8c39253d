"""What a delivery's new state means for its fallback; pure, so every case can be tried.

A provider's word decides. What is certainly not delivered (refused, failed, withdrawn) is taken
over; what has arrived never is, whatever came before; in between nothing happens but waiting.
"""

from enum import Enum

from gateway.errors import NotCapable, OptedOut
from gateway.fallback.model import Stage, Success, Verdict
from gateway.states import State


class Move(Enum):
    """What to do beside noting a verdict."""

    NOTHING = "nothing"
    WAIT = "wait"  # from now on there is a time by which it must have arrived
    TAKE_OVER = "take over"
    CLOSE = "close"
    RECALL = "recall"  # it has arrived after all: the replacement, if it has not left, need not


def judge(
    state: State, error_class: str, *, taken: bool, success: Success, stage: Stage
) -> tuple[Move, Verdict | None]:
    """What follows from a new state; ``taken``: the provider has had the message."""
    if state in ARRIVED[success]:
        return (Move.CLOSE, Verdict.REACHED) if stage != Stage.DONE else (Move.RECALL, None)
    if stage == Stage.DONE:
        return (Move.RECALL, None) if state == State.DELIVERED else (Move.NOTHING, None)
    if state in {State.SENT, State.UNKNOWN, State.DELIVERED}:
        return (Move.WAIT, None) if stage == Stage.ARMED else (Move.NOTHING, None)
    if state == State.FAILED:
        return _failed(error_class)
    if state == State.EXPIRED and taken:
        return Move.TAKE_OVER, Verdict.WITHDRAWN
    if state in {State.EXPIRED, State.CANCELLED}:
        return Move.CLOSE, Verdict.STOPPED
    return Move.NOTHING, None


def _failed(error_class: str) -> tuple[Move, Verdict]:
    if error_class == OptedOut.__name__:
        return Move.CLOSE, Verdict.STOPPED
    capable = error_class != NotCapable.__name__
    return Move.TAKE_OVER, Verdict.FAILED if capable else Verdict.NOT_CAPABLE


ARRIVED: dict[Success, frozenset[State]] = {
    Success.SENT: frozenset({State.SENT, State.DELIVERED, State.READ}),
    Success.DELIVERED: frozenset({State.DELIVERED, State.READ}),
    Success.READ: frozenset({State.READ}),
}
