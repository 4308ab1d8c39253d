"""Wakes workers up. Losing a wake-up costs seconds (the sweep finds the rows), never a message."""

import logging
from functools import lru_cache
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import KombuError

logger = logging.getLogger(__name__)

# How long a wake-up counts as under way. A burst within it is one task; should the task be lost,
# the next wake-up after it, or the sweep, makes up for it.
PENDING_MS = 2_000


@lru_cache(maxsize=1)
def client() -> redis.Redis:
    """The process's Redis client; time-outs are short because nobody may wait for a wake-up."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5)


def wake(task: str, key: str = "", **kwargs: Any) -> None:
    """Run ``task`` soon, once the surrounding transaction has committed.

    Calls with the same task and key coalesce until the task begins (it calls ``begun``).
    """
    transaction.on_commit(lambda: wake_now(task, key, **kwargs))


def wake_now(task: str, key: str = "", **kwargs: Any) -> None:
    """As ``wake``, at once. A Redis that is away is logged and otherwise ignored."""
    try:
        if client().set(_name(task, key), 1, nx=True, px=PENDING_MS):
            current_app.send_task(task, kwargs=kwargs, expires=60)
    except (redis.RedisError, KombuError, OSError) as error:
        logger.warning("wake-up of %s lost: %s", task, type(error).__name__)


def begun(task: str, key: str = "") -> None:
    """The task has begun: what is written from now on needs a new wake-up."""
    try:
        client().delete(_name(task, key))
    except (redis.RedisError, OSError) as error:
        logger.warning("wake-up mark of %s stays: %s", task, type(error).__name__)


def _name(task: str, key: str) -> str:
    return f"wake:{task}:{key}"
