"""Workspaces, people and what they may do."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The lowest app: everything else stands on it."""

    name = "accounts"

    def ready(self) -> None:
        """Let the schema generator find what it cannot guess."""
        from accounts.rest import schema  # noqa: F401
