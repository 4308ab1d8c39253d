"""ASGI entry of the web process: webhooks through the door, pages and API through Django.

Pages ask the database and wait for it, so they are plain synchronous Django in a few threads.
"""

from omnichannel.wsgi import application as pages  # isort: skip - sets Django up

from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.conf import settings

from gateway.asgi import Application
from gateway.door import Door
from omnichannel.logs import request_id
from omnichannel.whole_body import WholeBody

# Requests for pages that are worked on at the same time; each of these threads keeps a connection
# to the database.
PAGE_THREADS = 12

# Both sides speak the same protocols; their type hints say so in different words.
threaded = cast(Application, WSGIMiddleware(cast(Any, pages), workers=PAGE_THREADS))
application = Door(WholeBody(threaded, settings.DATA_UPLOAD_MAX_MEMORY_SIZE), request_id)
