"""The one door in: verify, store, answer. What the request means is found out afterwards."""

from collections.abc import Callable
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from gateway.contract import WebhookRequest, WebhookResponse
from gateway.errors import BadSignature, Malformed
from gateway.inbound import count_refusal, store
from gateway.known import KnownChannel, known_channel
from gateway.models import Channel
from gateway.registry import UnknownKind

logger = structlog.get_logger(__name__)

PREFIX = "/webhooks/"
METHODS = ("GET", "POST")
BODY_LIMIT = 1_000_000
# The first look may be at what this process remembers of the channel; the others are not.
LOOKS = (False, True, True)


class DoorMiddleware:
    """Takes providers' requests before anything that only pages need looks at them.

    They have no session, no language and no cookies, and are told from others by their signature.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        response = _answer(request)
        response["Content-Length"] = str(len(response.content))
        return response


def webhook(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    """Take a provider's request for one channel.

    404 for an unknown channel, 403 for a bad signature, 400 for what this provider would never
    send, 413 for a body over 1 MB, 503 while the database is away (so that the provider tries
    again), else what the provider expects, once the request is stored.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_LIMIT:
        return HttpResponse("Too large.", status=413)
    try:
        answer = _take(channel_id, as_webhook_request(request))
    except (Channel.DoesNotExist, UnknownKind):
        return HttpResponse("Unknown channel.", status=404)
    except BadSignature:
        return HttpResponse("Bad signature.", status=403)
    except Malformed as error:
        return HttpResponse(str(error), status=400)
    except (OperationalError, InterfaceError):
        logger.exception("webhook not stored: database away", channel=str(channel_id))
        return HttpResponse("Try again.", status=503, headers={"Retry-After": "5"})
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


def _answer(request: HttpRequest) -> HttpResponse:
    if request.method not in METHODS:
        return HttpResponse(status=405, headers={"Allow": ", ".join(METHODS)})
    try:
        channel_id = UUID(request.path_info.removeprefix(PREFIX).removesuffix("/"))
    except ValueError:
        return HttpResponse("Unknown channel.", status=404)
    return webhook(request, channel_id)


def _take(channel_id: UUID, request: WebhookRequest) -> WebhookResponse:
    for fresh in LOOKS:
        channel = known_channel(channel_id, fresh=fresh)
        try:
            channel.adapter.verify(request)
        except BadSignature as error:
            if fresh:
                _refuse(channel, error)
                raise
            continue  # the token may have been changed since this process last looked
        if store(channel, request, channel.adapter.shard_key(request)):
            return channel.adapter.acknowledge(request)
    raise OperationalError("The channel is being changed at this moment.")


def _refuse(channel: KnownChannel, error: BadSignature) -> None:
    count_refusal(channel)
    logger.warning("webhook refused", channel=str(channel.pk), reason=str(error))


def as_webhook_request(request: HttpRequest) -> WebhookRequest:
    """The request as adapters know it; the URL is built from PUBLIC_URL, never from Host."""
    query = request.META.get("QUERY_STRING", "")
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in request.META.items()
        if name.startswith("HTTP_")
    }
    headers["content-type"] = request.META.get("CONTENT_TYPE", "")
    return WebhookRequest(
        method=request.method or "",
        url=f"{settings.PUBLIC_URL}{request.path}" + (f"?{query}" if query else ""),
        headers=headers,
        body=request.body,
        received_at=timezone.now(),
    )
