"""Where a channel can be reached from outside."""

from django.conf import settings
from django.urls import reverse

from gateway.models import Channel


def webhook_url(channel: Channel) -> str:
    """The address to enter at the provider."""
    return f"{settings.PUBLIC_URL}{reverse('webhook', args=[channel.pk])}"
