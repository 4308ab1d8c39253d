"""URLs of the health page."""

from django.urls import path

from operations.pages import health

urlpatterns = [
    path("health/", health.board, name="settings-health"),
    path("health/<uuid:channel_id>/", health.figures, name="settings-health-channel"),
]
