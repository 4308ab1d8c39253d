"""A look-alike of Twilio's Content API, and messages that show what it keeps."""

from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from simulator.bodies import answer
from simulator.rbm_words import in_words
from simulator.twilio_calls import ACCOUNT, Handler, Refused, first, whole
from simulator.twilio_content import Contents, Wrong, filled, plain, shown
from simulator.twilio_rcs import TwilioRcsNetwork
from simulator.world import Message

LONGEST_VALIDITY = 36_000
PAGE_SIZE, MAX_PAGE_SIZE = 50, 1000


class RichMessages:
    """The resources below ``/twilio/v1/Content``, and what RCS senders send."""

    def __init__(self, network: TwilioRcsNetwork) -> None:
        self.network = network
        self.contents = Contents()

    def routes(self, root: str, guarded: Callable[[Handler], Handler]) -> list[web.RouteDef]:
        """Routes to add to the application."""
        one = f"{root}/v1/Content/{{sid:HX[0-9a-f]{{32}}}}"
        return [
            web.post(f"{root}/v1/Content", guarded(self.make)),
            web.get(one, guarded(self.one)),
            web.delete(one, guarded(self.one)),
            web.get(f"{root}/v2/Content", guarded(self.look_for)),
        ]

    async def make(self, request: web.Request) -> web.StreamResponse:
        """Keep a content resource."""
        try:
            body = orjson.loads(await request.read())
            return answer(self.contents.make(request[ACCOUNT], body).resource(), 201)
        except orjson.JSONDecodeError:
            raise Refused(20001, "not JSON") from None
        except Wrong as wrong:
            raise Refused(20001, str(wrong)) from None

    async def one(self, request: web.Request) -> web.StreamResponse:
        """One content resource; with DELETE it is gone."""
        found = self.contents.find(request[ACCOUNT], request.match_info["sid"])
        if found is None:
            raise Refused(20404, f"/v1/Content/{request.match_info['sid']}")
        if request.method == "DELETE":
            del self.contents.by_sid[found.sid]
            return web.Response(status=204)
        return answer(found.resource())

    async def look_for(self, request: web.Request) -> web.StreamResponse:
        """The account's content resources whose names have ``ContentName`` in them."""
        found = self.contents.of(request[ACCOUNT], request.query.get("ContentName", ""))
        rows = found[: whole(request.query.get("PageSize"), PAGE_SIZE, 1, MAX_PAGE_SIZE)]
        return answer({"contents": [one.resource() for one in rows], "meta": {"key": "contents"}})

    def take(self, message: Message, form: dict[str, list[str]]) -> None:
        """Take a message of an RCS sender; it shows a content resource, or its own words."""
        types = self._types(message.account, form)
        if types is None:
            message.content = plain(message.body, [url for url, _kind in message.media])
        else:
            message.content = shown(types)
            message.body = in_words(message.content)
        falls_back = bool(message.service) and first(form, "To") == message.to
        text = (types or {}).get("twilio/text", {}).get("body", message.body)
        lasts = first(form, "ValidityPeriod")
        self.network.take(
            message,
            float(whole(lasts, LONGEST_VALIDITY, 1, LONGEST_VALIDITY)) if lasts else None,
            for_sms=text if falls_back else None,
        )

    def _types(self, account: str, form: dict[str, list[str]]) -> dict[str, Any] | None:
        sid, values = first(form, "ContentSid"), first(form, "ContentVariables")
        if not sid:
            if values:
                raise Refused(21654)
            return None
        found = self.contents.find(account, sid)
        if found is None:
            raise Refused(21655, sid)
        try:
            return filled(found, values)
        except Wrong as wrong:
            raise Refused(21656, str(wrong)) from None
