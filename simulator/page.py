"""The customers' phones as a page, and the stream of what happens on them."""

import asyncio
import mimetypes
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from gateway.branding import text_on
from simulator.bodies import Body, Invalid, answer
from simulator.carrier import Carrier
from simulator.knobs import MAIL, RCS, longest, read_said
from simulator.lines import X_PUBLIC, Line, Lines
from simulator.rbm_network import RbmNetwork
from simulator.world import APPS, Listener, Phone, arrived, bubble, summary
from simulator.x_words import LAST

LANGUAGE_COOKIE = "simulator_language"
# What a page may open at once.
OPEN_LIMIT = 6
THREAD_LIMIT = 200
PAUSE_S = 0.25
HEARTBEAT_S = 15.0
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: http: https:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Page:
    """``/`` and what its script calls below ``/phone/``."""

    def __init__(self, carrier: Carrier, rcs: RbmNetwork, lines: Lines) -> None:
        self.carrier = carrier
        self.rcs = rcs
        self.world = carrier.world
        self.lines = lines

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        return [
            web.get("/", self.show),
            web.get("/static/{path:.+}", self.static),
            web.get("/phone/state", self.state),
            web.get("/phone/events", self.events),
            web.post("/phone/write", self.write),
            web.post("/phone/typing", self.typing),
            web.post("/phone/seen", self.seen),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """The page. ``?phone=`` (repeated) opens phones, ``?lang=`` switches the language."""
        language = language_of(request)
        context = {
            "language": language,
            "languages": [
                (code, translation.get_language_info(code)["name_local"].capitalize())
                for code, _name in settings.LANGUAGES
            ],
            "inbox_url": settings.PUBLIC_URL,
            "asked": asked(request),
        }
        with translation.override(language):
            html = render_to_string("simulator/phones.html", context)
        response = web.Response(text=html, content_type="text/html")
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Cache-Control"] = "no-store"
        if request.query.get("lang"):
            response.set_cookie(LANGUAGE_COOKIE, language, samesite="Lax", max_age=31_536_000)
        return response

    async def static(self, request: web.Request) -> web.StreamResponse:
        """The product's static files and our own, as they lie in the source."""
        found = static_file(request.match_info["path"])
        if found is None:
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
        headers = {"Content-Type": kind, "Cache-Control": "no-cache"}
        return web.FileResponse(found, headers=headers)

    async def state(self, request: web.Request) -> web.Response:
        """All the page shows: phones, lines, and the threads of the open phones."""
        await self.lines.refresh()
        opened = [self.world.phone(number) for number in asked(request)]
        for phone in opened:
            phone.pinned = True
        return answer(
            {
                "lines": [as_line(line, self.lines.all) for line in self.lines.all],
                "phones": [summary(phone) for phone in self.world.listed()],
                "threads": {phone.number: thread(phone) for phone in opened},
            }
        )

    async def write(self, request: web.Request) -> web.Response:
        """The person at the phone writes, sends files, taps or shares a place; its bubble."""
        body = Body(await request.read())
        line, phone = self._ends(body)
        limit = longest(self.carrier, line.provider, line) if line is not None else 0
        mail = line is not None and line.provider == MAIL
        said = read_said(body, request, limit, mail=mail)
        if line is not None and line.network == X_PUBLIC:
            said = replace(said, reply_to=LAST)
        body.finish()
        if line is None:
            raise Invalid({"line": "There is no such number."})
        if not phone.online or (line.agent and not phone.rcs):
            raise Invalid({"phone": "This phone is offline, or has no RCS."})
        phone = self.world.phone(phone.number)
        network = self.carrier.networks[line.network]
        message, _status = await network.write(line, phone, said)
        return answer(bubble(message))

    async def typing(self, request: web.Request) -> web.Response:
        """The person at the phone is writing; by RCS the business is told."""
        body = Body(await request.read())
        line, phone = self._ends(body)
        body.finish()
        by_rcs = line is not None and line.provider == RCS and phone.rcs
        if line is not None and phone.online and (by_rcs or line.network == "x"):
            network = self.carrier.eventful[line.provider]
            kind = "IS_TYPING" if by_rcs else "typing"
            self.carrier.postman.spawn(network.happen(line, phone, kind, Body(b"{}")))
        return answer({})

    def _ends(self, body: Body) -> tuple[Line | None, Phone]:
        number, name = body.text("phone", limit=64), body.text("line", limit=64)
        line = next((line for line in self.lines.all if line.channel == name), None)
        return line, self.world.phones.get(number) or Phone(number)

    async def seen(self, request: web.Request) -> web.Response:
        """The person has looked at the phone."""
        body = Body(await request.read())
        phone = self.world.phones.get(body.text("phone", limit=64))
        body.finish()
        if phone and phone.unread:
            phone.unread = 0
            for network in self.carrier.networks.values():
                network.seen(phone)
            self.world.publish(phone, {"type": "phone"})
        return answer({})

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: bubbles of the open phones, and what changes in the list."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        listener = Listener(asked(request))
        self.world.listeners.add(listener)
        try:
            await response.write(b"retry: 1000\n\nevent: ready\ndata: {}\n\n")
            await self._stream(response, listener)
        except ConnectionError:
            pass
        finally:
            self.world.listeners.discard(listener)
        return response

    async def _stream(self, response: web.StreamResponse, listener: Listener) -> None:
        quiet = 0.0
        while not listener.lost:
            events = await waiting_events(listener)
            touched, listener.touched = listener.touched, set()
            phones = [self.world.phones[n] for n in list(touched)[:50] if n in self.world.phones]
            if phones:
                events.append({"type": "phones", "phones": [summary(phone) for phone in phones]})
            quiet = 0.0 if events else quiet + PAUSE_S
            if events:
                await response.write(b"data: " + orjson.dumps(events) + b"\n\n")
            elif quiet >= HEARTBEAT_S:
                quiet = 0.0
                await response.write(b": still here\n\n")


def static_file(path: str) -> str | None:
    """Where a static file lies in the source; None without one."""
    try:
        found = finders.find(path)
    except SuspiciousFileOperation:
        return None
    return found if isinstance(found, str) and Path(found).is_file() else None


async def waiting_events(listener: Listener) -> list[dict[str, Any]]:
    """The events that have come, waiting a moment for the first."""
    try:
        events = [await asyncio.wait_for(listener.queue.get(), PAUSE_S)]
    except TimeoutError:
        return []
    while not listener.queue.empty():
        events.append(listener.queue.get_nowait())
    return [event for event in events if event["type"] != "phone"]


def thread(phone: Phone) -> list[dict[str, Any]]:
    """The newest bubbles of a phone, oldest first."""
    shown = [bubble(message) for message in phone.thread if arrived(message)]
    return shown[-THREAD_LIMIT:]


def as_line(line: Line, lines: list[Line]) -> dict[str, Any]:
    """A business number or agent as the page offers it.

    ``thread`` is what lines share whose messages stand in one conversation: a business with an
    agent, its numbers beside it. Any other number has a conversation of its own.
    """
    branded = {other.workspace for other in lines if other.agent}
    together = line.workspace in branded and line.provider not in {*APPS, MAIL}
    found = {
        "channel": line.channel,
        "name": line.name,
        "address": line.address,
        "app": app_of(line),
        "rcs": line.agent is not None,
        "thread": f"workspace {line.workspace}" if together else line.address,
    }
    if line.agent:
        found |= {"brand": line.agent.name, "logo": line.agent.logo, "color": line.agent.color}
        if line.agent.color:
            found["text_color"] = text_on(line.agent.color)
    return found


def app_of(line: Line) -> str:
    """What a person writes in to reach this line: ``sms``, ``rcs``, ``email``, an app."""
    if line.agent is not None:
        return "rcs"
    return line.network if line.provider in {*APPS, MAIL} else "sms"


def asked(request: web.Request) -> list[str]:
    """The phones a request names; a plus sign may have become a space on its way."""
    numbers = [value for value in request.query.getall("phone", []) if value.strip()]
    numbers = [f"+{n.strip()}" if n.startswith(" ") else n.strip() for n in numbers]
    return list(dict.fromkeys(number[:64] for number in numbers))[:OPEN_LIMIT]


def language_of(request: web.Request) -> str:
    """The language asked for, chosen before, or preferred by the browser."""
    accepted = parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500])
    wishes = [request.query.get("lang", ""), request.cookies.get(LANGUAGE_COOKIE, "")]
    for wish in [*wishes, *(name for name, _quality in accepted)]:
        try:
            return translation.get_supported_language_variant(wish)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE
