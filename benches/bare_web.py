"""The limit of accepting: a minimal Django view that verifies nothing and inserts one row."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from benches.bare_table import INSERT_PATH
from omnichannel import env

INSERT = "INSERT INTO bare_request (body) VALUES (%s)"

settings.configure(
    SECRET_KEY="bench",  # noqa: S106 - signs nothing
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    LOGGING_CONFIG=None,
    DATABASES={
        "default": {
            **env.database("DATABASE_URL"),
            "ENGINE": "django.db.backends.postgresql",
            "CONN_MAX_AGE": None,
        }
    },
)


def insert(request: HttpRequest) -> HttpResponse:
    """Keep the body, durably, and say so."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [request.body])
    return HttpResponse("ok", headers={"Content-Length": "2"})


urlpatterns = [path(INSERT_PATH.lstrip("/"), insert)]
application = get_wsgi_application()
