"""Who answers: presence, capacity, assignment."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    """Explains its assignments in the threads."""

    name = "routing"

    def ready(self) -> None:
        """Register how assignment reasons are worded."""
        from conversations.activity import register
        from routing.reasons import explain

        register(explain)
