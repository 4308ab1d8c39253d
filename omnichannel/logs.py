"""Structured logs: JSON lines in production, readable in development, a request id in each."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse

from omnichannel.log_safety import SafeArguments, hide_secrets, write_exceptions

REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(*, pretty: bool) -> dict[str, Any]:
    """Configure structlog and return the matching ``LOGGING`` dictionary."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Any = structlog.processors.JSONRenderer()
    if pretty:
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=plain)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    write_exceptions,
                    hide_secrets,
                    renderer,
                ],
                "foreign_pre_chain": SHARED,
            }
        },
        "filters": {"safe": {"()": SafeArguments}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["safe"]}
        },
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # Django's own configuration would write its lines a second time, not as JSON.
            "django": {"handlers": [], "level": "INFO"},
            "django.server": {"level": "WARNING"},
            "celery": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
            "aiohttp.access": {"level": "WARNING"},
            # At DEBUG these write statements with their values, and templates' variables.
            "django.db.backends": {"level": "INFO"},
            "django.template": {"level": "INFO"},
        },
    }


def request_id(given: str) -> str:
    """The id a proxy gave if it is a sane one, else a new one."""
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Give every request an id, taken from the proxy if it sent a sane one, and log with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request_id(request.headers.get("X-Request-Id", ""))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=chosen)
        response = self.get_response(request)
        response["X-Request-Id"] = chosen
        return response


def forget_request(**kwargs: Any) -> None:
    """The request is over. Not earlier: Django logs a refusal after the last middleware."""
    structlog.contextvars.clear_contextvars()


request_finished.connect(forget_request)
