"""Ringing never waits, and every ring is followed by a wake-up."""

import asyncio
import threading

from gateway.bell import Bell


async def quiet(bell: Bell) -> None:
    """Until all rings have been followed."""
    while bell.ringing is not None:
        await asyncio.sleep(0.001)


async def test_rings_while_redis_hangs_are_one_more_wake_up() -> None:
    hangs = threading.Event()
    woken: list[int] = []

    def wake() -> None:
        woken.append(len(woken))
        hangs.wait(10)

    bell = Bell(wake)
    bell.ring()
    while not woken:
        await asyncio.sleep(0.001)
    for _ in range(100):
        bell.ring()
    hangs.set()
    await quiet(bell)
    assert len(woken) == 2
    bell.ring()
    await quiet(bell)
    assert len(woken) == 3
