"""Calls of X's API: whose they are, and how they are refused."""

import asyncio
import base64
import binascii
from typing import Any

import orjson
from aiohttp import web

from simulator import x_words as words
from simulator.bodies import answer
from simulator.carrier import Carrier
from simulator.faults import happens
from simulator.lines import Line, Lines
from simulator.twilio_calls import Handler, cut_off
from simulator.x_network import PROVIDER

FAULTS = (
    ("rate_429", "too_many_requests"),
    ("rate_500", "internal"),
    ("rate_503", "unavailable"),
    ("rate_credentials", "unauthorized"),
)
# Whose call it is: the account's id and handle, and its line if a channel has it.
ACCOUNT = web.RequestKey("x-account", str)
HANDLE = web.RequestKey("x-handle", str)
LINE: "web.RequestKey[Line | None]" = web.RequestKey("x-line", object)  # type: ignore[arg-type]
BEARER = "Bearer app-"


class Refused(Exception):
    """The call is answered with one of X's problems."""

    def __init__(self, name: str, about: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.about = about


class Guard:
    """Stands before every call: the fault knobs, and who is calling."""

    def __init__(self, carrier: Carrier, lines: Lines) -> None:
        self.carrier = carrier
        self.lines = lines

    def signed(self, handler: Handler) -> Handler:
        """For the account's own calls, signed by OAuth 1.0a."""
        return self._guarded(handler, self._check_signature)

    def app(self, handler: Handler) -> Handler:
        """For its app's calls, with a bearer token."""
        return self._guarded(handler, self._check_bearer)

    def open(self, handler: Handler) -> Handler:
        """For everything else."""
        return self._guarded(handler, None)

    def _guarded(self, handler: Handler, check: Any) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                await self._check_faults(request)
                if check is not None:
                    await check(request)
                return await handler(request)
            except Refused as refused:
                return refusal(refused)

        return handle

    async def _check_faults(self, request: web.Request) -> None:
        faults = self.carrier.faults_of(PROVIDER)
        if happens(faults.drop_connection):
            cut_off(request)
        for name, word in FAULTS:
            if happens(getattr(faults, name)):
                await asyncio.sleep(faults.latency_ms / 1000)
                raise Refused(word)

    async def _check_signature(self, request: web.Request) -> None:
        """By the keys of the channel; any for an account that no channel has yet."""
        fields = words.oauth_fields(request.headers.get("Authorization", ""))
        key, token = fields.get("oauth_consumer_key", ""), fields.get("oauth_token", "")
        own, _hyphen, rest = token.partition("-")
        if not own.isdecimal() or not rest or key.startswith("wrong") or rest.startswith("wrong"):
            raise Refused("unauthorized")
        line = await self.lines.find(PROVIDER, own)
        request[ACCOUNT], request[LINE] = own, line
        request[HANDLE] = line.address.lstrip("@") if line else rest[:15]
        if line is None:
            return
        known_key, secret, known_token, token_secret = line.keys
        right = words.oauth_signature(
            request.method, str(request.url), fields, (secret, token_secret)
        )
        if (key, token, fields.get("oauth_signature")) != (known_key, known_token, right):
            raise Refused("unauthorized")

    async def _check_bearer(self, request: web.Request) -> None:
        if not request.headers.get("Authorization", "").startswith(BEARER):
            raise Refused("unauthorized")

    async def token(self, request: web.Request) -> web.Response:
        """The app's token for its key and secret."""
        kind, _space, given = request.headers.get("Authorization", "").partition(" ")
        try:
            key, _colon, secret = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            key, secret = "", ""
        known = {line.keys[0]: line.keys[1] for line in self.lines.all if line.keys}
        if (
            kind != "Basic"
            or not key
            or key.startswith("wrong")
            or known.get(key, secret) != secret
        ):
            raise Refused("unauthorized")
        return answer({"token_type": "bearer", "access_token": f"app-{key}"})


def refusal(refused: Refused) -> web.Response:
    """A problem as X answers it."""
    status, body = words.problem(refused.name, refused.about)
    response = answer(body, status)
    if status == 429:
        response.headers["Retry-After"] = "1"
    return response


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object of the body."""
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise Refused("invalid", "body") from None
    if not isinstance(body, dict):
        raise Refused("invalid", "body")
    return body
