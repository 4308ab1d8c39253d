"""Channels, the door in (webhooks) and the door out (outbox)."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """Channels, the door in (webhooks) and the door out (outbox)."""

    name = "gateway"

    def ready(self) -> None:
        """Register the system checks."""
        from gateway import checks  # noqa: F401
