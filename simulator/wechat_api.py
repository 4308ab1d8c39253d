"""A look-alike of the API of WeChat Official Accounts, as far as the product uses it."""

import asyncio
import hashlib
import time
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import BodyPartReader, web

from simulator import wechat_words as words
from simulator.bodies import answer
from simulator.carrier import Carrier
from simulator.chat_network import ChatNetwork
from simulator.faults import happens
from simulator.identities import identity, number_of
from simulator.lines import Line, Lines
from simulator.twilio_calls import Handler, cut_off
from simulator.twilio_media import Given
from simulator.world import Message, Phone

PROVIDER = "wechat"
WRONG = "wrong"
LIFE_S = 7200
# What a customer's act lets the business send: seconds, messages.
WRITTEN, BRIEF = (48 * 3600.0, 5), (60.0, 3)
OPENS = {"subscribe": BRIEF, "SCAN": BRIEF, "CLICK": BRIEF}
# HTTP statuses that a gateway before WeChat gives; everything else is a 200 with an errcode.
FAULTS = (("rate_500", 500), ("rate_503", 503))
CODES = (("rate_429", 45011), ("rate_credentials", 40001))
KINDS = {"image", "voice", "video", "thumb"}


class Refused(Exception):
    """The call is answered with one of WeChat's error codes, or with a bare HTTP status."""

    def __init__(self, code: int, *, status: int = 200) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass(slots=True)
class Open:
    """A window of so many seconds: until when, and how many messages are left."""

    until: float
    left: int
    seconds: float


