"""The one door in: verify, store, answer. What the request means is found out afterwards.

Providers have no session, no language and no cookies, and are told from others by their signature.
So the door stands before Django's handler, and takes a request straight from the server.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from django.views.decorators.csrf import csrf_exempt

from gateway.contract import Adapter, WebhookRequest
from gateway.errors import BadSignature, Malformed
from gateway.inbound import as_arrival, count_refusal, wake_drain
from gateway.intake import Arrival, store_all
from gateway.known import known_channel
from gateway.models import Channel
from gateway.registry import UnknownKind
from gateway.together import Together

logger = structlog.get_logger(__name__)

PREFIX = "/webhooks/"
METHODS = frozenset({"GET", "POST"})
BODY_LIMIT = 1_000_000
# The first look may be at what this process remembers of the channel; the others are not.
LOOKS = (False, True, True)
MOST_LOGGED = 20

Environ = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider is told."""

    status: int
    body: str = ""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


UNKNOWN_CHANNEL = Answer(404, "Unknown channel.")
TRY_AGAIN = Answer(503, "Try again.", headers={"Retry-After": "5"})


class Door:
    """A WSGI application that takes webhooks and leaves everything else to ``pages``."""

    def __init__(self, pages: Application, identify: Callable[[str], str]) -> None:
        self.pages = pages
        self.identify = identify

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(PREFIX):
            return self.pages(environ, start_response)
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


@csrf_exempt
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
    try:
        channel_id = UUID(environ["PATH_INFO"][len(PREFIX) :].rstrip("/"))
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return UNKNOWN_CHANNEL
    if not 0 <= length <= BODY_LIMIT:
        return Answer(413, "Too large.")
    body = environ["wsgi.input"].read(length)
    knock = Knock(channel_id, as_webhook_request(environ, body), request_id)
    hall.join(knock)
    if knock.wakes:
        wake_drain()
    return knock.answer or TRY_AGAIN


@dataclass(slots=True)
class Knock:
    """A request at the door and what it is told. ``wakes``: its thread is to wake the drain."""

    channel_id: UUID
    request: WebhookRequest
    request_id: str
    adapter: Adapter | None = None
    arrival: Arrival | None = None
    answer: Answer | None = None
    stored: bool = False
    wakes: bool = False


def admit(knocks: Sequence[Knock]) -> None:
    """Look at each, store those that are found right in one statement, and answer all.

    What could not be settled with what this process remembers of a channel is looked at again.
    """
    # What Django does for its requests: give up a connection that is broken or too old.
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
    for fresh in LOOKS:
        unanswered = [knock for knock in knocks if knock.answer is None]
        for knock in unanswered:
            _look_at(knock, fresh=fresh)
        _store(unanswered)
    ids = [knock.request_id for knock in knocks if knock.stored]
    if ids:
        next(knock for knock in knocks if knock.stored).wakes = True
        logger.debug("webhooks stored", count=len(ids), request_ids=ids[:MOST_LOGGED])


def _look_at(knock: Knock, *, fresh: bool) -> None:
    """Make the knock's arrival, or its answer; neither when a fresh look is wanted."""
    knock.arrival = None
    try:
        channel = known_channel(knock.channel_id, fresh=fresh)
        try:
            channel.adapter.verify(knock.request)
        except BadSignature:
            if not fresh:
                return  # the token may have been changed since this process last looked
            count_refusal(channel)
            raise
        key = channel.adapter.shard_key(knock.request)
        knock.adapter = channel.adapter
        knock.arrival = as_arrival(channel, knock.request, key, knock.request_id)
    except Exception as error:
        knock.answer = _refusal(knock, error)


def _store(knocks: Sequence[Knock]) -> None:
    """Store what has been found right; a channel that has changed meanwhile leaves it open."""
    found = [knock for knock in knocks if knock.arrival is not None]
    if found:
        store_all([knock.arrival for knock in found if knock.arrival is not None])
    for knock in found:
        _conclude(knock)


def _conclude(knock: Knock) -> None:
    arrival, adapter = knock.arrival, knock.adapter
    if arrival is None or adapter is None:
        return
    if arrival.error is not None:
        knock.answer = _refusal(knock, arrival.error)
    elif arrival.stored_id is not None:
        knock.stored = True
        try:
            said = adapter.acknowledge(knock.request)
            knock.answer = Answer(said.status, said.body, said.content_type)
        except Exception as error:  # of one adapter: the others of the group have their answers
            knock.answer = _refusal(knock, error)


def _refusal(knock: Knock, error: Exception) -> Answer:
    if isinstance(error, Channel.DoesNotExist | UnknownKind):
        return UNKNOWN_CHANNEL
    if isinstance(error, Malformed):
        return Answer(400, str(error))
    log = logger.bind(request_id=knock.request_id, channel=str(knock.channel_id))
    if isinstance(error, BadSignature):
        log.warning("webhook refused", reason=str(error))
        return Answer(403, "Bad signature.")
    if isinstance(error, OperationalError | InterfaceError):
        log.error("webhook not stored: database away", exc_info=error)
        return TRY_AGAIN
    log.error("webhook not stored", exc_info=error)
    return Answer(500, "Try again.")


hall: Together[Knock] = Together(admit)


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
