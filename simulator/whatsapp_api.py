"""A look-alike of WhatsApp's Cloud API, as far as the product uses it."""

import asyncio
from typing import Any

import orjson
from aiohttp import web

from simulator import whatsapp_checks as checks
from simulator import whatsapp_words as words
from simulator.bodies import answer
from simulator.carrier import Carrier
from simulator.faults import happens
from simulator.identities import number_of
from simulator.lines import Line, Lines
from simulator.twilio_calls import Handler, cut_off, whole
from simulator.whatsapp_network import WhatsAppNetwork
from simulator.whatsapp_templates import Templates
from simulator.whatsapp_words import PROVIDER, Json, Refused
from simulator.world import Message, Shown, new_sid

FAULTS = (
    ("rate_429", 130429),
    ("rate_500", 1),
    ("rate_503", 131016),
    ("rate_credentials", 190),
)


class WhatsAppApi:
    """``/whatsapp/<version>/…`` and the files' own place, ``/whatsapp/file/<id>``."""

    def __init__(self, carrier: Carrier, network: WhatsAppNetwork, lines: Lines) -> None:
        self.carrier = carrier
        self.world = carrier.world
        self.network = network
        self.lines = lines
        self.templates = Templates(carrier, lines)

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        node = rf"/{PROVIDER}/{{version:v\d+\.\d+}}/{{node}}"
        return [
            web.post(f"{node}/messages", self.guarded(self.post)),
            web.get(f"{node}/message_templates", self.guarded(self.list)),
            web.post(f"{node}/message_templates", self.guarded(self.create)),
            web.delete(f"{node}/message_templates", self.guarded(self.delete)),
            web.get(f"/{PROVIDER}/file/{{id}}", self.guarded(self.file)),
            web.get(node, self.guarded(self.node)),
            web.route("*", f"/{PROVIDER}/{{rest:.*}}", self.guarded(self.nowhere)),
        ]

    def guarded(self, handler: Handler) -> Handler:
        """A handler behind the fault knobs and the token; what it refuses becomes an answer."""

        async def handle(request: web.Request) -> web.StreamResponse:
            faults = self.carrier.faults_of(PROVIDER)
            try:
                if happens(faults.drop_connection):
                    cut_off(request)
                    raise Refused(131016)
                for name, code in FAULTS:
                    if happens(getattr(faults, name)):
                        await asyncio.sleep(faults.latency_ms / 1000)
                        raise Refused(code)
                return await handler(request)
            except Refused as refused:
                status, body = words.error(refused)
                return answer(body, status)

        return handle

    # --- Messages ---------------------------------------------------------------------------------

    async def post(self, request: web.Request) -> web.StreamResponse:
        """A message, or a sign of life."""
        line = await self._line(request)
        body = await read_object(request)
        if body.get("status") == "read":
            return answer(self._signal(line, body))
        if body.get("type") == "reaction":
            return answer(self._reaction(line, body))
        message, free, marketing = self._message(line, body)
        self.network.accept(message, free=free, marketing=marketing)
        faults = self.carrier.faults_of(PROVIDER)
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if happens(faults.drop_after_accept):
            cut_off(request)
        return answer(words.accepted(message))

    def _message(self, line: Line, body: Json) -> tuple[Message, bool, bool]:
        """The message, whether it is free text, and whether it is marketing."""
        if body.get("messaging_product") != "whatsapp":
            raise Refused(100, "messaging_product must be whatsapp.")
        to, kind = _recipient(body), checks.check(body)
        if to == line.address:
            raise Refused(131021)
        text, marketing = checks.in_words(body, kind), False
        if kind == "template":
            row = self.templates.approved(line.account, body["template"])
            text = self.templates.text(row, body["template"])
            marketing = row["category"] == "MARKETING"
        place = body.get("location") or {}
        message = Message(
            sid=f"wamid.{new_sid('')}",
            provider=PROVIDER,
            account=line.account,
            direction="outbound",
            sender=line.address,
            to=to,
            body=text,
            phone=self.world.phone(to),
            line=line.address,
            status="accepted",
            service=line.service,
            callback=line.webhook_url,
            token=line.token,
            reference=str(body.get("biz_opaque_callback_data") or ""),
            content=body,
            shown=checks.shown(body, kind),
            location=(place["latitude"], place["longitude"]) if kind == "location" else None,
        )
        return message, kind != "template", marketing

    def _reaction(self, line: Line, body: Json) -> Json:
        """We give a message an emoji; it shows with that message and is none of its own."""
        said = body.get("reaction")
        given = said if isinstance(said, dict) else {}
        about = self.world.by_sid.get(str(given.get("message_id")))
        if about is None or about.line != line.address:
            raise Refused(131009, "message_id is not valid.")
        kind = f"reaction {given.get('emoji', '')}"
        self.world.signals.append(
            Shown(PROVIDER, line.address, about.phone.number, kind, about.sid)
        )
        return {
            "messaging_product": "whatsapp",
            "messages": [{"id": f"wamid.{new_sid('')}"}],
        }

    def _signal(self, line: Line, body: Json) -> Json:
        message = self.world.by_sid.get(str(body.get("message_id")))
        if message is None or message.direction != "inbound" or message.line != line.address:
            raise Refused(131009, "message_id is not valid.")
        typing = isinstance(body.get("typing_indicator"), dict)
        kind = "typing_indicator" if typing else "read"
        person, sid = message.phone, message.sid
        self.world.signals.append(Shown(PROVIDER, line.address, person.number, kind, sid))
        message.status = "read"
        self.world.show(message)
        if typing:
            event = {"type": "typing", "phone": person.number, "line": line.address}
            self.world.publish(person, event)
        return {"success": True}

    # --- The account ------------------------------------------------------------------------------

    async def node(self, request: web.Request) -> web.StreamResponse:
        """A file's place, or a number. One that no channel has is the number itself."""
        identity = request.match_info["node"]
        if identity in self.network.files:
            check_token(request, None)
            url = str(request.url.origin().with_path(f"/{PROVIDER}/file/{identity}"))
            return answer({"url": url, "id": identity, "messaging_product": "whatsapp"})
        line = await self.lines.find(PROVIDER, identity)
        check_token(request, line)
        if line is None and not identity.isdecimal():
            raise Refused(33, f"Object with ID '{identity}' does not exist.")
        number = line.address if line else f"+{identity}"
        name = line.name if line else "Simulated business"
        found = {"display_phone_number": number, "verified_name": name, "quality_rating": "GREEN"}
        return answer(found | {"id": identity})

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A customer's file; like Meta, only for who shows a token."""
        check_token(request, None)
        url = self.network.files.get(request.match_info["id"])
        if url is None:
            raise web.HTTPNotFound
        kept = self.carrier.media.files.get(request.match_info["id"])
        if kept is None:
            raise web.HTTPFound(url)
        return web.Response(body=kept.data, headers={"Content-Type": kept.content_type})

    async def list(self, request: web.Request) -> web.StreamResponse:
        """A page of the account's templates."""
        account = await self._account(request)
        limit = whole(request.query.get("limit"), 25, 1, 1_000)
        return answer(self.templates.page(account, limit, request.query.get("after", "")))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """A template to review."""
        account = await self._account(request)
        return answer(self.templates.create(account, await read_object(request)))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """A template that nobody wants any more."""
        account = await self._account(request)
        name, identity = request.query.get("name", ""), request.query.get("hsm_id", "")
        return answer(self.templates.delete(account, name, identity))

    async def nowhere(self, request: web.Request) -> web.StreamResponse:
        """Anything else."""
        raise Refused(100, f"Unsupported request: {request.method} {request.path}")

    async def _line(self, request: web.Request) -> Line:
        identity = request.match_info["node"]
        line = await self.lines.find(PROVIDER, identity)
        check_token(request, line)
        if line is None:
            raise Refused(33, f"Object with ID '{identity}' does not exist.")
        return line

    async def _account(self, request: web.Request) -> str:
        account = request.match_info["node"]
        line = next((one for one in self._lines() if one.account == account), None)
        if line is None:
            await self.lines.refresh()
            line = next((one for one in self._lines() if one.account == account), None)
        check_token(request, line)
        return account

    def _lines(self) -> Any:
        return (line for line in self.lines.all if line.provider == PROVIDER)


def check_token(request: web.Request, line: Line | None) -> None:
    """The channel's token; any for what no channel has, unless it says that it is wrong."""
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token or token.startswith("wrong"):
        raise Refused(190, "The access token could not be decrypted.")
    if line is not None and token not in line.tokens:
        raise Refused(190, "The access token belongs to another account.")


async def read_object(request: web.Request) -> Json:
    """The JSON object of the body."""
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refused(100, "The body must be a JSON object.")
    return body


def _recipient(body: Json) -> str:
    """A phone number (``to``) or a user id (``recipient``); the former counts where both are."""
    to, user = body.get("to"), body.get("recipient")
    if isinstance(to, str) and to.strip("+").isdecimal():
        return f"+{to.strip('+')}"
    if isinstance(user, str) and user:
        return number_of(PROVIDER, user)
    raise Refused(131008, "The parameter to is required.")
