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
from simulator.customers import CUSTOMERS
from simulator.http_api import HttpApi
from simulator.knobs import Knobs
from simulator.lines import Lines
from simulator.page import Page
from simulator.postman import Postman
from simulator.rbm_api import RbmApi
from simulator.rbm_network import RbmNetwork
from simulator.smsc import PROVIDER, Smsc
from simulator.twilio_api import TwilioApi
from simulator.twilio_rcs import TwilioRcsNetwork
from simulator.world import MESSAGE_LIMIT, World

# Pictures and videos in base64 among it.
BODY_LIMIT = 60_000_000
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def build(
    lines: Lines | None = None,
    *,
    host: str = LOOPBACK[0],
    limit: int = MESSAGE_LIMIT,
    smsc_port: int | None = None,
) -> web.Application:
    """The application. ``limit`` is how many messages it remembers; without ``smsc_port`` (0: any)
    nothing speaks SMPP.

    Raises ImproperlyConfigured unless DEBUG is on: whoever reaches it can pretend to be a customer.
    """
    if not settings.DEBUG:
        raise ImproperlyConfigured("The simulator only runs with DEBUG on; this is production.")
    lines = lines or Lines()
    world = World(limit)
    postman = Postman()
    carrier = Carrier(world, postman)
    rcs = RbmNetwork(carrier)
    carrier.networks["google_rcs"] = rcs
    carrier.networks["twilio_rcs"] = twilio_rcs = TwilioRcsNetwork(carrier)
    for customer in CUSTOMERS:
        phone = world.phone(customer.number)
        phone.name, phone.rcs, phone.pinned = customer.name, customer.rcs, True
    smsc = Smsc(carrier, lines)
    carrier.couriers[PROVIDER] = smsc
    own = [own_requests_only] if host in LOOPBACK else []
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[*own, explain])
    providers = (
        TwilioApi(carrier, twilio_rcs, lines),
        RbmApi(carrier, rcs, lines),
        HttpApi(carrier, lines),
    )
    knobs = Knobs(carrier, rcs, lines, smsc.counted)
    for part in (*providers, knobs, Page(carrier, rcs, lines)):
        app.add_routes(part.routes())

    async def run(_app: web.Application) -> AsyncIterator[None]:
        await lines.refresh()
        if smsc_port is not None:
            await smsc.start(host, smsc_port)
        yield
        await smsc.close()
        await postman.close()
        lines.close()

    app.cleanup_ctx.append(run)
    return app


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


def serve(host: str, port: int, smsc_port: int) -> None:
    """Run until interrupted."""
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    app = build(host=host, smsc_port=smsc_port)
    web.run_app(app, host=host, port=port, access_log=None, print=None, shutdown_timeout=2)
