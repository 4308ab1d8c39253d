"""The one door in: verify, store, answer. What the request means is found out afterwards.

Providers have no session, no language and no cookies, and are told from others by their signature.
So the door stands before Django, and takes a request straight from the server's event loop: a
thousand that are under way cost no thread, and those that arrive side by side share one INSERT.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from gateway.admission import TRY_AGAIN, UNKNOWN_CHANNEL, Answer, Knock, admit, conclude, glance
from gateway.asgi import Application, Receive, Scope, Send, headers_of, read_body
from gateway.bell import Bell
from gateway.contract import BODY_LIMIT, WebhookRequest
from gateway.inbound import DRAIN, wake_drain
from gateway.known import read_anew, remembered
from gateway.lane import Lane
from gateway.shared_door import Call, SharedDoor, find, shared_door, verdict
from gateway.together import Together
from gateway.wake import wake_now

logger = structlog.get_logger(__name__)

PREFIX = "/webhooks/"
METHODS = ("GET", "POST")
# Requests over the usual limit that are taken at once: each lies in memory as a whole.
MOST_LARGE = 4

NOT_ALLOWED = Answer(405, headers={"Allow": ", ".join(METHODS)})
TOO_LARGE = Answer(413, "Too large.")
# At a shared door the request itself says which channels it is for.
NOBODY = UUID(int=0)
INCOMPLETE = Answer(400, "The body is incomplete.")


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that is being read: whose it is, and how many bytes it may have."""

    channel_id: UUID
    limit: int
    request_id: str
    shared: SharedDoor | None


class Door:
    """An ASGI application that takes webhooks and leaves everything else to ``pages``."""

    def __init__(self, pages: Application, identify: Callable[[str], str]) -> None:
        self.pages = pages
        self.identify = identify
        self.hall: Together[Knock] = Together(self._admit)
        self.porch: Together[Call] = Together(self._find)
        self.lane = Lane()
        self.bell = Bell(partial(wake_now, DRAIN))
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="door")
        self.large = 0  # requests over BODY_LIMIT that are under way

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
        send, 413 for a body over 1 MB (or what the kind takes), 503 while the database is away or
        too many large ones come at once (so that the provider tries again), else what the provider
        expects, once the request is stored. ConnectionError when the client goes away in the middle
        of its request.
        """
        if scope["method"] not in METHODS:
            return NOT_ALLOWED
        shared = shared_of(scope["path"])
        channel_id = NOBODY if shared else channel_of(scope["path"])
        if channel_id is None:
            return UNKNOWN_CHANNEL
        length = headers.get("content-length", "")
        limit = BODY_LIMIT
        if length.isdecimal() and int(length) > BODY_LIMIT:
            limit = await self._limit(channel_id)
            if int(length) > limit:
                return TOO_LARGE
            if self.large >= MOST_LARGE:
                return TRY_AGAIN
        large = limit > BODY_LIMIT
        self.large += large
        try:
            taken = Taken(channel_id, limit, request_id, shared)
            return await self._take(scope, headers, receive, taken)
        finally:
            self.large -= large

    async def _take(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, taken: "Taken"
    ) -> Answer:
        length = headers.get("content-length", "")
        body = await read_body(receive, taken.limit)
        if body is None:
            return TOO_LARGE
        if length.isdecimal() and int(length) != len(body):
            return INCOMPLETE
        query = scope["query_string"].decode("latin1")
        request = webhook_request(scope["method"], scope["path"], query, headers, body)
        if taken.shared is not None:
            return await self._call(Call(taken.shared, request, taken.request_id))
        knock = Knock(taken.channel_id, request, taken.request_id)
        await self._let_in(knock)
        return knock.answer or TRY_AGAIN

    async def _call(self, call: Call) -> Answer:
        """Let a request in for each of the channels it concerns."""
        try:
            await self.porch.join(call)
        except Exception as error:
            logger.error("webhook not let in", request_id=call.request_id, exc_info=error)
            return TRY_AGAIN
        await asyncio.gather(*map(self._let_in, call.knocks))
        return verdict(call)

    async def _find(self, calls: Sequence[Call]) -> None:
        await asyncio.get_running_loop().run_in_executor(self.thread, find, calls)

    async def _limit(self, channel_id: UUID) -> int:
        """How much the channel's provider may post; as usual where nobody knows the channel."""
        if remembered(channel_id) is None:
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(self.thread, read_anew, [channel_id])
            except DatabaseError as error:
                logger.error("channel not read", channel=str(channel_id), exc_info=error)
        return body_limit(channel_id)

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
    return _as_response(_answer_now(request, channel_id))


@csrf_exempt
def shared_webhook(request: HttpRequest, name: str) -> HttpResponse:
    """The same for a provider with one address for all of an app's channels."""
    taken = _taken(request)
    return _as_response(
        taken if isinstance(taken, Answer) else _called_now(shared_door(name), taken)
    )


def _answer_now(request: HttpRequest, channel_id: UUID) -> Answer:
    taken = _taken(request, channel_id)
    if isinstance(taken, Answer):
        return taken
    knock = Knock(channel_id, taken, _request_id())
    _admit_now([knock])
    return knock.answer or TRY_AGAIN


def _called_now(door: SharedDoor, taken: WebhookRequest) -> Answer:
    call = Call(door, taken, _request_id())
    find([call])
    _admit_now(call.knocks)
    return verdict(call)


def _admit_now(knocks: Sequence[Knock]) -> None:
    for knock in knocks:
        glance(knock)
    admit(knocks)
    if any(knock.stored for knock in knocks):
        wake_drain()


def _taken(request: HttpRequest, channel_id: UUID = NOBODY) -> WebhookRequest | Answer:
    """The request as adapters know it, or why it is none."""
    if request.method not in METHODS:
        return NOT_ALLOWED
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > BODY_LIMIT:
        if remembered(channel_id) is None:
            read_anew([channel_id])
        if length > body_limit(channel_id):
            return TOO_LARGE
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.META.get("QUERY_STRING", "")
    return webhook_request(request.method, request.path, query, headers, request.body)


def _request_id() -> str:
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def _as_response(answer: Answer) -> HttpResponse:
    return HttpResponse(
        answer.body,
        status=answer.status,
        content_type=answer.content_type,
        headers=dict(answer.headers),
    )


def body_limit(channel_id: UUID) -> int:
    """How large a request may be, by what this process remembers of the channel."""
    channel = remembered(channel_id)
    return channel.adapter.body_limit if channel is not None else BODY_LIMIT


def channel_of(path: str) -> UUID | None:
    """The channel a webhook's path names; None when it names none."""
    try:
        return UUID(path[len(PREFIX) :].rstrip("/"))
    except ValueError:
        return None


def shared_of(path: str) -> SharedDoor | None:
    """The shared door that a webhook's path names; None when it names none."""
    name = path[len(PREFIX) :].rstrip("/")
    return shared_door(name) if name in settings.GATEWAY_SHARED_DOORS else None


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
