"""A look-alike of Viber's Bot API, as far as the product uses it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from simulator import viber_words as words
from simulator.bodies import answer
from simulator.carrier import Carrier
from simulator.faults import Faults, happens
from simulator.lines import Line, Lines
from simulator.twilio_calls import cut_off
from simulator.viber_network import ViberNetwork
from simulator.viber_words import Wrong
from simulator.world import Message

PROVIDER = "viber"
FAULTS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("rate_429", words.problem(Wrong("tooManyRequests")), 200),
    ("rate_500", {}, 500),
    ("rate_503", {}, 503),
    ("rate_credentials", words.problem(Wrong("invalidAuthToken")), 200),
)
Method = Callable[[Line | None, str, dict[str, Any]], Awaitable[dict[str, Any]]]


class ViberApi:
    """``/viber/<method>``."""

    def __init__(self, carrier: Carrier, network: ViberNetwork, lines: Lines) -> None:
        self.carrier = carrier
        self.network = network
        self.world = carrier.world
        self.lines = lines
        self.methods: dict[str, Method] = {
            "send_message": self.send,
            "set_webhook": self.set_webhook,
            "get_account_info": self.account,
        }

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        return [web.route("*", f"/{PROVIDER}/{{method:.*}}", self.call)]

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Any method, behind the fault knobs and the token; what it refuses becomes an answer."""
        faults = self.carrier.faults_of(PROVIDER)
        for name, body, status in FAULTS:
            if happens(getattr(faults, name)):
                return answer(body, status)
        method = self.methods.get(request.match_info["method"])
        if method is None:
            return answer({}, 404)
        try:
            token = request.headers.get("X-Viber-Auth-Token", "")
            line = await self._line(token)
            found = answer(await method(line, token, await read_object(request)))
        except Wrong as wrong:
            return answer(words.problem(wrong))
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if request.match_info["method"] == "send_message" and happens(faults.drop_after_accept):
            cut_off(request)
        return found

    async def _line(self, token: str) -> Line | None:
        """Whose token it is. None for one that no channel has yet, so that it can be tried."""
        if not token or token.startswith("wrong"):
            raise Wrong("invalidAuthToken")
        if self._known(token) is None:
            await self.lines.refresh()
        return self._known(token)

    def _known(self, token: str) -> Line | None:
        own = (line for line in self.lines.all if line.provider == PROVIDER)
        return next((line for line in own if token in line.tokens), None)

    async def send(self, line: Line | None, token: str, body: dict[str, Any]) -> dict[str, Any]:
        """Take a message."""
        words.check(body)
        person = str(body["receiver"])
        phone = self.network.phone(person)
        if self.network.blocked(line, phone):
            raise Wrong("receiverNotSubscribed")
        if phone.error_code:
            return {"status": phone.error_code, "status_message": f"status {phone.error_code}"}
        place = body.get("location") or {}
        with_file = body.get("media") and body["type"] != "url"
        message = Message(
            sid=str(next(words.TOKENS)),
            provider=PROVIDER,
            account="",
            direction="outbound",
            sender=line.address if line else "",
            to=person,
            body=body.get("text") or body.get("alt_text") or "",
            phone=phone,
            line=line.address if line else "",
            status="sent",
            callback=line.webhook_url if line else "",
            token=token,
            media=((body["media"], ""),) if with_file else (),
            content=words.shown(body),
            location=(float(place["lat"]), float(place["lon"])) if place else None,
        )
        self.network.accept(message)
        taken = {"status": 0, "status_message": "ok", "chat_hostname": "SIMULATOR"}
        return taken | {"message_token": int(message.sid), "billing_status": 1}

    async def set_webhook(
        self, line: Line | None, token: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        """Call the address at once, and take it if it answers with 200."""
        url = str(body.get("url", ""))
        if not url.startswith(("https://", "http://")):
            raise Wrong("invalidUrl", url)
        letter = words.letter(words.callback("webhook"), token)
        status = await self.carrier.postman.post_once(url, letter, Faults())
        if status != 200:
            raise Wrong("invalidUrl", f"Result code: {status}")
        return {"status": 0, "status_message": "ok", "event_types": body.get("event_types", [])}

    async def account(self, line: Line | None, token: str, body: dict[str, Any]) -> dict[str, Any]:
        """The bot itself."""
        about = {"name": line.name, "uri": line.address} if line else {"name": "Simulated bot"}
        return {"status": 0, "status_message": "ok", "id": "pa:1", **about}


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object of the body."""
    try:
        found = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Wrong("badData", "body")
    return found
