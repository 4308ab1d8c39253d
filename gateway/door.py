"""The one door in: verify, store, answer. What the request means is found out afterwards."""

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from gateway.contract import Adapter, WebhookRequest
from gateway.errors import BadSignature, Malformed
from gateway.inbound import count_refusal, store
from gateway.models import Channel
from gateway.registry import UnknownKind, adapter_for

logger = structlog.get_logger(__name__)

BODY_LIMIT = 1_000_000


@csrf_exempt
@require_http_methods(["GET", "POST"])
def webhook(request: HttpRequest, channel_id: str) -> HttpResponse:
    """Take a provider's request for one channel.

    404 for an unknown channel, 403 for a bad signature, 400 for what this provider would never
    send, 413 for a body over 1 MB, 503 while the database is away (so that the provider tries
    again), else what the provider expects, once the request is stored.
    """
    try:
        channel = Channel.objects.only("workspace_id", "kind", "config").get(pk=channel_id)
        return _receive(request, channel, adapter_for(channel))
    except (Channel.DoesNotExist, UnknownKind):
        return HttpResponseNotFound("Unknown channel.")
    except (OperationalError, InterfaceError):
        logger.exception("webhook not stored: database away", channel=str(channel_id))
        return HttpResponse("Try again.", status=503, headers={"Retry-After": "5"})


def _receive(request: HttpRequest, channel: Channel, adapter: Adapter) -> HttpResponse:
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_LIMIT:
        return HttpResponse("Too large.", status=413)
    received = as_webhook_request(request)
    try:
        adapter.verify(received)
    except BadSignature as error:
        count_refusal(channel)
        logger.warning("webhook refused", channel=str(channel.pk), reason=str(error))
        return HttpResponse("Bad signature.", status=403)
    except Malformed as error:
        return HttpResponse(str(error), status=400)
    try:
        shard_key = adapter.shard_key(received)
    except Malformed as error:
        return HttpResponse(str(error), status=400)
    store(channel, received, shard_key)
    answer = adapter.acknowledge(received)
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


def as_webhook_request(request: HttpRequest) -> WebhookRequest:
    """The request as adapters know it; the URL is built from PUBLIC_URL, never from Host."""
    query = request.META.get("QUERY_STRING", "")
    return WebhookRequest(
        method=request.method or "",
        url=f"{settings.PUBLIC_URL}{request.path}" + (f"?{query}" if query else ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
        received_at=timezone.now(),
    )
