"""Hands batches to the receivers named in settings.GATEWAY_RECEIVERS; the gateway imports none."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

Receiver = Callable[[Sequence[Any]], None]


@lru_cache(maxsize=32)
def receivers(name: str) -> tuple[Receiver, ...]:
    """The receivers of one kind of batch: ``messages``, ``opt_outs``, ``deliveries``…"""
    return tuple(import_string(path) for path in settings.GATEWAY_RECEIVERS.get(name, []))


def hand_over(name: str, batch: Sequence[Any]) -> None:
    """Give a batch to each receiver in turn, inside the caller's transaction."""
    if batch:
        for receive in receivers(name):
            receive(batch)
