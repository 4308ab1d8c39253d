"""The demo workspace; installed only with DEBUG."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The demo workspace; installed only with DEBUG."""

    name = "demo"
