"""The simulator's web application: providers' look-alikes, knobs and the phone page."""

import logging
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from simulator.bodies import Invalid, answer
from simulator.carrier import Carrier
from simulator.channel_lines import load_heard, load_lines
from simulator.chat_network import ChatNetwork
from simulator.customers import CUSTOMERS
from simulator.http_api import HttpApi
from simulator.knobs import Knobs
from simulator.line_api import LineApi
from simulator.line_words import LineWords
from simulator.lines import X_PUBLIC, Lines
from simulator.mail_host import PROVIDER as MAIL
from simulator.mail_host import MailHost
from simulator.messaging_api import MessagingApi
from simulator.messaging_network import MessagingNetwork
from simulator.messaging_words import KINDS
from simulator.page import Page
from simulator.postman import Postman
from simulator.rbm_api import RbmApi
from simulator.rbm_network import RbmNetwork
from simulator.smsc import PROVIDER, Smsc
from simulator.telegram_api import TelegramApi
from simulator.telegram_network import TelegramNetwork
from simulator.twilio_api import TwilioApi
from simulator.twilio_rcs import TwilioRcsNetwork
from simulator.viber_api import ViberApi
from simulator.viber_network import ViberNetwork
from simulator.wechat_api import WeChatApi
from simulator.wechat_words import WeChatWords
from simulator.whatsapp_api import WhatsAppApi
from simulator.whatsapp_network import WhatsAppNetwork
from simulator.world import MESSAGE_LIMIT, World
from simulator.x_api import XApi
from simulator.x_network import XNetwork

# Pictures and videos in base64 among it.
BODY_LIMIT = 60_000_000
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def build(
    lines: Lines | None = None,
    *,
    host: str = LOOPBACK[0],
    limit: int = MESSAGE_LIMIT,
    smsc_port: int | None = None,
    mail_ports: tuple[int, int] | None = None,
) -> web.Application:
    """The application. ``limit`` is how many messages it remembers; without ``smsc_port`` (0: any)
    nothing speaks SMPP, without ``mail_ports`` nothing SMTP and IMAP.

    Raises ImproperlyConfigured unless DEBUG is on: whoever reaches it can pretend to be a customer.
    """
    if not settings.DEBUG:
        raise ImproperlyConfigured("The simulator only runs with DEBUG on; this is production.")
    lines = lines or Lines(load_lines, load_heard)
    world = World(limit)
    postman = Postman()
    carrier = Carrier(world, postman)
    rcs = RbmNetwork(carrier)
    carrier.networks["google_rcs"] = carrier.eventful["google_rcs"] = rcs
    carrier.networks["twilio_rcs"] = twilio_rcs = TwilioRcsNetwork(carrier)
    apps = _apps(carrier, lines)
    _add_customers(world)
    carrier.couriers[PROVIDER] = smsc = Smsc(carrier, lines)
    carrier.couriers[MAIL] = mail = MailHost(carrier, lines)
    own = [own_requests_only] if host in LOOPBACK else []
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[*own, explain])
    providers = (
        TwilioApi(carrier, twilio_rcs, lines),
        RbmApi(carrier, rcs, lines),
        HttpApi(carrier, lines),
    )
    knobs = Knobs(carrier, rcs, lines, smsc.counted)
    for routes in (*(part.routes() for part in (*providers, knobs)), apps):
        app.add_routes(routes)
    app.add_routes(Page(carrier, rcs, lines).routes())

    async def run(_app: web.Application) -> AsyncIterator[None]:
        await lines.refresh()
        await _remember(carrier, lines)
        if smsc_port is not None:
            await smsc.start(host, smsc_port)
        if mail_ports is not None:
            await mail.start(host, *mail_ports)
        yield
        await smsc.close()
        await mail.close()
        await postman.close()
        lines.close()

    app.cleanup_ctx.append(run)
    return app


def _add_customers(world: World) -> None:
    """The phones that are always there."""
    for customer in CUSTOMERS:
        phone = world.phone(customer.number)
        phone.name, phone.rcs, phone.pinned = customer.name, customer.rcs, True


async def _remember(carrier: Carrier, lines: Lines) -> None:
    """Whoever wrote before the simulator began may still be answered."""
    for line, heard in await lines.who_wrote():
        if line.network in carrier.remembering:
            carrier.remembering[line.network].remember(line, heard.address, heard.at)


def _apps(carrier: Carrier, lines: Lines) -> list[web.RouteDef]:
    """The messaging apps: their networks join the carrier; the routes of their APIs."""
    line_said = LineWords()
    line = ChatNetwork(carrier, "line", line_said)
    wechat = ChatNetwork(carrier, "wechat", WeChatWords())
    for chats in (line, wechat):
        carrier.networks[chats.provider] = carrier.eventful[chats.provider] = chats
    carrier.networks["whatsapp"] = carrier.eventful["whatsapp"] = whatsapp = WhatsAppNetwork(
        carrier
    )
    carrier.remembering |= {"whatsapp": whatsapp, "wechat": wechat}
    metas = [MessagingNetwork(carrier, kind) for kind in KINDS.values()]
    for network in metas:
        carrier.networks[network.provider] = carrier.eventful[network.provider] = network
        carrier.remembering[network.provider] = network
    carrier.networks["telegram"] = carrier.eventful["telegram"] = telegram = TelegramNetwork(
        carrier
    )
    carrier.networks["viber"] = carrier.eventful["viber"] = viber = ViberNetwork(carrier)
    x = XNetwork(carrier)
    for way in ("x", X_PUBLIC, "x_deleted"):
        carrier.networks[way] = x
    carrier.eventful["x"] = x
    return [
        *LineApi(carrier, line, line_said, lines).routes(),
        *WeChatApi(carrier, wechat, lines).routes(),
        *WhatsAppApi(carrier, whatsapp, lines).routes(),
        *TelegramApi(carrier, telegram, lines).routes(),
        *ViberApi(carrier, viber, lines).routes(),
        *XApi(carrier, x, lines).routes(),
        *(route for one in metas for route in MessagingApi(carrier, one, lines).routes()),
    ]


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A body that was not understood becomes a 400 that names the fields."""
    try:
        return await handler(request)
    except Invalid as invalid:
        return answer({"errors": invalid.errors}, 400)


@web.middleware
async def own_requests_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keeps pages of the internet from driving a simulator they find on this machine."""
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    origin = request.headers.get("Origin")
    if host not in LOOPBACK or (origin and urlsplit(origin).hostname not in LOOPBACK):
        return answer({"errors": {"host": "The simulator answers this machine only."}}, 403)
    return await handler(request)


def serve(host: str, port: int, smsc_port: int, mail_ports: tuple[int, int]) -> None:
    """Run until interrupted."""
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    app = build(host=host, smsc_port=smsc_port, mail_ports=mail_ports)
    web.run_app(app, host=host, port=port, access_log=None, print=None, shutdown_timeout=2)
