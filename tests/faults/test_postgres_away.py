"""PostgreSQL crashed, restarted and away for half a minute: the door says 503 and means it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.models import Delivery
from gateway.states import State
from tests import builders
from tests.faults.ledger import (
    each_event_appears_once,
    exact,
    wait_until_sent,
    wait_until_taken_in,
)
from tests.faults.provider import Provider, slowly
from tests.faults.servers import OwnPostgres, working_in
from tests.faults.stack import Stack, forget_wakeups, let_leases_end, queue
from tests.faults.traffic import Customers
from tests.processes import until

pytestmark = pytest.mark.slow

AWAY_SECONDS = 30
COUNT = 150


@pytest.fixture
def own_postgres(tmp_path: Path, django_db_blocker: Any) -> Iterator[OwnPostgres]:
    """A server that nobody else uses; the test's models work in it."""
    with OwnPostgres(tmp_path) as made, django_db_blocker.unblock(), working_in(made):
        yield made


def test_postgres_crashes_and_is_gone(own_postgres: OwnPostgres, provider: Provider) -> None:
    forget_wakeups()
    channel, busy = builders.channel(), builders.channel(rate_per_second=10.0)
    # Each send takes a moment, so that some are always on their way.
    provider.habit[busy.address] = slowly(0.5)
    with Stack(provider, DATABASE_URL=own_postgres.url) as stack:
        stack.web()
        stack.inbound()
        stack.outbound()
        stack.beat()
        queue(busy, COUNT)
        with Customers(stack.url, channel) as customers:
            until(lambda: len(provider.taken) > 10, "nothing leaves")
            own_postgres.crash()
            own_postgres.start()
            seen = len(provider.taken)
            until(lambda: len(provider.taken) > seen + 10, "nothing leaves after the crash")
            own_postgres.stop()
            refused = customers.answers[503]
            time.sleep(AWAY_SECONDS)
            assert customers.answers[503] > refused, "the door has not asked to try again"
            own_postgres.start()
            written = len(customers.written)
            until(lambda: len(customers.written) > written + 5, "the door stays shut")
        wait_until_taken_in()
        wait_until_nobody_holds_anything()
        wait_until_sent(waiting_to_ask=False)
    each_event_appears_once(customers.written)
    assert exact(provider, COUNT) == {State.SENT: COUNT}


def wait_until_nobody_holds_anything() -> None:
    """A claim whose answer was lost with the server holds rows until its lease ends."""

    def over() -> bool:
        let_leases_end(idle_seconds=10)
        return not Delivery.objects.filter(state__in=[State.QUEUED, State.SENDING]).exists()

    until(over, "deliveries stay queued")
