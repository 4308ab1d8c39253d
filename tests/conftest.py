"""What every test shares."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def quick_password_hashes(settings: Any) -> Iterator[None]:
    """Hash passwords cheaply; how they are hashed in production is Django's own business."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    yield
