"""What a new state means for a fallback: the whole table."""

import pytest

from gateway.fallback.judging import Move, judge
from gateway.fallback.model import Stage, Success, Verdict
from gateway.states import State

OPEN_STAGES = [Stage.ARMED, Stage.REVOKING, Stage.CLOSING]


@pytest.mark.parametrize("stage", OPEN_STAGES)
@pytest.mark.parametrize(
    ("success", "state"),
    [
        (Success.SENT, State.SENT),
        (Success.SENT, State.DELIVERED),
        (Success.SENT, State.READ),
        (Success.DELIVERED, State.DELIVERED),
        (Success.DELIVERED, State.READ),
        (Success.READ, State.READ),
    ],
)
def test_what_has_arrived_is_never_taken_over(stage: Stage, success: Success, state: State) -> None:
    found = judge(state, "", taken=True, success=success, stage=stage)
    assert found == (Move.CLOSE, Verdict.REACHED)


@pytest.mark.parametrize(
    ("state", "error", "taken", "found"),
    [
        (State.QUEUED, "", False, (Move.NOTHING, None)),
        (State.SENDING, "", False, (Move.NOTHING, None)),
        (State.SENT, "", True, (Move.WAIT, None)),
        (State.UNKNOWN, "Ambiguous", False, (Move.WAIT, None)),
        (State.FAILED, "NotCapable", False, (Move.TAKE_OVER, Verdict.NOT_CAPABLE)),
        (State.FAILED, "Rejected", False, (Move.TAKE_OVER, Verdict.FAILED)),
        (State.FAILED, "Unreachable", False, (Move.TAKE_OVER, Verdict.FAILED)),
        (State.FAILED, "OptedOut", False, (Move.CLOSE, Verdict.STOPPED)),
        (State.EXPIRED, "", True, (Move.TAKE_OVER, Verdict.WITHDRAWN)),
        (State.EXPIRED, "", False, (Move.CLOSE, Verdict.STOPPED)),
        (State.CANCELLED, "", False, (Move.CLOSE, Verdict.STOPPED)),
        (State.REPLACED, "", True, (Move.NOTHING, None)),
    ],
)
def test_what_follows_from_a_state(
    state: State, error: str, taken: bool, found: tuple[Move, Verdict | None]
) -> None:
    assert found == judge(state, error, taken=taken, success=Success.DELIVERED, stage=Stage.ARMED)


@pytest.mark.parametrize("stage", [Stage.REVOKING, Stage.CLOSING])
def test_while_it_is_withdrawn_nothing_new_is_waited_for(stage: Stage) -> None:
    found = judge(State.SENT, "", taken=True, success=Success.DELIVERED, stage=stage)
    assert found == (Move.NOTHING, None)


def test_delivered_is_not_read() -> None:
    found = judge(State.DELIVERED, "", taken=True, success=Success.READ, stage=Stage.ARMED)
    assert found == (Move.WAIT, None)


@pytest.mark.parametrize(
    ("state", "move"),
    [
        (State.DELIVERED, Move.RECALL),
        (State.READ, Move.RECALL),
        (State.FAILED, Move.NOTHING),
        (State.EXPIRED, Move.NOTHING),
        (State.SENT, Move.NOTHING),
    ],
)
def test_once_decided_only_an_arrival_counts(state: State, move: Move) -> None:
    found = judge(state, "", taken=True, success=Success.DELIVERED, stage=Stage.DONE)
    assert found == (move, None)
