"""E-mail."""

from django.apps import AppConfig


class ChannelsEmailConfig(AppConfig):
    """E-mail."""

    name = "channels_email"
