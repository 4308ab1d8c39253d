"""The webhook door."""

from django.urls import path

from gateway.door import webhook

urlpatterns = [path("webhooks/<uuid:channel_id>/", webhook, name="webhook")]
