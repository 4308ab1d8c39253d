"""The look-alike of X's API v2: posts, direct messages, files, webhooks and subscriptions."""

import asyncio
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from simulator import x_words as words
from simulator.bodies import answer
from simulator.carrier import Carrier
from simulator.faults import happens
from simulator.lines import X_PUBLIC, Lines
from simulator.twilio_calls import cut_off, whole
from simulator.twilio_media import Given
from simulator.world import Message, Phone
from simulator.x_calls import ACCOUNT, HANDLE, LINE, Guard, Refused, read_object
from simulator.x_network import PROVIDER, Place, XNetwork

MOST_FILES = {X_PUBLIC: 4, PROVIDER: 1}


class XApi:
    """``/x/2/…`` and ``/x/oauth2/token``."""

    def __init__(self, carrier: Carrier, network: XNetwork, lines: Lines) -> None:
        self.carrier = carrier
        self.network = network
        self.lines = lines
        self.guard = Guard(carrier, lines)
        self.uploads: dict[str, tuple[str, str]] = {}
        self.webhooks: dict[str, str] = {}
        self.subscriptions: list[dict[str, Any]] = []
        network.lines_by_address = lines.x_lines

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        base, signed, app = f"/{PROVIDER}/2", self.guard.signed, self.guard.app
        return [
            web.post(f"/{PROVIDER}/oauth2/token", self.guard.open(self.guard.token)),
            web.get(f"{base}/users/me", signed(self.me)),
            web.get(f"{base}/users/{{id}}/mentions", signed(self.mentions)),
            web.get(f"{base}/tweets/search/recent", signed(self.search)),
            web.get(f"{base}/dm_events", signed(self.dm_events)),
            web.post(f"{base}/tweets", signed(self.post)),
            web.post(f"{base}/dm_conversations/with/{{id}}/messages", signed(self.direct)),
            web.post(f"{base}/media/upload", signed(self.upload)),
            web.get(f"{base}/webhooks", app(self.list_webhooks)),
            web.post(f"{base}/webhooks", app(self.make_webhook)),
            web.put(f"{base}/webhooks/{{id}}", app(self.try_webhook)),
            web.get(f"{base}/activity/subscriptions", app(self.list_subscriptions)),
            web.post(f"{base}/activity/subscriptions", signed(self.subscribe)),
            web.route("*", f"/{PROVIDER}/{{rest:.*}}", self.guard.open(self.nowhere)),
        ]

    # --- Reading --------------------------------------------------------------------------------

    async def me(self, request: web.Request) -> web.Response:
        """The account itself."""
        line = request[LINE]
        name = line.name if line else request[HANDLE]
        return answer({"data": words.user(request[ACCOUNT], name, request[HANDLE])})

    async def mentions(self, request: web.Request) -> web.Response:
        """What people wrote to the account in public, newest first."""
        if request.match_info["id"] != request[ACCOUNT]:
            raise Refused("not_found", "user")
        found, following = self._page(request, X_PUBLIC, inbound_only=True)
        return self._answered(request, found, self._posts(found), following)

    async def search(self, request: web.Request) -> web.Response:
        """Everybody's posts with a hashtag, the account's own too, newest first."""
        wanted = re.match(r"#(\w+)", request.query.get("query", ""))
        if wanted is None:
            raise Refused("invalid", "query")
        since = int(request.query.get("since_id") or 0)
        begin = _time(request.query.get("start_time", ""))
        every = [
            one
            for one in self.network.tagged(wanted[1])
            if int(one.sid) > since and one.at >= begin
        ]
        found, following = _cut(request, every, "next_token", smallest=10)
        return self._answered(request, found, self._posts(found), following)

    def _posts(self, found: list[Message]) -> list[dict[str, Any]]:
        posts = []
        for message in found:
            place = self.network.place_of(message)
            posts.append(words.post(message, place.conversation, place.parent, place.to))
        return posts

    async def dm_events(self, request: web.Request) -> web.Response:
        """Direct messages both ways, newest first."""
        found, following = self._page(request, PROVIDER, inbound_only=False)
        events = [words.direct(message, request[ACCOUNT]) for message in found]
        return self._answered(request, found, events, following)

    def _page(
        self, request: web.Request, way: str, *, inbound_only: bool
    ) -> tuple[list[Message], str]:
        since = int(request.query.get("since_id") or 0)
        every = [
            message
            for message in self.network.messages(request[ACCOUNT], way)
            if int(message.sid) > since
            and message.to
            and (message.direction == "inbound" or (not inbound_only and message.displayed_at))
        ]
        return _cut(request, every, "pagination_token", smallest=5)

    def _answered(
        self, request: web.Request, found: list[Message], rows: list[Any], following: str
    ) -> web.Response:
        """The page; what a customer wrote has come to the business with it."""
        for message in found:
            if message.status == "waiting":
                message.status = "received"
                self.network.world.show(message)
        meta: dict[str, Any] = {"result_count": len(rows)}
        if found:
            meta |= {"newest_id": found[0].sid, "oldest_id": found[-1].sid}
        if following:
            meta["next_token"] = following
        if not rows:
            return answer({"meta": meta})
        line = request[LINE]
        files = [one for message in found for one in words.files(message)]
        people = self.network.people(line, found) if line else []
        return answer({"data": rows, "includes": {"users": people, "media": files}, "meta": meta})

    # --- Writing --------------------------------------------------------------------------------

    async def post(self, request: web.Request) -> web.StreamResponse:
        """A post, an answer or a free one."""
        body = await read_object(request)
        text, reply = str(body.get("text") or ""), body.get("reply") or {}
        media = (body.get("media") or {}).get("media_ids") or []
        if not text and not media:
            raise Refused("invalid", "text")
        if words.weight(text) > 280:
            raise Refused("too_long")
        parent = str(reply.get("in_reply_to_tweet_id") or "")
        answered = self.network.find(parent)
        own = request[ACCOUNT]
        if answered is not None and answered.direction == "outbound" and answered.sender != own:
            raise Refused("not_mentioned")
        if self._is_repeat(own, text, parent):
            raise Refused("duplicate")
        to, phone = _author(answered) if answered else ("", Phone(""))
        message = self._message(request, X_PUBLIC, to, phone, text, media)
        if parent:
            conversation = self.network.place_of(answered).conversation if answered else parent
            self.network.places[message.sid] = Place(conversation, parent, to)
        message.content = {"text": text, "public": True, "reply_to": parent}
        return await self._accepted(request, message, {"id": message.sid, "text": text})

    def _is_repeat(self, own: str, text: str, parent: str) -> bool:
        return any(
            message.direction == "outbound"
            and message.body == text
            and self.network.place_of(message).parent == parent
            for message in self.network.messages(own, X_PUBLIC)
        )

    async def direct(self, request: web.Request) -> web.StreamResponse:
        """A direct message."""
        body, to = await read_object(request), request.match_info["id"]
        text, files = str(body.get("text") or ""), body.get("attachments") or []
        if not to.isdecimal():
            raise Refused("not_found", "user")
        if len(text) > words.MAX_DIRECT or (not text and not files):
            raise Refused("invalid", "text")
        phone = self.network.phone(to)
        if phone.error_code:
            raise Refused("closed")
        media = [one.get("media_id") for one in files]
        message = self._message(request, PROVIDER, to, phone, text, media)
        conversation = "-".join(sorted((request[ACCOUNT], to)))
        data = {"dm_conversation_id": conversation, "dm_event_id": message.sid}
        return await self._accepted(request, message, data)

    def _message(
        self, request: web.Request, way: str, to: str, phone: Phone, text: str, media: list[Any]
    ) -> Message:
        if len(media) > MOST_FILES[way] or any(one not in self.uploads for one in media):
            raise Refused("invalid", "media")
        line = request[LINE]
        address = line.address if line else f"@{request[HANDLE]}"
        return Message(
            sid=words.new_id(),
            provider=PROVIDER,
            account=request[ACCOUNT],
            direction="outbound",
            sender=request[ACCOUNT],
            to=to,
            body=text,
            phone=phone,
            line=f"{address} (public)" if way == X_PUBLIC else address,
            status="sent",
            media=tuple(self.uploads[one] for one in media),
            way=way,
        )

    async def _accepted(
        self, request: web.Request, message: Message, data: dict[str, Any]
    ) -> web.StreamResponse:
        self.network.accept(message, request[LINE])
        faults = self.carrier.faults_of(PROVIDER)
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if happens(faults.drop_after_accept):
            cut_off(request)
        return answer({"data": data}, 201)

    async def upload(self, request: web.Request) -> web.Response:
        """A picture, as a multipart form."""
        form = await request.post()
        field = form.get("media")
        if not isinstance(field, web.FileField) or not form.get("media_category"):
            raise Refused("invalid", "media")
        given = Given(field.content_type, field.file.read())
        id, origin = words.new_id(), str(request.url.origin())
        [self.uploads[id]] = self.carrier.media.keep_open(
            [given], origin=origin, account=request[ACCOUNT], message=id
        )
        return answer({"data": {"id": id, "media_key": f"3_{id}", "size": len(given.data)}})

    # --- Webhooks -------------------------------------------------------------------------------

    async def list_webhooks(self, request: web.Request) -> web.Response:
        """The addresses that were registered."""
        found = [{"id": id, "url": url, "valid": True} for id, url in self.webhooks.items()]
        return answer({"data": found, "meta": {"result_count": len(found)}})

    async def make_webhook(self, request: web.Request) -> web.Response:
        """Register an address, once it has answered a challenge rightly."""
        url = str((await read_object(request)).get("url") or "")
        await self._challenge(url)
        id = words.new_id()
        self.webhooks[id] = url
        return answer({"data": {"id": id, "url": url, "valid": True}})

    async def try_webhook(self, request: web.Request) -> web.Response:
        """Challenge an address again."""
        url = self.webhooks.get(request.match_info["id"])
        if url is None:
            raise Refused("not_found", "webhook")
        await self._challenge(url)
        return answer({"data": {"attempted": True}})

    async def _challenge(self, url: str) -> None:
        await self.lines.refresh()
        line = next((one for one in self.lines.all if one.webhook_url == url and one.keys), None)
        if line is None:
            raise Refused("crc", "nobody is there")
        token = words.new_id()
        try:
            async with aiohttp.ClientSession() as session:
                asked = f"{url}?{urlencode({'crc_token': token, 'nonce': words.new_id()})}"
                async with session.get(asked, allow_redirects=False) as response:
                    said = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Refused("crc", type(error).__name__) from None
        right = {"response_token": words.seal(token.encode(), line.token)}
        if response.status != 200 or said != right:
            raise Refused("crc", "wrong answer")

    async def list_subscriptions(self, request: web.Request) -> web.Response:
        """The events that are pushed."""
        found = self.subscriptions
        return answer({"data": found, "meta": {"total_subscriptions": len(found)}})

    async def subscribe(self, request: web.Request) -> web.Response:
        """Push one kind of event to a webhook."""
        body = await read_object(request)
        if (body.get("filter") or {}).get("user_id") != request[ACCOUNT]:
            raise Refused("invalid", "filter")
        if body.get("webhook_id") not in self.webhooks:
            raise Refused("invalid", "webhook_id")
        made = {"subscription_id": words.new_id(), **body}
        self.subscriptions.append(made)
        return answer({"data": made})

    async def nowhere(self, request: web.Request) -> web.Response:
        """Anything else."""
        raise Refused("not_found", request.path)


def _author(answered: Message) -> tuple[str, Phone]:
    """Whom an answer to this post is for: of a thread of our own, whom it began with."""
    return (answered.to if answered.direction == "outbound" else answered.sender), answered.phone


def _cut(
    request: web.Request, every: list[Message], token: str, *, smallest: int
) -> tuple[list[Message], str]:
    """The page that is asked for, and where the next one begins."""
    size = whole(request.query.get("max_results"), 10, smallest, 100)
    start = whole(request.query.get(token), 0, 0, 10**9)
    following = str(start + size) if start + size < len(every) else ""
    return every[start : start + size], following


def _time(text: str) -> float:
    """A time of API v2 in Unix seconds; the beginning where none is given."""
    if not text:
        return 0.0
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise Refused("invalid", "start_time") from None
