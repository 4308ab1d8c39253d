"""Social networks and messaging apps."""

from django.apps import AppConfig


class ChannelsSocialConfig(AppConfig):
    """Social networks and messaging apps."""

    name = "channels_social"
