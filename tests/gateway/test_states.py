"""The state machine: whatever the order of reports, nothing goes back."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.states import FINAL, REPORTABLE, TRANSITIONS, State, after_report, may_follow

RANK = {State.QUEUED: 0, State.SENDING: 1, State.SENT: 2, State.DELIVERED: 3, State.READ: 4}


def test_the_table_is_complete() -> None:
    assert set(TRANSITIONS) == set(State)
    for state in State:
        assert not may_follow(state, state)


def test_nothing_leaves_read() -> None:
    assert TRANSITIONS[State.READ] == frozenset()


@given(st.lists(st.sampled_from(sorted(REPORTABLE))))
def test_any_order_of_reports_only_moves_forward(reports: list[State]) -> None:
    current = State.SENT
    for report in reports:
        following = after_report(current, report)
        if following != current:
            assert may_follow(current, following)
            if current in RANK and following in RANK:
                assert RANK[following] > RANK[current]
        current = following
    if State.READ in reports:
        assert current == State.READ
    elif State.DELIVERED in reports:
        assert current == State.DELIVERED


@given(st.sampled_from(sorted(FINAL)), st.sampled_from(sorted(set(State) - REPORTABLE)))
def test_only_reportable_states_are_taken_from_providers(current: State, reported: State) -> None:
    assert after_report(current, reported) == current


def test_a_report_proves_that_a_queued_row_was_accepted_after_all() -> None:
    assert after_report(State.QUEUED, State.DELIVERED) == State.DELIVERED
    assert after_report(State.QUEUED, State.FAILED) == State.QUEUED
