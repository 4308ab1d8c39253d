"""The made-up provider that stands in for whatever a generic HTTP channel is connected to."""

import asyncio
from typing import Any

import orjson
from aiohttp import web

from simulator import http_words as words
from simulator.bodies import answer
from simulator.carrier import Carrier
from simulator.faults import happens
from simulator.lines import Lines
from simulator.twilio_calls import Handler, cut_off
from simulator.twilio_words import PHONE
from simulator.world import Message, new_sid

PROVIDER = "http"
FAULTS = (
    ("rate_429", "too_many_requests"),
    ("rate_500", "internal"),
    ("rate_503", "unavailable"),
    ("rate_credentials", "unauthorized"),
)


class Refused(Exception):
    """The call is answered with one of the provider's errors."""

    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.about = about


class HttpApi:
    """``POST /http/v1/messages`` and ``GET /http/v1/account``."""

    def __init__(self, carrier: Carrier, lines: Lines) -> None:
        self.carrier = carrier
        self.world = carrier.world
        self.lines = lines

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        return [
            web.post(f"/{PROVIDER}/v1/messages", self.guarded(self.send)),
            web.get(f"/{PROVIDER}/v1/account", self.guarded(self.account)),
            web.route("*", f"/{PROVIDER}/{{rest:.*}}", self.guarded(self.nowhere)),
        ]

    def guarded(self, handler: Handler) -> Handler:
        """A handler behind the fault knobs and the key; what it refuses becomes an answer."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                await self._check_faults()
                check_key(request)
                return await handler(request)
            except Refused as refused:
                return refusal(refused)

        return handle

    async def _check_faults(self) -> None:
        faults = self.carrier.faults_of(PROVIDER)
        for name, code in FAULTS:
            if happens(getattr(faults, name)):
                await asyncio.sleep(faults.latency_ms / 1000)
                raise Refused(code)

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Take a message to send."""
        message = await self._message(await read_object(request))
        self.carrier.accept(message)
        faults = self.carrier.faults_of(PROVIDER)
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if happens(faults.drop_after_accept):
            cut_off(request)
        return answer(words.accepted(message), 201)

    async def _message(self, body: dict[str, Any]) -> Message:
        to, sender, text = (required(body, name) for name in ("to", "from", "text"))
        if not PHONE.fullmatch(to):
            raise Refused("invalid", "to")
        line = await self.lines.find(PROVIDER, sender)
        return Message(
            sid=new_sid("msg-"),
            provider=PROVIDER,
            account="",
            direction="outbound",
            sender=sender,
            to=to,
            body=text,
            phone=self.world.phone(to),
            line=sender,
            status="accepted",
            callback=str(body.get("callback") or ""),
            token=line.token if line else "",
            reference=str(body.get("reference") or ""),
            validity_s=optional_seconds(body, "validity"),
        )

    async def account(self, request: web.Request) -> web.StreamResponse:
        """The account itself."""
        return answer({"account": {"name": "Simulated account", "status": "active"}})

    async def nowhere(self, request: web.Request) -> web.StreamResponse:
        """Anything else."""
        raise Refused("not_found", request.path.removeprefix(f"/{PROVIDER}"))


def check_key(request: web.Request) -> None:
    """Any bearer key will do, unless it says that it is wrong."""
    kind, _space, key = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key or key.startswith("wrong"):
        raise Refused("unauthorized")


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object of the body."""
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise Refused("invalid", "body") from None
    if not isinstance(body, dict):
        raise Refused("invalid", "body")
    return body


def required(body: dict[str, Any], name: str) -> str:
    """A text that may not be missing."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused("invalid", name)
    return value


def optional_seconds(body: dict[str, Any], name: str) -> int | None:
    """A whole number of seconds, also as a text; None where there is none."""
    value = body.get(name)
    if value is None:
        return None
    if not str(value).isdecimal():
        raise Refused("invalid", name)
    return int(value)


def refusal(refused: Refused) -> web.Response:
    """An error as the provider answers it."""
    status, body = words.error(refused.code, refused.about)
    response = answer(body, status)
    if status == 429:
        response.headers["Retry-After"] = "1"
    return response
