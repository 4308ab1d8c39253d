"""Redis emptied, restarted and away for half a minute: the door stays open, workers catch up."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from gateway.states import State
from tests import builders
from tests.faults.ledger import (
    each_event_appears_once,
    exact,
    wait_until_sent,
    wait_until_taken_in,
)
from tests.faults.provider import Provider
from tests.faults.servers import OwnRedis
from tests.faults.stack import Stack, queue
from tests.faults.traffic import Customers
from tests.processes import until

pytestmark = pytest.mark.slow

AWAY_SECONDS = 30


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """A Redis that nobody else uses."""
    with OwnRedis(tmp_path) as made:
        yield made


def test_redis_is_emptied_restarted_and_gone(
    transactional_db: None, provider: Provider, own_redis: OwnRedis
) -> None:
    channel, slow = builders.channel(), builders.channel(rate_per_second=5.0)
    with Stack(provider, REDIS_URL=own_redis.url) as stack:
        stack.web()
        stack.inbound()
        stack.outbound()
        stack.beat()
        queue(slow, 150)
        with Customers(stack.url, channel) as customers:
            until(lambda: len(provider.taken) > 10, "nothing leaves")
            with redis.Redis.from_url(own_redis.url) as client:
                client.flushall()
            seen = len(provider.taken)
            until(lambda: len(provider.taken) > seen + 5, "nothing leaves after FLUSHALL")
            own_redis.stop()
            own_redis.start()
            seen = len(provider.taken)
            until(lambda: len(provider.taken) > seen + 5, "nothing leaves after a restart")
            own_redis.hang()
            seen = len(customers.written)
            until(lambda: len(customers.written) > seen + 3, "the door hangs with Redis")
            own_redis.stop()
            time.sleep(AWAY_SECONDS)
            seen = len(customers.written)
            until(lambda: len(customers.written) > seen + 3, "the door is shut without Redis")
            own_redis.start()
            queue(channel, 10)
        wait_until_taken_in()
        wait_until_sent(seconds=120)
    assert set(customers.answers) == {200}
    each_event_appears_once(customers.written)
    assert exact(provider, 160) == {State.SENT: 160}
