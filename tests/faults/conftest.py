"""Door and beat go on for all scenarios; each has a provider and workers of its own."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from gateway.registry import adapters
from tests.faults.provider import Provider
from tests.faults.stack import Stack, forget_wakeups
from tests.processes import Processes

FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="package")
def door(django_db_setup: None) -> Iterator[Processes]:
    """Web and beat: real, and the same for all scenarios that do nothing to them."""
    with Processes(DJANGO_SETTINGS_MODULE="tests.faults.settings") as processes:
        processes.beat()
        processes.web()
        yield processes


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Accepts everything unless told otherwise."""
    with Provider() as made:
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know that their test has failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def stack(
    transactional_db: None, door: Processes, provider: Provider, request: pytest.FixtureRequest
) -> Iterator[Stack]:
    """Web and beat run, and no worker yet; ``url`` is the door's."""
    forget_wakeups()
    with Stack(provider, PUBLIC_URL=door.url) as made:
        made.url = door.url
        yield made
        if request.node.stash.get(FAILED, False):
            made.print_logs()


@pytest.fixture
def many(settings: Any) -> Iterator[str]:
    """The kind of channel whose provider sends many events at once and cannot be asked."""
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, "tests.faults.many.ManySms"]
    adapters.cache_clear()
    yield "many_sms"
    adapters.cache_clear()
