"""The one door in: verify, store, answer. What the request means is found out afterwards.

Providers have no session, no language and no cookies, and are told from others by their signature.
So the door stands before Django, and takes a request straight from the server's event loop: a
thousand that are under way cost no thread, and those that arrive side by side share one INSERT.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from gateway.admission import TRY_AGAIN, UNKNOWN_CHANNEL, Answer, Knock, admit, conclude, glance
from gateway.asgi import Application, Receive, Scope, Send, headers_of, read_body
from gateway.bell import Bell
from gateway.contract import WebhookRequest
from gateway.inbound import DRAIN, wake_drain
from gateway.lane import Lane
from gateway.together import Together
from gateway.wake import wake_now

logger = structlog.get_logger(__name__)

PREFIX = "/webhooks/"
METHODS = ("GET", "POST")
BODY_LIMIT = 1_000_000

NOT_ALLOWED = Answer(405, headers={"Allow": ", ".join(METHODS)})
TOO_LARGE = Answer(413, "Too large.")
INCOMPLETE = Answer(400, "The body is incomplete.")


class Door:
    """An ASGI application that takes webhooks and leaves everything else to ``pages``."""

    def __init__(self, pages: Application, identify: Callable[[str], str]) -> None:
        self.pages = pages
        self.identify = identify
        self.hall: Together[Knock] = Together(self._admit)
        self.lane = Lane()
        self.bell = Bell(partial(wake_now, DRAIN))
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="door")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self.pages(scope, receive, send)
            return
        headers = headers_of(scope)
        request_id = self.identify(headers.get("x-request-id", ""))
        try:
            answer = await self.open(scope, headers, receive, request_id)
        except ConnectionError:
            return  # whoever knocked has gone, and nothing was stored
        await _say(answer, request_id, send)

    async def open(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, request_id: str
    ) -> Answer:
        """Take a provider's request.

        404 for an unknown channel, 403 for a bad signature, 400 for what this provider would never
        send, 413 for a body over 1 MB, 503 while the database is away (so that the provider tries
        again), else what the provider expects, once the request is stored. ConnectionError when
        the client goes away in the middle of its request.
        """
        if scope["method"] not in METHODS:
            return NOT_ALLOWED
        channel_id = channel_of(scope["path"])
        if channel_id is None:
            return UNKNOWN_CHANNEL
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > BODY_LIMIT:
            return TOO_LARGE
        body = await read_body(receive, BODY_LIMIT)
        if body is None:
            return TOO_LARGE
        if length.isdecimal() and int(length) != len(body):
            return INCOMPLETE
        query = scope["query_string"].decode("latin1")
        request = webhook_request(scope["method"], scope["path"], query, headers, body)
        knock = Knock(channel_id, request, request_id)
        await self._let_in(knock)
        return knock.answer or TRY_AGAIN

    async def _let_in(self, knock: Knock) -> None:
        glance(knock)
        try:
            if knock.answer is None:
                await self.hall.join(knock)
        except Exception as error:
            logger.error("webhook not let in", request_id=knock.request_id, exc_info=error)

    async def _admit(self, knocks: Sequence[Knock]) -> None:
        """Those that are found right at a glance on the loop, the others in a thread."""
        await self.lane.store([knock.arrival for knock in knocks if knock.arrival is not None])
        for knock in knocks:
            conclude(knock)
        rest = [knock for knock in knocks if knock.answer is None]
        if rest:
            await asyncio.get_running_loop().run_in_executor(self.thread, admit, rest)
        if any(knock.stored for knock in knocks):
            self.bell.ring()


@csrf_exempt
def webhook(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    """The door as a view, for its URL, and for whoever calls Django without the server."""
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    answer = _answer_now(request, channel_id, request_id)
    return HttpResponse(
        answer.body,
        status=answer.status,
        content_type=answer.content_type,
        headers=dict(answer.headers),
    )


def _answer_now(request: HttpRequest, channel_id: UUID, request_id: str) -> Answer:
    if request.method not in METHODS:
        return NOT_ALLOWED
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_LIMIT:
        return TOO_LARGE
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.META.get("QUERY_STRING", "")
    taken = webhook_request(request.method, request.path, query, headers, request.body)
    knock = Knock(channel_id, taken, request_id)
    glance(knock)
    admit([knock])
    if knock.stored:
        wake_drain()
    return knock.answer or TRY_AGAIN


def channel_of(path: str) -> UUID | None:
    """The channel a webhook's path names; None when it names none."""
    try:
        return UUID(path[len(PREFIX) :].rstrip("/"))
    except ValueError:
        return None


def webhook_request(
    method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> WebhookRequest:
    """The request as adapters know it; the URL is built from PUBLIC_URL, never from Host."""
    url = settings.PUBLIC_URL + path
    return WebhookRequest(
        method=method,
        url=f"{url}?{query}" if query else url,
        headers=headers,
        body=body,
        received_at=timezone.now(),
    )


async def _say(answer: Answer, request_id: str, send: Send) -> None:
    body = answer.body.encode()
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.encode()),
        *((name.lower().encode(), value.encode()) for name, value in answer.headers.items()),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
