"""SMS providers."""

from django.apps import AppConfig


class ChannelsSmsConfig(AppConfig):
    """SMS providers."""

    name = "channels_sms"
