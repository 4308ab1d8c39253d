"""Google's RCS API on loopback, as far as signals need it; its answers a test decides."""

import json
from typing import Any

from aiohttp import web

from gateway.models import Channel
from gateway.secrets import seal
from tests import builders
from tests.gateway.sink import Sink
from tests.payloads.google_rcs.exhibit import config, key_file


class Google(Sink):
    """Gives tokens, and keeps the events for phones in ``events``."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self.tokens = 0

    def routes(self) -> list[web.RouteDef]:
        """Tokens, and events."""
        path = "/google_rcs/v1/phones/{number}/agentEvents"
        return [web.post("/google_rcs/token", self._token), web.post(path, self._event)]

    async def _token(self, request: web.Request) -> web.StreamResponse:
        self.tokens += 1
        return web.json_response({"access_token": f"t{self.tokens}", "expires_in": 3600})

    async def _event(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        query = {"to": request.match_info["number"], "uid": request.query["eventId"]}
        self.events.append(body | query)
        if self.answers:
            return await self.answers.pop(0)(request)
        return web.json_response({})


def agent(ws: Any = None, **fields: Any) -> Channel:
    """A channel of an RCS agent; ``signals`` is its setting."""
    chosen = {name: fields.pop(name) for name in ("signals",) if name in fields}
    key = json.dumps(json.loads(key_file()))
    fields = {"kind": "google_rcs", "name": "Shop RCS", "address": "shop_agent"} | fields
    found = builders.channel(ws, **fields)
    found.config = seal(config(service_account=key, **chosen))
    found.save()
    return found
