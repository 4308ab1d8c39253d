"""A look-alike of LINE's Messaging API, as far as the product uses it."""

import asyncio
import time
from typing import Any

import orjson
from aiohttp import web

from simulator import line_words as words
from simulator.bodies import answer
from simulator.carrier import Carrier
from simulator.chat_network import ChatNetwork
from simulator.faults import happens
from simulator.identities import number_of
from simulator.lines import Line, Lines
from simulator.twilio_calls import Handler, cut_off
from simulator.world import Message, Shown

PROVIDER = "line"
WRONG = "wrong"
# An account with this in its basic id has used up the messages of its plan; replies are free.
USED_UP = "used-up"
FAULTS = (
    ("rate_429", 429, "The API rate limit has been exceeded. Try again later."),
    ("rate_500", 500, "Internal Server Error"),
    ("rate_503", 503, "Service Unavailable"),
    (
        "rate_credentials",
        401,
        "Authentication failed. Confirm that the access token is valid.",
    ),
)
KEYS = 100_000


class Refused(Exception):
    """The call is answered with one of LINE's errors."""

    def __init__(self, status: int, text: str, about: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.about = about


class LineApi:
    """The resources below ``/line/v2/bot``."""

    def __init__(
        self, carrier: Carrier, network: ChatNetwork, said: words.LineWords, lines: Lines
    ) -> None:
        self.carrier = carrier
        self.network = network
        self.world = carrier.world
        self.lines = lines
        self.said = said
        self.accepted: dict[str, Message] = {}
        self.webhooks: dict[str, str] = {}
        network.happens = self._happens

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        root = f"/{PROVIDER}/v2/bot"
        return [
            web.post(f"{root}/message/reply", self.guarded(self.reply)),
            web.post(f"{root}/message/push", self.guarded(self.push)),
            web.post(f"{root}/chat/loading/start", self.guarded(self.loading)),
            web.post(f"{root}/chat/markAsRead", self.guarded(self.mark_read)),
            web.get(f"{root}/info", self.guarded(self.info)),
            web.put(f"{root}/channel/webhook/endpoint", self.guarded(self.endpoint)),
            web.get(f"{root}/message/{{id}}/content", self.guarded(self.content)),
            web.get(f"{root}/message/{{id}}/content/transcoding", self.guarded(self.transcoding)),
            web.route("*", f"/{PROVIDER}/{{rest:.*}}", self.guarded(self.nowhere)),
        ]

    def guarded(self, handler: Handler) -> Handler:
        """A handler behind the fault knobs; what it refuses becomes an answer."""

        async def handle(request: web.Request) -> web.StreamResponse:
            faults = self.carrier.faults_of(PROVIDER)
            try:
                for name, status, text in FAULTS:
                    if happens(getattr(faults, name)):
                        raise Refused(status, text)
                found = await handler(request)
            except Refused as refused:
                return refusal(refused)
            if faults.latency_ms:
                await asyncio.sleep(faults.latency_ms / 1000)
            if request.method == "POST" and happens(faults.drop_after_accept):
                cut_off(request)
            return found

        return handle

    def _happens(self, line: Line, number: str, kind: str, _about: str) -> None:
        if kind == "unfollow":
            self.world.blocks.add((line.address, number))
        elif kind == "follow":
            self.world.blocks.discard((line.address, number))

    async def _line(self, request: web.Request) -> Line | None:
        """The account that the token is for; None for one that no channel has yet."""
        kind, _space, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not token or token.startswith(WRONG):
            raise Refused(401, FAULTS[-1][2])
        found = self._by_token(token)
        if found is None:
            await self.lines.refresh()
            found = self._by_token(token)
        return found

    def _by_token(self, token: str) -> Line | None:
        known = (one for one in self.lines.all if one.provider == PROVIDER)
        return next((one for one in known if token in one.tokens), None)

    # --- Messages -------------------------------------------------------------------------------

    async def reply(self, request: web.Request) -> web.StreamResponse:
        """Answer a customer's message by its token, once."""
        line, body = await self._line(request), await read(request)
        account, person, until = self.said.tokens.pop(str(body.get("replyToken")), ("", "", 0.0))
        if line is None or account != line.address or until < time.time():
            raise Refused(400, "Invalid reply token")
        return self._accept(line, person, body)

    async def push(self, request: web.Request) -> web.StreamResponse:
        """Send without having been asked; a retry key that was seen is answered with 409."""
        line, body = await self._line(request), await read(request)
        key = request.headers.get("X-Line-Retry-Key", "")
        known = self.accepted.get(key)
        if known is not None:
            said = {"message": "The retry key is already accepted", **sent(known)}
            again = answer(said, 409)
            again.headers["x-line-accepted-request-id"] = known.reference
            return again
        if line is not None and USED_UP in line.address:
            raise Refused(429, "You have reached your monthly limit.")
        person = body.get("to")
        if not isinstance(person, str) or not person:
            raise Refused(400, "The property, 'to', in the request body is invalid")
        return self._accept(line, person, body, key)

    def _accept(
        self, line: Line | None, person: str, body: dict[str, Any], key: str = ""
    ) -> web.Response:
        given = body.get("messages")
        if not isinstance(given, list) or len(given) != 1:
            raise Refused(400, "The look-alike takes one message at a time", "messages")
        try:
            content = words.check(given[0])
            self.said.check_quote(content, person)
        except words.Wrong as wrong:
            text = "The request body has 1 error(s)"
            raise Refused(400, f"{text}: {wrong}", wrong.about) from None
        number, url = number_of(PROVIDER, person), content.get("originalContentUrl")
        address = line.address if line else ""
        message = Message(
            sid=self.said.new_id(),
            provider=PROVIDER,
            account="",
            direction="outbound",
            sender=address,
            to=person,
            body=words.in_words(content),
            phone=self.world.phone(number),
            line=address,
            status="accepted",
            reference=f"request-{key}",
            media=((url, ""),) if url else (),
            content=words.drawn(content),
            traffic="push" if "to" in body else "reply",
        )
        self.network.accept(message)
        if key:
            self.accepted[key] = message
            while len(self.accepted) > KEYS:
                self.accepted.pop(next(iter(self.accepted)))
        return answer(sent(message))

    async def loading(self, request: web.Request) -> web.StreamResponse:
        """The business is writing."""
        line, body = await self._line(request), await read(request)
        person, seconds = body.get("chatId"), body.get("loadingSeconds", 20)
        if not isinstance(person, str) or seconds not in range(5, 61, 5):
            raise Refused(400, "The request body has 1 error(s)", "loadingSeconds")
        if line is not None:
            phone = self.world.phone(number_of(PROVIDER, person))
            self.network.typing(line, phone, person, "loading")
        return answer({}, 202)

    async def mark_read(self, request: web.Request) -> web.StreamResponse:
        """The business has read a message, by the token that came with it."""
        line, body = await self._line(request), await read(request)
        account, person = self.said.readable.get(str(body.get("markAsReadToken")), ("", ""))
        if line is None or account != line.address:
            raise Refused(400, "Invalid markAsReadToken", "markAsReadToken")
        self.world.signals.append(Shown(PROVIDER, line.address, person, "markAsRead", ""))
        return answer({})

    # --- The account and its files ---------------------------------------------------------------

    async def info(self, request: web.Request) -> web.StreamResponse:
        """The account; a token that no channel has yet says it behind its last ``@``."""
        line = await self._line(request)
        name = request.headers["Authorization"].rpartition("@")[2]
        basic, shown = (line.address, line.name) if line else (f"@{name}", "Simulated account")
        own = {"basicId": basic, "displayName": shown, "chatMode": "bot", "markAsReadMode": "auto"}
        return answer({"userId": words.bot_id(line) if line else "U0", **own})

    async def endpoint(self, request: web.Request) -> web.StreamResponse:
        """Note where the account's webhooks go."""
        line, body = await self._line(request), await read(request)
        url = body.get("endpoint")
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise Refused(400, "Invalid webhook endpoint URL", "endpoint")
        self.webhooks[line.address if line else ""] = url
        return answer({})

    async def content(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file that a customer sent."""
        await self._line(request)
        message = self.world.by_sid.get(request.match_info["id"])
        url = message.media[0][0] if message and message.media else ""
        kept = self.carrier.media.files.get(url.rpartition("/")[2])
        if kept is None:
            raise Refused(404, "Not found")
        return web.Response(body=kept.data, headers={"Content-Type": kept.content_type})

    async def transcoding(self, request: web.Request) -> web.StreamResponse:
        """Every file is ready at once."""
        await self._line(request)
        return answer({"status": "succeeded"})

    async def nowhere(self, request: web.Request) -> web.StreamResponse:
        """Anything else."""
        raise Refused(404, "Not found")


async def read(request: web.Request) -> dict[str, Any]:
    """The JSON object of the body."""
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "The request body could not be parsed as JSON")
    return body


def sent(message: Message) -> dict[str, Any]:
    """The answer to a message that is on its way."""
    return {"sentMessages": [{"id": message.sid, "quoteToken": f"q{message.sid}"}]}


def refusal(refused: Refused) -> web.Response:
    """An error as LINE answers it."""
    body: dict[str, Any] = {"message": refused.text}
    if refused.about:
        body["details"] = [{"message": refused.text, "property": refused.about}]
    response = answer(body, refused.status)
    response.headers["x-line-request-id"] = "simulated"
    return response
