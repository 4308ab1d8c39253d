"""What every test shares."""

from typing import Any

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright's event loop stays open, and others need their own."""
    items.sort(
        key=lambda item: (item.get_closest_marker("browser") is not None, "browser/" in item.nodeid)
    )


@pytest.fixture(autouse=True)
def quick_password_hashes(settings: Any) -> None:
    """Hash passwords cheaply; how they are hashed in production is Django's own business."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
