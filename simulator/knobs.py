"""Control calls: make the providers misbehave, see what was sent, let customers write."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from simulator.bodies import Body, Invalid, answer
from simulator.bots import BotNetwork
from simulator.carrier import Carrier, Said
from simulator.channel_lines import BUILDERS
from simulator.faults import as_dict, read_faults
from simulator.happenings import Eventful
from simulator.identities import number_of
from simulator.lines import Line, Lines
from simulator.rbm_network import RbmNetwork
from simulator.twilio_media import read_media
from simulator.world import APPS, Message, Phone, Shown, summary
from simulator.world import RCS as RCS_NETWORKS

PROVIDERS = list(BUILDERS)
RCS = "google_rcs"
MAIL = "email"
RCS_TEXT, SMS_TEXT, APP_TEXT, MAIL_TEXT = 3072, 1600, 10_000, 100_000


class Knobs:
    """``/faults``, ``/sent``, ``/signals``, ``/inbound`` and ``/phones``."""

    def __init__(
        self, carrier: Carrier, rcs: RbmNetwork, lines: Lines, smsc: Mapping[str, int]
    ) -> None:
        self.carrier = carrier
        self.rcs = rcs
        self.world = carrier.world
        self.lines = lines
        self.counts = smsc

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        return [
            web.get("/faults", self.faults),
            web.post("/faults", self.set_faults),
            web.get("/sent", self.sent),
            web.get("/signals", self.signals),
            web.post("/inbound", self.inbound),
            web.get("/smsc", self.smsc),
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

    async def signals(self, request: web.Request) -> web.Response:
        """What customers were shown beside messages, newest last; ``to`` narrows it."""
        to = request.query.get("to", "").strip()
        found = [one for one in self.world.signals if not to or one.to == to]
        return answer({"count": len(found), "signals": [as_shown(one) for one in found]})

    async def inbound(self, request: web.Request) -> web.Response:
        """A customer writes; answers the message's id and how the product took the webhook."""
        body = Body(await request.read())
        provider = body.choice("provider", PROVIDERS)
        name = body.text("channel_address", limit=320)
        sender = number_of(provider, body.text("from", limit=320).strip())
        if provider == "x" and body.flag("public", default=False):
            name = f"{name.strip()} (public)"
        network = self.carrier.eventful.get(provider)
        if network is not None and body.value.get("event") is not None:
            return await self._happened(body, network, provider, name.strip(), sender)
        known = await self.lines.find(provider, name.strip())
        mail = provider == MAIL
        said = read_said(body, request, longest(self.carrier, provider, known), mail=mail)
        body.finish(strict=False)
        line = known or await self._line(provider, name.strip())
        sender = number_of(provider, sender)
        is_new = sender not in self.world.phones
        phone = self.world.phone(sender)
        phone.rcs = phone.rcs or (is_new and line.agent is not None)
        message, status = await self.carrier.networks[line.network].write(line, phone, said)
        return answer({"sid": message.sid, "webhook_status": status})

    async def _happened(
        self, body: Body, network: Eventful, provider: str, name: str, sender: str
    ) -> web.Response:
        kind = body.choice("event", list(network.events))
        body.finish(strict=False)
        line = await self._line(provider, name)
        phone = self.world.phone(number_of(provider, sender))
        sid, status = await network.happen(line, phone, kind, body)
        return answer({"sid": sid, "webhook_status": status})

    async def _line(self, provider: str, name: str) -> Line:
        line = await self.lines.find(provider, name)
        if line is None:
            raise Invalid({"channel_address": f"No channel of {provider} has the address {name}."})
        return line

    async def smsc(self, request: web.Request) -> web.Response:
        """What happened at the SMSC since the start."""
        return answer(dict(self.counts))

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
        code = body.number("error_code", low=0, high=999_999, default=known.error_code)
        body.finish()
        phone = self.world.phone(number)
        phone.name, phone.rcs, phone.error_code, phone.pinned = name, rcs, int(code), True
        self.carrier.switch(phone, online=online)
        return answer(summary(phone))


def longest(carrier: Carrier, provider: str, line: Line | None) -> int:
    """How long a text can be where customers tap and share places; 0 where they do neither."""
    network = carrier.networks.get(provider)
    if isinstance(network, BotNetwork):
        return network.longest
    if provider in APPS:
        return APP_TEXT
    return RCS_TEXT if provider == RCS or bool(line and line.agent) else 0


def read_said(body: Body, request: web.Request, limit: int, *, mail: bool = False) -> Said:
    """What a customer says: text, files, with a ``limit`` (``longest``) a tap or a place, by mail a
    subject.
    """
    taps = bool(limit)
    said = Said(
        text=body.text("text", default="", limit=MAIL_TEXT if mail else limit or SMS_TEXT),
        media=read_media(body),
        origin=str(request.url.origin()),
        sid=body.text("sid", default="", limit=64),
        payload=body.text("payload", default="", limit=2048) or None if taps else None,
        action=body.flag("action", default=False) if taps else False,
        location=read_place(body) if taps else None,
        reply_to=body.text("reply_to", default="", limit=255) if taps else "",
        mail=read_mail(body) if mail else None,
    )
    if (
        said == Said(sid=said.sid, origin=said.origin, reply_to=said.reply_to)
        and not {"text", "media", "location"} & body.errors.keys()
    ):
        body.errors["text"] = "Write a text, or add media."
    return said


def read_mail(body: Body) -> dict[str, Any] | None:
    """What only mail has: a subject, the Message-ID it answers (empty: none), or a raw mail."""
    body.read |= {"subject", "in_reply_to", "raw"}
    given = {
        name: value
        for name in ("subject", "in_reply_to", "raw")
        if isinstance(value := body.value.get(name), str)
    }
    if "raw" in given:
        return {**given, "raw": given["raw"].encode("utf-8", "surrogateescape")}
    return given or None


def read_place(body: Body) -> tuple[float, float] | None:
    """A place: ``{"latitude", "longitude"}`` in degrees."""
    body.read.add("location")
    value = body.value.get("location")
    if value is None:
        return None
    place = value if isinstance(value, dict) else {}
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        return float(latitude), float(longitude)
    body.errors["location"] = "A place needs latitude and longitude."
    return None


def as_shown(one: Shown) -> dict[str, Any]:
    """A signal; ``type`` in the provider's word, ``message`` what was read."""
    return {
        "provider": one.provider,
        "from": one.sender,
        "to": one.to,
        "type": one.kind,
        "message": one.about or None,
        "at": one.at,
    }


def as_sent(message: Message) -> dict[str, Any]:
    """An accepted message; ``at`` is when it was accepted, in Unix seconds.

    ``displayed`` says whether its phone has ever shown it, exactly: whatever is withdrawn, repeated
    or crosses, a message is shown once or not at all.
    """
    return {
        "sid": message.sid,
        "provider": message.provider,
        "rcs": message.network in RCS_NETWORKS,
        "to": message.to,
        "from": message.sender,
        "messaging_service_sid": message.service or None,
        "body": message.body,
        "media": [url for url, _kind in message.media],
        "at": message.at,
        "status": message.status,
        "error_code": message.error_code or None,
        "status_callback": message.callback,
        "state": message.status,
        "displayed": bool(message.displayed_at),
        "displayed_at": message.displayed_at or None,
        "withdrawn_at": message.withdrawn_at or None,
        "content": message.content,
        "traffic": message.traffic or None,
        "mail": message.mail,
    }
