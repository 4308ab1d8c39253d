"""Calls that come side by side are served in one go: each exactly once, whoever serves."""

import threading
from collections.abc import Sequence

import pytest

from gateway.together import Together


def in_threads(count: int, work: "Together[int]") -> list[BaseException]:
    """Join from so many threads at once; what they raised."""
    errors: list[BaseException] = []
    begin = threading.Barrier(count)

    def one(item: int) -> None:
        begin.wait(10)
        try:
            work.join(item)
        except RuntimeError as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(item,)) for item in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    return errors


def test_each_is_served_once() -> None:
    groups: list[list[int]] = []
    work: Together[int] = Together(lambda items: groups.append(list(items)))
    for _ in range(20):
        groups.clear()
        assert not in_threads(32, work)
        assert sorted(item for group in groups for item in group) == list(range(32))


def test_who_comes_meanwhile_is_in_the_next_group() -> None:
    groups: list[list[int]] = []
    first_is_served, others_are_there = threading.Event(), threading.Event()

    def serve(items: Sequence[int]) -> None:
        groups.append(list(items))
        if items == [0]:
            first_is_served.set()
            others_are_there.wait(10)

    work: Together[int] = Together(serve)
    threads = [threading.Thread(target=work.join, args=(0,))]
    threads[0].start()
    assert first_is_served.wait(10)
    threads += [threading.Thread(target=work.join, args=(item,)) for item in (1, 2, 3)]
    for thread in threads[1:]:
        thread.start()
    while len(work.line) < 3:
        pass
    others_are_there.set()
    for thread in threads:
        thread.join(10)
    assert groups[0] == [0]
    assert [sorted(group) for group in groups[1:]] == [[1, 2, 3]]


def test_a_failure_leaves_nobody_waiting() -> None:
    def serve(items: Sequence[int]) -> None:
        raise RuntimeError("broken")

    work: Together[int] = Together(serve)
    assert in_threads(16, work)
    with pytest.raises(RuntimeError):
        work.join(99)
    assert not work.line
    assert not work.serving


def test_a_failure_wakes_all_who_were_served_together() -> None:
    first_is_served, others_are_there = threading.Event(), threading.Event()
    failed: list[int] = []

    def serve(items: Sequence[int]) -> None:
        if items == [0]:
            first_is_served.set()
            others_are_there.wait(10)
        raise RuntimeError("broken")

    work: Together[int] = Together(serve)

    def one(item: int) -> None:
        try:
            work.join(item)
        except RuntimeError:
            failed.append(item)

    threads = [threading.Thread(target=one, args=(0,))]
    threads[0].start()
    assert first_is_served.wait(10)
    threads += [threading.Thread(target=one, args=(item,)) for item in (1, 2, 3)]
    for thread in threads[1:]:
        thread.start()
    while len(work.line) < 3:
        pass
    others_are_there.set()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    # Each group's failure is its worker's; the others see that they have no answer.
    assert len(failed) == 2
