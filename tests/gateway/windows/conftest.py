"""The kinds of channel that have windows, for every test here."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateway.windows import talk


@pytest.fixture(autouse=True)
def kinds(settings: Any) -> Iterator[None]:
    """Register them."""
    with talk.registered(settings):
        yield


@pytest.fixture
def sink(settings: Any) -> Iterator[talk.TalkSink]:
    """Their provider."""
    with talk.TalkSink() as made:
        settings.SIMULATOR_URL = made.url
        yield made
