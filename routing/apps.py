"""Who answers: presence, capacity, assignment."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    """Who answers: presence, capacity, assignment."""

    name = "routing"
