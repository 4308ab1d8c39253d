"""The one door in: verify, store, answer. What the request means is found out afterwards.

Providers have no session, no language and no cookies, and are told from others by their signature.
So the door stands before Django's handler, and takes a request straight from the server.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.utils import timezone

from gateway.contract import WebhookRequest, WebhookResponse
from gateway.errors import BadSignature, Malformed
from gateway.inbound import count_refusal, store
from gateway.known import known_channel
from gateway.models import Channel
from gateway.registry import UnknownKind

logger = structlog.get_logger(__name__)

PREFIX = "/webhooks/"
METHODS = frozenset({"GET", "POST"})
BODY_LIMIT = 1_000_000
# The first look may be at what this process remembers of the channel; the others are not.
LOOKS = (False, True, True)

Environ = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider is told."""

    status: int
    body: str = ""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


class Door:
    """A WSGI application that takes webhooks and leaves everything else to ``pages``."""

    def __init__(self, pages: Application, identify: Callable[[str], str]) -> None:
        self.pages = pages
        self.identify = identify

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(PREFIX):
            return self.pages(environ, start_response)
        # What Django does for its requests: give up a connection that is broken or too old.
        connection.close_if_unusable_or_obsolete()
        request_id = self.identify(environ.get("HTTP_X_REQUEST_ID", ""))
        answer = open_door(environ, request_id)
        body = answer.body.encode()
        headers = [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(body))),
            ("X-Request-Id", request_id),
            *answer.headers.items(),
        ]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [body]


def webhook(request: WSGIRequest, channel_id: UUID) -> HttpResponse:
    """The door as a view, for its URL, and for whoever calls Django without the server."""
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    answer = open_door(request.environ, request_id)
    return HttpResponse(
        answer.body,
        status=answer.status,
        content_type=answer.content_type,
        headers=dict(answer.headers),
    )


def open_door(environ: Environ, request_id: str) -> Answer:
    """Take a provider's request.

    404 for an unknown channel, 403 for a bad signature, 400 for what this provider would never
    send, 413 for a body over 1 MB, 503 while the database is away (so that the provider tries
    again), else what the provider expects, once the request is stored.
    """
    if environ["REQUEST_METHOD"] not in METHODS:
        return Answer(405, headers={"Allow": ", ".join(sorted(METHODS))})
    channel_id = environ["PATH_INFO"][len(PREFIX) :].rstrip("/")
    try:
        return _taken(UUID(channel_id), environ, request_id)
    except (ValueError, Channel.DoesNotExist, UnknownKind):
        return Answer(404, "Unknown channel.")
    except Malformed as error:
        return Answer(400, str(error))
    except Exception as error:
        with structlog.contextvars.bound_contextvars(request_id=request_id, channel=channel_id):
            return _not_taken(error)


def _not_taken(error: Exception) -> Answer:
    if isinstance(error, BadSignature):
        logger.warning("webhook refused", reason=str(error))
        return Answer(403, "Bad signature.")
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("webhook not stored: database away", exc_info=error)
        return Answer(503, "Try again.", headers={"Retry-After": "5"})
    logger.error("webhook not stored", exc_info=error)
    return Answer(500, "Try again.")


def _taken(channel_id: UUID, environ: Environ, request_id: str) -> Answer:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > BODY_LIMIT:
        return Answer(413, "Too large.")
    request = as_webhook_request(environ, environ["wsgi.input"].read(length))
    said = _take(channel_id, request, request_id)
    return Answer(said.status, said.body, said.content_type)


def _take(channel_id: UUID, request: WebhookRequest, request_id: str) -> WebhookResponse:
    for fresh in LOOKS:
        channel = known_channel(channel_id, fresh=fresh)
        try:
            channel.adapter.verify(request)
        except BadSignature:
            if fresh:
                count_refusal(channel)
                raise
            continue  # the token may have been changed since this process last looked
        if store(channel, request, channel.adapter.shard_key(request), request_id):
            return channel.adapter.acknowledge(request)
    raise OperationalError("The channel is being changed at this moment.")


def as_webhook_request(environ: Environ, body: bytes) -> WebhookRequest:
    """The request as adapters know it; the URL is built from PUBLIC_URL, never from Host."""
    query = environ.get("QUERY_STRING", "")
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    url = settings.PUBLIC_URL + environ["PATH_INFO"]
    return WebhookRequest(
        method=environ["REQUEST_METHOD"],
        url=f"{url}?{query}" if query else url,
        headers=headers,
        body=body,
        received_at=timezone.now(),
    )
