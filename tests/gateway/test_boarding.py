"""Claimed messages that wait for a place: replies first, each channel in its own order."""

import uuid
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from gateway.models import Priority
from gateway.outbox import boarding as lines
from gateway.outbox.boarding import Boarding
from gateway.outbox.places import kept_for_replies

CHANNEL, OTHER = uuid.uuid4(), uuid.uuid4()


def ready(name: str, channel_id: UUID = CHANNEL, priority: int = Priority.BULK) -> Any:
    """A claimed message as far as boarding looks at it."""
    return SimpleNamespace(
        name=name, row=SimpleNamespace(channel_id=channel_id, priority=int(priority))
    )


def left(boarding: Boarding, channel_id: UUID, places: int) -> list[str]:
    """Who leaves until all places are taken."""
    names: list[str] = []
    while one := boarding.next(channel_id, len(names), places):
        names.append(one.name)  # type: ignore[attr-defined]
    return names


def test_replies_leave_first_and_bulk_leaves_them_places() -> None:
    boarding = Boarding()
    for one in [ready("a"), ready("b"), ready("r", priority=Priority.REPLY), ready("c")]:
        boarding.add(one)
    assert kept_for_replies(4) == 1
    assert left(boarding, CHANNEL, 4) == ["r", "a", "b"]
    assert boarding.counts() == {CHANNEL: 1}
    assert left(boarding, CHANNEL, 4) == ["c"]
    assert (boarding.waiting, boarding.channels()) == (0, set())


def test_channels_do_not_wait_for_each_other() -> None:
    boarding = Boarding()
    for one in [ready("a"), ready("b"), ready("x", OTHER)]:
        boarding.add(one)
    assert boarding.next(CHANNEL, 10, 10) is None
    assert left(boarding, OTHER, 10) == ["x"]
    assert {one.name for one in boarding.empty()} == {"a", "b"}  # type: ignore[attr-defined]
    assert boarding.waiting == 0


def test_whoever_has_waited_too_long_waits_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(lines, "monotonic", lambda: now[0])
    boarding = Boarding()
    boarding.add(ready("a"))
    boarding.add(ready("r", OTHER, Priority.REPLY))
    now[0] = 100.4
    boarding.add(ready("b"))
    assert boarding.tired(0.5) == []
    now[0] = 100.5
    assert [one.name for one in boarding.tired(0.5)] == ["r", "a"]  # type: ignore[attr-defined]
    assert boarding.counts() == {CHANNEL: 1}
    assert left(boarding, CHANNEL, 4) == ["b"]
