"""Tells the apps above about contacts, by the names in settings.CONTACT_RECEIVERS."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


@lru_cache(maxsize=8)
def receivers(name: str) -> tuple[Callable[..., None], ...]:
    """The receivers of one kind of news; ``merging`` is the only one so far."""
    return tuple(import_string(path) for path in settings.CONTACT_RECEIVERS.get(name, []))


def tell(name: str, **data: Any) -> None:
    """Call each receiver in turn, inside the caller's transaction."""
    for receive in receivers(name):
        receive(**data)
