"""Calls that come side by side are served in one go: each once, and nobody waits forever."""

import asyncio
from collections.abc import Sequence

import pytest

from gateway.together import Together


async def test_each_is_served_once() -> None:
    groups: list[list[int]] = []

    async def serve(items: Sequence[int]) -> None:
        groups.append(list(items))
        await asyncio.sleep(0)

    work: Together[int] = Together(serve)

    async def late(item: int) -> None:
        await asyncio.sleep(item % 7 / 1000)
        await work.join(item)

    await asyncio.gather(*(late(item) for item in range(200)))
    assert sorted(item for group in groups for item in group) == list(range(200))
    assert work.serving is None


async def test_who_comes_meanwhile_is_in_the_next_group() -> None:
    groups: list[list[int]] = []
    others_are_there = asyncio.Event()

    async def serve(items: Sequence[int]) -> None:
        groups.append(list(items))
        await others_are_there.wait()

    work: Together[int] = Together(serve)
    tasks = [asyncio.create_task(work.join(0))]
    while not groups:
        await asyncio.sleep(0)
    tasks += [asyncio.create_task(work.join(item)) for item in (1, 2, 3)]
    while len(work.line) < 3:
        await asyncio.sleep(0)
    others_are_there.set()
    await asyncio.gather(*tasks)
    assert groups == [[0], [1, 2, 3]]


async def test_a_failure_is_told_to_its_group_and_stops_nobody_else() -> None:
    async def serve(items: Sequence[int]) -> None:
        await asyncio.sleep(0)
        if 13 in items:
            raise RuntimeError("broken")

    work: Together[int] = Together(serve)
    first = asyncio.gather(work.join(13), work.join(14), return_exceptions=True)
    await asyncio.sleep(0)
    second = asyncio.gather(work.join(1), work.join(2), return_exceptions=True)
    assert [type(one) for one in await first] == [RuntimeError, RuntimeError]
    assert list(await second) == [None, None]
    assert not work.line


async def test_who_gives_up_waiting_leaves_the_others_served() -> None:
    begun = asyncio.Event()

    async def serve(items: Sequence[int]) -> None:
        begun.set()
        await asyncio.sleep(0.01)

    work: Together[int] = Together(serve)
    gone, stays = (asyncio.create_task(work.join(item)) for item in (1, 2))
    await begun.wait()
    gone.cancel()
    await stays
    with pytest.raises(asyncio.CancelledError):
        await gone
