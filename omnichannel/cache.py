"""The cache: Redis, and an empty cache while Redis is away, so that no page depends on it."""

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any, TypeVar

import redis
import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache

logger = structlog.get_logger(__name__)

# After a failure Redis is not asked for so long: a page asks a dozen times, and must not wait a
# dozen times for a Redis that takes connections and never answers.
PAUSE = 2.0
LOG_EVERY = 60.0

T = TypeVar("T")


class _Away:
    """When the Redis at one place failed last, for all threads of the process."""

    def __init__(self) -> None:
        self.failed_at = self.logged_at = float("-inf")

    def now(self) -> bool:
        return monotonic() < self.failed_at + PAUSE

    def note(self, error: Exception) -> None:
        self.failed_at = monotonic()
        if self.failed_at >= self.logged_at + LOG_EVERY:
            self.logged_at = self.failed_at
            logger.warning("cache away, counts as empty", reason=type(error).__name__)


_AWAY: dict[str, _Away] = {}


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, where a Redis that is away is a cache with nothing in it.

    Reads find nothing, ``add`` succeeds, writes are lost. So what is counted here (log-in attempts)
    is not limited meanwhile. A Redis that is away is logged once a minute.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._away = _AWAY.setdefault(str(server), _Away())

    def _ask(self, ask: Callable[[], T], empty: T) -> T:
        if self._away.now():
            return empty
        try:
            return ask()
        except (redis.RedisError, OSError) as error:
            self._away.note(error)
            return empty

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Whether the key was new; without Redis every key is."""
        add = super().add
        return self._ask(lambda: add(key, value, timeout, version), True)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """The value, or ``default``."""
        get = super().get
        return self._ask(lambda: get(key, default, version), default)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        """Keep a value."""
        set_ = super().set
        self._ask(lambda: set_(key, value, timeout, version), None)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Whether there was a key to give a new time-out."""
        touch = super().touch
        return self._ask(lambda: touch(key, timeout, version), False)

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Whether there was a key to remove."""
        delete = super().delete
        return self._ask(lambda: delete(key, version), False)

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """The values of those keys that are there."""
        get_many = super().get_many
        return self._ask(lambda: get_many(keys, version), {})

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Whether the key is there."""
        has_key = super().has_key
        return self._ask(lambda: has_key(key, version), False)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a number; ValueError when the key is not there."""
        incr = super().incr
        new = self._ask(lambda: incr(key, delta, version), None)
        if new is None:
            raise ValueError(f"Key '{key}' not found.")
        return new

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """Keep values; returns the keys that could not be kept."""
        set_many = super().set_many
        return self._ask(lambda: set_many(dict(data), timeout, version), list(data))

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Remove keys."""
        delete_many = super().delete_many
        self._ask(lambda: delete_many(keys, version), None)

    def clear(self) -> None:
        """Remove everything."""
        clear = super().clear
        self._ask(lambda: clear(), None)
