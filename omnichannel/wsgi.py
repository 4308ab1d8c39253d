"""WSGI entry: webhooks through the door, pages and API through Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omnichannel.settings")

pages = get_wsgi_application()

from gateway.door import Door  # noqa: E402 - needs Django to be set up
from omnichannel.logs import request_id  # noqa: E402

application = Door(pages, request_id)
