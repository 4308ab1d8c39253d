"""Look-alikes of the providers for demo, tests and benches."""

from django.apps import AppConfig


class SimulatorConfig(AppConfig):
    """Look-alikes of the providers for demo, tests and benches."""

    name = "simulator"
