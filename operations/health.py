"""``/healthz``, ``/readyz`` and ``/metrics``, answered before anything else looks at the request.

A probe comes by an address that is not in ALLOWED_HOSTS, without TLS and without a session, so
this is a middleware and no view.
"""

import secrets
from collections.abc import Callable
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from gateway.models import Heartbeat
from operations.metrics import CONTENT_TYPE, render_metrics

# A worker is asked for a sign of life every 5 s; after this long without one it counts as gone.
WORKER_SECONDS = 60


class HealthMiddleware:
    """Answers the three paths and passes everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.answers = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.answers.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = answer(request)
        response["Cache-Control"] = "no-store"
        # The asker knows; a line for each probe would only hide others (read by django.utils.log).
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response


def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Database, Redis and the workers of every queue, each by name; 503 when one of them fails."""
    database = _check_database()
    parts = {
        "database": database,
        "redis": _check_redis(),
        "workers": _check_workers() if database["ok"] else {"ok": False, "error": "unknown"},
    }
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text. Needs METRICS_TOKEN as bearer; without one only open in development."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if token and not secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    if not token and not settings.DEBUG:
        return HttpResponse("Set METRICS_TOKEN to read the metrics.\n", status=404)
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE)


def _check_database() -> dict[str, Any]:
    # Only the kind of an error is shown: its words may hold addresses and passwords.
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return {"ok": False, "error": type(error).__name__}
    return {"ok": True}


def _check_redis() -> dict[str, Any]:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)
    try:
        client.ping()
    except (redis.RedisError, OSError) as error:
        return {"ok": False, "error": type(error).__name__}
    finally:
        client.close()
    return {"ok": True}


def _check_workers() -> dict[str, Any]:
    """Seconds since each queue's last sign of life; None: never seen."""
    now = timezone.now()
    seen = {
        beat.name: round((now - beat.beat_at).total_seconds(), 1)
        for beat in Heartbeat.objects.all()
    }
    queues = {queue: seen.get(f"worker:{queue}") for queue in settings.WORKER_QUEUES}
    alive = all(age is not None and age < WORKER_SECONDS for age in queues.values())
    return {"ok": alive, "queues": queues}
