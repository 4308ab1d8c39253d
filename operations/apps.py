"""Running the product: health, metrics, translations, key rotation."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """Running the product: health, metrics, translations, key rotation."""

    name = "operations"
