"""Files in a folder of the test's own, and a provider that has some."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.media.shelf import Shelf


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """Where files are kept."""
    files = tmp_path / "files"
    media = {**settings.STORAGES["media"], "OPTIONS": {"location": files}}
    settings.STORAGES = {**settings.STORAGES, "media": media}
    return files


@pytest.fixture
def shelf(settings: Any) -> Iterator[Shelf]:
    """The provider's file server."""
    with Shelf() as running:
        settings.SIMULATOR_URL = running.url
        yield running
