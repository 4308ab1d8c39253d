"""The webhook door, and files."""

from django.urls import path

from gateway.door import webhook
from gateway.media import views as media

urlpatterns = [
    path("webhooks/<uuid:channel_id>/", webhook, name="webhook"),
    path("files/<uuid:file_uid>/", media.show, name="file"),
    path("m/<str:token>/", media.open_link, name="file-link"),
]