class WeChatApi:
    """The resources below ``/wechat/cgi-bin``."""

    def __init__(self, carrier: Carrier, network: ChatNetwork, lines: Lines) -> None:
        self.carrier = carrier
        self.network = network
        self.world = carrier.world
        self.lines = lines
        self.tokens: dict[str, tuple[str, float]] = {}
        self.windows: dict[tuple[str, str], list[Open]] = {}
        self.uploads: dict[str, tuple[str, str]] = {}
        network.happens = self._happens
        network.writes = lambda line, person: self._open(line, person, WRITTEN)

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        root = f"/{PROVIDER}/cgi-bin"
        listed = f"{root}/template/get_all_private_template"
        return [
            web.post(f"{root}/stable_token", self.guarded(self.token)),
            web.get(f"{root}/getcallbackip", self.guarded(self.addresses)),
            web.post(f"{root}/message/custom/send", self.guarded(self.send)),
            web.post(f"{root}/message/custom/typing", self.guarded(self.typing)),
            web.post(f"{root}/message/template/send", self.guarded(self.send_template)),
            web.get(listed, self.guarded(self.templates)),
            web.post(f"{root}/media/upload", self.guarded(self.upload)),
            web.get(f"{root}/media/get", self.guarded(self.media)),
            web.route("*", f"/{PROVIDER}/{{rest:.*}}", self.nowhere),
        ]

    def guarded(self, handler: Handler) -> Handler:
        """A handler behind the fault knobs; what it refuses becomes an answer."""

        async def handle(request: web.Request) -> web.StreamResponse:
            faults = self.carrier.faults_of(PROVIDER)
            try:
                for name, status in FAULTS:
                    if happens(getattr(faults, name)):
                        raise Refused(0, status=status)
                for name, code in CODES:
                    if happens(getattr(faults, name)):
                        raise Refused(code)
                found = await handler(request)
            except Refused as refused:
                return refusal(refused)
            if faults.latency_ms:
                await asyncio.sleep(faults.latency_ms / 1000)
            if request.path.endswith("/send") and happens(faults.drop_after_accept):
                cut_off(request)
            return found

        return handle

    # --- Windows --------------------------------------------------------------------------------

    def _happens(self, line: Line, number: str, kind: str, _about: str) -> None:
        person = identity(PROVIDER, number)
        if kind == "unsubscribe":
            self.world.blocks.add((line.address, number))
            self.windows.pop((line.address, person), None)
        elif kind == "subscribe":
            self.world.blocks.discard((line.address, number))
        if kind in OPENS:
            self._open(line, person, OPENS[kind])

    def _open(self, line: Line, person: str, window: tuple[float, int]) -> None:
        seconds, count = window
        now, kept = time.time(), self.windows.setdefault((line.address, person), [])
        # Writing again begins that window anew; the brief ones stand beside it.
        kept[:] = [one for one in kept if one.until > now and one.seconds != seconds]
        kept.append(Open(now + seconds, count, seconds))

    def _use(self, line: Line, person: str) -> None:
        now = time.time()
        known = [one for one in self.windows.get((line.address, person), ()) if one.until > now]
        if not known:
            raise Refused(45015)
        usable = [one for one in known if one.left]
        if not usable:
            raise Refused(45047)
        min(usable, key=lambda one: one.until).left -= 1

    # --- The account ----------------------------------------------------------------------------

    async def token(self, request: web.Request) -> web.StreamResponse:
        """The account's token: the same one for everybody, until it ends."""
        body = await read(request)
        app_id, secret = str(body.get("appid", "")), str(body.get("secret", ""))
        line = await self.lines.find(PROVIDER, app_id)
        if not app_id.startswith("wx"):
            raise Refused(40013)
        if secret.startswith(WRONG) or (line is not None and secret not in line.tokens):
            raise Refused(40125)
        value, until = self.tokens.get(app_id, ("", 0.0))
        if until < time.time():
            digest = hashlib.sha256(f"{app_id} {time.time()}".encode()).hexdigest()
            value, until = f"{app_id}~{digest}", time.time() + LIFE_S
            self.tokens[app_id] = (value, until)
        return answer({"access_token": value, "expires_in": int(until - time.time())})

    async def _line(self, request: web.Request) -> Line | None:
        """The account that the token is for; None for one that no channel has yet."""
        given = request.query.get("access_token", "")
        app_id = given.partition("~")[0]
        value, until = self.tokens.get(app_id, ("", 0.0))
        if not given:
            raise Refused(41001)
        if given != value or until < time.time():
            raise Refused(40001)
        return await self.lines.find(PROVIDER, app_id)

    async def addresses(self, request: web.Request) -> web.StreamResponse:
        """Where callbacks come from."""
        await self._line(request)
        return answer({"ip_list": ["127.0.0.1"]})

    # --- Messages -------------------------------------------------------------------------------

    async def _person(self, request: web.Request) -> tuple[Line, str, Phone, dict[str, Any]]:
        line, body = await self._line(request), await read(request)
        person = body.get("touser")
        if line is None or not isinstance(person, str) or not person:
            raise Refused(40003)
        return line, person, self.world.phone(number_of(PROVIDER, person)), body

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Take a customer-service message, while a window is open."""
        line, person, phone, body = await self._person(request)
        media = self._check(body)
        self._use(line, person)
        self._accept(line, person, phone, words.in_words(body), words.drawn(body), media)
        return answer({"errcode": 0, "errmsg": "ok"})

    def _check(self, body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        """The files of a message; refused where WeChat would not take it."""
        kind = body.get("msgtype")
        if kind in {"image", "voice", "video"}:
            found = self.uploads.get(str(body.get(kind, {}).get("media_id")))
            if found is None:
                raise Refused(40007)
            return (found,)
        if kind not in {"text", "news", "msgmenu"}:
            raise Refused(40008)
        if len(words.in_words(body).encode()) > words.MAX_TEXT:
            raise Refused(45002)
        return ()

    def _accept(
        self,
        line: Line,
        person: str,
        phone: Phone,
        text: str,
        content: dict[str, Any] | None,
        media: tuple[tuple[str, str], ...] = (),
        way: str = "custom",
    ) -> Message:
        message = Message(
            sid=self.network.words.new_id(),
            provider=PROVIDER,
            account=line.account,
            direction="outbound",
            sender=line.address,
            to=person,
            body=text,
            phone=phone,
            line=line.address,
            status="accepted",
            media=media,
            content=content,
            traffic=way,
        )
        self.network.accept(message)
        return message

    async def typing(self, request: web.Request) -> web.StreamResponse:
        """The business is writing."""
        line, person, phone, body = await self._person(request)
        if body.get("command") == "Typing":
            self.network.typing(line, phone, person, "Typing")
        return answer({"errcode": 0, "errmsg": "ok"})

    async def templates(self, request: web.Request) -> web.StreamResponse:
        """The account's templates."""
        await self._line(request)
        return answer({"template_list": words.TEMPLATES})

    async def send_template(self, request: web.Request) -> web.StreamResponse:
        """Take a template message: at any time, to whoever follows; then tell what became of it."""
        line, person, phone, body = await self._person(request)
        rows = (row for row in words.TEMPLATES if row["template_id"] == body.get("template_id"))
        template = next(rows, None)
        if template is None:
            raise Refused(40037)
        if (line.address, phone.number) in self.world.blocks:
            raise Refused(43004)
        text = words.filled(template, body.get("data", {}))
        message = self._accept(line, person, phone, text, None, way="template")
        posted = words.finished(line, person, message.sid, "success")
        faults = self.carrier.faults_of(PROVIDER)
        self.carrier.postman.spawn(self.carrier.postman.deliver(posted.url, posted.letter, faults))
        return answer({"errcode": 0, "errmsg": "ok", "msgid": int(message.sid)})

    # --- Files ----------------------------------------------------------------------------------

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Keep a file for three days."""
        line, kind = await self._line(request), request.query.get("type", "")
        part = await (await request.multipart()).next()
        if kind not in KINDS or not isinstance(part, BodyPartReader) or part.name != "media":
            raise Refused(40004)
        content_type = part.headers.get("Content-Type", "application/octet-stream")
        given = [Given(content_type, bytes(await part.read()))]
        account, origin = line.account if line else "", str(request.url.origin())
        [kept] = self.carrier.media.keep_open(given, origin=origin, account=account, message="")
        media_id = kept[0].rpartition("/")[2]
        self.uploads[media_id] = kept
        return answer({"type": kind, "media_id": media_id, "created_at": int(time.time())})

    async def media(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file; of a video only where they are."""
        await self._line(request)
        media_id = request.query.get("media_id", "")
        kept = self.carrier.media.files.get(media_id)
        if kept is None:
            raise Refused(40007)
        if kept.content_type.startswith("video/"):
            place = request.url.origin().with_path(f"/twilio-cdn/{media_id}")
            return answer({"video_url": str(place)})
        return web.Response(body=kept.data, headers={"Content-Type": kept.content_type})

    async def nowhere(self, request: web.Request) -> web.StreamResponse:
        """Anything else."""
        return web.Response(status=404)


async def read(request: web.Request) -> dict[str, Any]:
    """The JSON object of the body; what is escaped in it is shown as it stands."""
    raw = (await request.read()).replace(b"\\u", b"\\\\u")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refused(47001)
    return body


def refusal(refused: Refused) -> web.Response:
    """An error as WeChat answers it."""
    if refused.status != 200:
        return web.Response(status=refused.status)
    text = f"{words.ERRORS[refused.code]} rid: 5e0f9a6b-simulated"
    return answer({"errcode": refused.code, "errmsg": text})
