"""Look-alikes of the providers for demo, tests and benches."""

from django.apps import AppConfig


class SimulatorConfig(AppConfig):
    """Look-alikes of the providers for demo, tests and benches; it runs with DEBUG only."""

    name = "simulator"

    def ready(self) -> None:
        """Register the system check."""
        from simulator import checks  # noqa: F401
