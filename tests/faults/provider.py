"""A provider on loopback that behaves as badly as a test wants, and remembers everything.

It speaks Twilio's Messages API over real HTTP. Each sender (a channel's number) has a ``habit``,
and a ``plan`` of behaviours that are used up first. What it accepts it lists when asked, and can
report on with signed status webhooks. Doubles are counted by our delivery's uid, which the status
callback carries: the texts and recipients of two messages may be the same, their uids never are.
"""

import asyncio
import threading
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from tests import builders
from tests.faults.door import Poster
from tests.gateway import twilio

PATH = "/twilio/2010-04-01/Accounts/{account}/Messages.json"


@dataclass(slots=True)
class Send:
    """One request to send; ``sid`` once the provider has taken the message on."""

    uid: uuid.UUID
    sender: str
    to: str
    text: str
    callback: str
    at: float
    accepted_at: datetime | None = None
    sid: str = ""


Behaviour = Callable[["Provider", Send, web.Request], Awaitable[web.StreamResponse]]


class Provider:
    """Used as a context manager; serves from a thread of its own."""

    def __init__(self) -> None:
        self.sends: list[Send] = []
        self.taken: list[Send] = []
        self.questions = 0
        self.plan: dict[str, deque[Behaviour]] = defaultdict(deque)
        self.habit: dict[str, Behaviour] = {}
        self.port = 0
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """What SIMULATOR_URL shall be."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.thread.start()
        self.ready.wait(10)
        return self

    def __exit__(self, *details: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    # --- What tests ask -----------------------------------------------------------------------

    def accepted(self) -> Counter[uuid.UUID]:
        """How often each message was accepted; more than once is a double to a customer."""
        return Counter(send.uid for send in list(self.taken))

    def accepted_of(self, sender: str) -> list[Send]:
        """What was accepted from one sender, in order."""
        return [send for send in list(self.taken) if send.sender == sender]

    def sends_of(self, sender: str) -> list[Send]:
        """Every request of one sender, accepted or not."""
        return [send for send in list(self.sends) if send.sender == sender]

    def report(self, send: Send, word: str) -> int:
        """Post a signed status webhook about an accepted message; returns what the door says."""
        parts = urlsplit(send.callback)
        fields = twilio.status_fields(send.sid, word, To=send.to, From=send.sender)
        with Poster(f"{parts.scheme}://{parts.netloc}", parts.path.split("/")[2]) as poster:
            return poster.post(fields, query=parts.query)

    def take(self, send: Send) -> str:
        """Accept a message for good, whatever is answered; its id."""
        send.sid, send.accepted_at = twilio.sid(), datetime.now(UTC)
        self.taken.append(send)
        return send.sid

    def close(self) -> None:
        """Refuse connections from now on; those that are open are cut."""
        asyncio.run_coroutine_threadsafe(self._deafen(), self.loop).result(10)

    def open(self) -> None:
        """Take connections again, at the same address."""
        asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(10)

    # --- The server ---------------------------------------------------------------------------

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        app = web.Application()
        app.router.add_post(PATH, self._send)
        app.router.add_get(PATH, self._list)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self.runner = runner
        self.loop.run_until_complete(runner.setup())
        self.loop.run_until_complete(self._listen())
        self.ready.set()
        self.loop.run_forever()
        self.loop.run_until_complete(runner.cleanup())
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    async def _listen(self) -> None:
        site = web.TCPSite(self.runner, "127.0.0.1", self.port, backlog=1024)
        await site.start()
        self.port = self.runner.addresses[0][1]

    async def _deafen(self) -> None:
        for site in list(self.runner.sites):
            await site.stop()

    async def _send(self, request: web.Request) -> web.StreamResponse:
        fields = {name: values[0] for name, values in parse_qs(await request.text()).items()}
        callback = fields["StatusCallback"]
        uid = uuid.UUID(parse_qs(urlsplit(callback).query)["delivery"][0])
        send = Send(uid, fields["From"], fields["To"], fields["Body"], callback, monotonic())
        self.sends.append(send)
        planned = self.plan[send.sender]
        behave = planned.popleft() if planned else self.habit.get(send.sender, accept)
        return await behave(self, send, request)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.questions += 1
        found = [_entry(send) for send in reversed(self.taken) if send.to == request.query["To"]]
        return web.json_response({"messages": found, "next_page_uri": None})


def _entry(send: Send) -> dict[str, Any]:
    moment = send.accepted_at.strftime("%a, %d %b %Y %H:%M:%S +0000") if send.accepted_at else ""
    return {
        "sid": send.sid,
        "body": send.text,
        "to": send.to,
        "from": send.sender,
        "direction": "outbound-api",
        "status": "sent",
        "account_sid": builders.SID,
        "date_created": moment,
        "date_sent": moment,
    }


# --- Behaviours -------------------------------------------------------------------------------


async def accept(provider: Provider, send: Send, request: web.Request) -> web.StreamResponse:
    """Twilio took the message."""
    return web.json_response({"sid": provider.take(send), "status": "queued"}, status=201)


def refuse(status: int, code: int, **headers: str) -> Behaviour:
    """An error, and nothing accepted."""

    async def give(provider: Provider, send: Send, request: web.Request) -> web.StreamResponse:
        body = {"code": code, "message": f"Error {code}", "status": status}
        return web.json_response(body, status=status, headers=headers)

    return give


def slowly(seconds: float) -> Behaviour:
    """Accept at once, answer late."""

    async def give(provider: Provider, send: Send, request: web.Request) -> web.StreamResponse:
        answer = await accept(provider, send, request)
        await asyncio.sleep(seconds)
        return answer

    return give


def never_answer(*, accepting: bool) -> Behaviour:
    """Take the request, with or without the message in it, and say nothing for ever."""

    async def give(provider: Provider, send: Send, request: web.Request) -> web.StreamResponse:
        if accepting:
            provider.take(send)
        await asyncio.sleep(3600)
        return web.Response()

    return give


def hang_up(*, accepting: bool) -> Behaviour:
    """Cut the connection after the request was read."""

    async def give(provider: Provider, send: Send, request: web.Request) -> web.StreamResponse:
        if accepting:
            provider.take(send)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    return give


def garbage(status: int, *, accepting: bool) -> Behaviour:
    """An answer that is none."""

    async def give(provider: Provider, send: Send, request: web.Request) -> web.StreamResponse:
        if accepting:
            provider.take(send)
        return web.Response(body=b"\x00<html>\xff{{{", status=status)

    return give


def report_first(word: str) -> Behaviour:
    """Report on the message before the answer that names it."""

    async def give(provider: Provider, send: Send, request: web.Request) -> web.StreamResponse:
        answer = await accept(provider, send, request)
        await asyncio.to_thread(provider.report, send, word)
        await asyncio.sleep(1)
        return answer

    return give
