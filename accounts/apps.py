"""Workspaces, people and what they may do."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The lowest app: everything else stands on it."""

    name = "accounts"
