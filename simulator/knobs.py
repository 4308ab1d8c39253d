"""Control calls: make the providers misbehave, see what was sent, let customers write."""

from typing import Any

from aiohttp import web

from simulator.bodies import Body, Invalid, answer
from simulator.carrier import Carrier
from simulator.faults import as_dict, read_faults
from simulator.lines import BUILDERS, Line, Lines
from simulator.twilio_media import read_media
from simulator.world import Message, Phone, summary

PROVIDERS = list(BUILDERS)


class Knobs:
    """``/faults``, ``/sent``, ``/inbound`` and ``/phones``."""

    def __init__(self, carrier: Carrier, lines: Lines) -> None:
        self.carrier = carrier
        self.world = carrier.world
        self.lines = lines

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        return [
            web.get("/faults", self.faults),
            web.post("/faults", self.set_faults),
            web.get("/sent", self.sent),
            web.post("/inbound", self.inbound),
            web.get("/phones", self.phones),
            web.post("/phones", self.set_phone),
        ]

    async def faults(self, request: web.Request) -> web.Response:
        """The knobs of every provider."""
        return answer({name: as_dict(self.carrier.faults_of(name)) for name in PROVIDERS})

    async def set_faults(self, request: web.Request) -> web.Response:
        """Set the knobs of a provider; what the body does not name is off."""
        body = Body(await request.read())
        provider = body.choice("provider", PROVIDERS)
        faults = read_faults(body)
        self.carrier.faults[provider] = faults
        return answer({"provider": provider, **as_dict(faults)})

    async def sent(self, request: web.Request) -> web.Response:
        """What was accepted, newest last. ``to`` narrows it, ``limit`` keeps the newest."""
        provider, to = request.query.get("provider", ""), request.query.get("to", "")
        if provider and provider not in PROVIDERS:
            raise Invalid({"provider": f"This must be one of: {', '.join(PROVIDERS)}."})
        limit = request.query.get("limit", "")
        if limit and not limit.isdecimal():
            raise Invalid({"limit": "This must be a whole number."})
        found = [
            message for message in self.world.sent(provider) if not to or message.to == to.strip()
        ]
        accepted = self.world.accepted
        count = accepted.get(provider, 0) if provider else sum(accepted.values())
        shown = found[-int(limit) :] if limit and int(limit) else found
        return answer({"count": count, "messages": [as_sent(message) for message in shown]})

    async def inbound(self, request: web.Request) -> web.Response:
        """A customer writes; answers the message's id and how the product took the webhook."""
        body = Body(await request.read())
        provider = body.choice("provider", PROVIDERS)
        name = body.text("channel_address", limit=320)
        sender = body.text("from", limit=64).strip()
        text, sid = (
            body.text("text", default="", limit=1600),
            body.text("sid", default="", limit=64),
        )
        media = read_media(body)
        if not text and not media and "text" not in body.errors:
            body.errors["text"] = "Write a text, or add media."
        body.finish(strict=False)
        line = await self._line(provider, name.strip())
        phone = self.world.phone(sender)
        message, status = await self.carrier.write(
            line, phone, text, media, sid, str(request.url.origin())
        )
        return answer({"sid": message.sid, "webhook_status": status})

    async def _line(self, provider: str, name: str) -> Line:
        line = await self.lines.find(provider, name)
        if line is None:
            raise Invalid({"channel_address": f"No channel of {provider} has the address {name}."})
        return line

    async def phones(self, request: web.Request) -> web.Response:
        """The phones that are listed."""
        return answer({"phones": [summary(phone) for phone in self.world.listed()]})

    async def set_phone(self, request: web.Request) -> web.Response:
        """Say what a phone can do; it is made when it is new. What is not named stays."""
        body = Body(await request.read())
        number = body.text("number", limit=64).strip()
        known = self.world.phones.get(number) or Phone(number)
        name = body.text("name", default=known.name, limit=100)
        online = body.flag("online", default=known.online)
        rcs = body.flag("rcs", default=known.rcs)
        code = body.number("error_code", low=0, high=99_999, default=known.error_code)
        body.finish()
        phone = self.world.phone(number)
        phone.name, phone.rcs, phone.error_code, phone.pinned = name, rcs, int(code), True
        self.carrier.switch(phone, online=online)
        return answer(summary(phone))


def as_sent(message: Message) -> dict[str, Any]:
    """An accepted message; ``at`` is when it was accepted, in Unix seconds."""
    return {
        "sid": message.sid,
        "provider": message.provider,
        "to": message.to,
        "from": message.sender,
        "messaging_service_sid": message.service or None,
        "body": message.body,
        "media": [url for url, _kind in message.media],
        "at": message.at,
        "status": message.status,
        "error_code": message.error_code or None,
        "status_callback": message.callback,
    }
