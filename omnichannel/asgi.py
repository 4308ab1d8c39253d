"""ASGI entry: only the agents' WebSockets (pages are served by WSGI, see docs/architecture.md)."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omnichannel.settings")

http = get_asgi_application()

# Imported after Django is set up: the consumers load models.
from channels.routing import ProtocolTypeRouter  # noqa: E402

from conversations.socket import websocket_application  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": websocket_application})
