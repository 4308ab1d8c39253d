"""A look-alike of Telegram's Bot API, as far as the product uses it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import BodyPartReader, web

from simulator import telegram_words as words
from simulator.bodies import answer
from simulator.carrier import Carrier
from simulator.faults import happens
from simulator.lines import Line, Lines
from simulator.telegram_network import TelegramNetwork
from simulator.telegram_words import Wrong
from simulator.twilio_calls import cut_off
from simulator.twilio_media import Given
from simulator.world import Message, Shown

PROVIDER = "telegram"
RETRY_AFTER_S = 1
FAULTS = (
    (
        "rate_429",
        Wrong(429, f"Too Many Requests: retry after {RETRY_AFTER_S}", retry_after=RETRY_AFTER_S),
    ),
    ("rate_500", Wrong(500, "Internal Server Error")),
    ("rate_503", Wrong(503, "Service Unavailable")),
    ("rate_credentials", Wrong(401, "Unauthorized")),
)
Fields = dict[str, Any]
Method = Callable[[web.Request, Line | None, Fields], Awaitable[Any]]


class TelegramApi:
    """``/telegram/bot<token>/<method>`` and ``/telegram/file/bot<token>/<path>``."""

    def __init__(self, carrier: Carrier, network: TelegramNetwork, lines: Lines) -> None:
        self.carrier = carrier
        self.network = network
        self.world = carrier.world
        self.lines = lines
        self.methods: dict[str, Method] = {
            "getMe": self.get_me,
            "getFile": self.get_file,
            "setWebhook": self.set_webhook,
            "sendChatAction": self.chat_action,
            "setMessageReaction": self.react,
            **dict.fromkeys(words.METHODS, self.send),
        }

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        return [
            web.get(f"/{PROVIDER}/file/bot{{token}}/{{path:.+}}", self.file),
            web.route("*", f"/{PROVIDER}/bot{{token}}/{{method}}", self.call),
            web.route("*", f"/{PROVIDER}/{{rest:.*}}", self.nowhere),
        ]

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Any method, behind the fault knobs and the token; what it refuses becomes an answer."""
        faults = self.carrier.faults_of(PROVIDER)
        try:
            for name, wrong in FAULTS:
                if happens(getattr(faults, name)):
                    raise wrong
            line = await self._line(request.match_info["token"])
            method = self.methods.get(request.match_info["method"])
            if method is None:
                raise Wrong(404, "Not Found")
            found = answer({"ok": True, "result": await method(request, line, await read(request))})
        except Wrong as wrong:
            return refusal(wrong)
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if request.match_info["method"].startswith("send") and happens(faults.drop_after_accept):
            cut_off(request)
        return found

    async def _line(self, token: str) -> Line | None:
        """Whose token it is. None for one that no channel has yet, so that it can be tried."""
        if not words.TOKEN.fullmatch(token) or token.partition(":")[2].startswith("wrong"):
            raise Wrong(401, "Unauthorized")
        if self._known(token) is None:
            await self.lines.refresh()
        return self._known(token)

    def _known(self, token: str) -> Line | None:
        own = (line for line in self.lines.all if line.provider == PROVIDER)
        return next((line for line in own if token in line.tokens), None)

    # --- Methods --------------------------------------------------------------------------------

    async def get_me(self, request: web.Request, line: Line | None, fields: Fields) -> Any:
        """The bot itself."""
        name = line.address.lstrip("@") if line else "simulated_bot"
        number = int(request.match_info["token"].partition(":")[0])
        shown = line.name if line else "Simulated bot"
        return {"id": number, "is_bot": True, "first_name": shown, "username": name}

    async def set_webhook(self, request: web.Request, line: Line | None, fields: Fields) -> Any:
        """Take an address. Here webhooks go where the channel has them anyway."""
        if not str(fields.get("url", "")).startswith(("https://", "http://")):
            raise Wrong(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if not words.SECRET.fullmatch(str(fields.get("secret_token", ""))):
            raise Wrong(400, "Bad Request: secret token contains unallowed characters")
        return True

    async def chat_action(self, request: web.Request, line: Line | None, fields: Fields) -> Any:
        """Somebody of the business writes."""
        person, sender = self._chat(line, fields), line.address if line else ""
        phone = self.network.phone(person)
        kind = str(fields.get("action"))
        self.world.signals.append(Shown(PROVIDER, sender, person, kind, ""))
        event = {"type": "typing", "phone": phone.number, "line": sender}
        self.world.publish(phone, event)
        return True

    async def react(self, request: web.Request, line: Line | None, fields: Fields) -> Any:
        """The bot gives a message an emoji, or takes it back."""
        person, sender = self._chat(line, fields), line.address if line else ""
        given = fields.get("reaction")
        if not isinstance(given, list) or len(given) > 1:
            raise Wrong(400, "Bad Request: REACTIONS_TOO_MANY")
        about = self.world.by_sid.get(f"{person}:{fields.get('message_id')}")
        if about is None:
            raise Wrong(400, "Bad Request: message to react not found")
        emoji = str(given[0].get("emoji", "")) if given else ""
        self.world.signals.append(Shown(PROVIDER, sender, person, f"reaction {emoji}", about.sid))
        return True

    async def send(self, request: web.Request, line: Line | None, fields: Fields) -> Any:
        """Take a message of any kind."""
        method = request.match_info["method"]
        files = fields.pop("files", {})
        words.check(method, fields)
        person = self._chat(line, fields)
        phone = self.network.phone(person)
        message = Message(
            sid=f"{person}:{next(self.network.numbers)}",
            provider=PROVIDER,
            account=line.account if line else "",
            direction="outbound",
            sender=line.address if line else "",
            to=person,
            body=fields.get("text") or fields.get("caption") or fields.get("title") or "",
            phone=phone,
            line=line.address if line else "",
            status="sent",
            media=self._media(request, method, fields, files),
            content=words.shown(fields | {"method": method}),
            location=_place(fields),
        )
        self.network.accept(message)
        taken = words.accepted(message, fields)
        if method != "sendMediaGroup":
            return taken
        numbers = [
            message.sid,
            *(f"{person}:{next(self.network.numbers)}" for _ in fields["media"][1:]),
        ]
        return [{**taken, "message_id": int(one.partition(":")[2])} for one in numbers]

    def _media(
        self, request: web.Request, method: str, fields: Fields, files: dict[str, Given]
    ) -> tuple[tuple[str, str], ...]:
        """The files of a message, uploaded or at an address."""
        name = words.FILES.get(method)
        named = [(name, str(fields.get(name) or ""))] if name else []
        if method == "sendMediaGroup":
            links = [str(one["media"]) for one in fields["media"]]
            named = [(link.removeprefix("attach://"), link) for link in links]
        given = [files.get(field) or Given("", url=url) for field, url in named]
        if any(not one.data and not one.url.startswith("http") for one in given):
            raise Wrong(400, "Bad Request: there is no file in the request")
        if any(len(one.data) > words.MAX_FILE for one in given):
            raise Wrong(413, "Request Entity Too Large")
        origin = str(request.url.origin())
        return self.carrier.media.keep_open(given, origin=origin, account="", message="")

    def _chat(self, line: Line | None, fields: Fields) -> str:
        """The chat of a call; Wrong where nobody is, or somebody who has blocked the bot."""
        person = str(fields.get("chat_id", ""))
        if not person.isdecimal():
            raise Wrong(400, "Bad Request: chat not found")
        phone = self.network.phone(person)
        if self.network.blocked(line, phone):
            raise Wrong(403, "Forbidden: bot was blocked by the user")
        if phone.error_code:
            raise Wrong(phone.error_code, f"Error {phone.error_code}")
        return person

    async def get_file(self, request: web.Request, line: Line | None, fields: Fields) -> Any:
        """Where a customer's file lies."""
        file_id = str(fields.get("file_id", ""))
        kept = self.carrier.media.files.get(file_id)
        if kept is None:
            raise Wrong(400, "Bad Request: invalid file_id")
        folder = words.FIELDS.get(kept.content_type.partition("/")[0], "document")
        path = f"{words.PATHS[folder]}/{file_id}"
        return {"file_id": file_id, "file_size": len(kept.data), "file_path": path}

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A customer's file, for whoever has the token."""
        try:
            await self._line(request.match_info["token"])
        except Wrong as wrong:
            return refusal(wrong)
        kept = self.carrier.media.files.get(request.match_info["path"].rpartition("/")[2])
        if kept is None:
            return refusal(Wrong(404, "Not Found"))
        # Telegram does not say what it is.
        return web.Response(body=kept.data, content_type="application/octet-stream")

    async def nowhere(self, request: web.Request) -> web.StreamResponse:
        """Anything else."""
        return refusal(Wrong(404, "Not Found"))


async def read(request: web.Request) -> Fields:
    """The fields of a call, from JSON or a form; ``files`` is what is uploaded with it."""
    if request.content_type != "multipart/form-data":
        raw = await request.read()
        try:
            found = orjson.loads(raw) if raw else dict(request.query)
        except orjson.JSONDecodeError:
            raise Wrong(400, "Bad Request: can't parse JSON") from None
        return found if isinstance(found, dict) else {}
    fields: Fields = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or not part.name:
            continue
        raw = bytes(await part.read())
        if part.filename:
            kind = part.headers.get("Content-Type", "")
            fields.setdefault("files", {})[part.name] = Given(kind, data=raw)
        else:
            text = raw.decode()
            fields[part.name] = orjson.loads(text) if text.startswith(("{", "[")) else text
    return fields


def _place(fields: Fields) -> tuple[float, float] | None:
    if "latitude" not in fields:
        return None
    return float(fields["latitude"]), float(fields["longitude"])


def refusal(wrong: Wrong) -> web.Response:
    """An error as Telegram answers it."""
    return answer(words.problem(wrong), wrong.code)
