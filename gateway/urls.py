"""The webhook door, and files."""

from django.conf import settings
from django.urls import path

from gateway.door import shared_webhook, webhook
from gateway.media import views as media

urlpatterns = [
    path("webhooks/<uuid:channel_id>/", webhook, name="webhook"),
    *(
        path(f"webhooks/{name}/", shared_webhook, {"name": name}, name=f"webhook-{name}")
        for name in settings.GATEWAY_SHARED_DOORS
    ),
    path("files/<uuid:file_uid>/", media.show, name="file"),
    path("m/<str:token>/", media.open_link, name="file-link"),
]
