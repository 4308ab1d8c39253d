"""System checks: the simulator belongs to development only."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def only_with_debug(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """An adapter must not talk to a look-alike in production."""
    if settings.DEBUG or not settings.SIMULATOR_URL:
        return []
    return [
        Error(
            "SIMULATOR_URL is set but DEBUG is off.",
            hint="Unset SIMULATOR_URL: in production every channel talks to its provider.",
            id="simulator.E001",
        )
    ]
