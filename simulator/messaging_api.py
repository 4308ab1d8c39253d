"""A look-alike of the Send API of Messenger and Instagram, and of answers below comments."""

import asyncio
import re
from typing import Any

import orjson
from aiohttp import web

from simulator import messaging_words as words
from simulator.bodies import answer
from simulator.carrier import Carrier
from simulator.faults import happens
from simulator.identities import number_of
from simulator.lines import Line, Lines
from simulator.messaging_network import MessagingNetwork
from simulator.messaging_words import Json, Refused
from simulator.twilio_calls import Handler, cut_off
from simulator.world import Message, Phone, Shown

FAULTS = (("rate_429", 613), ("rate_500", 1), ("rate_503", 2), ("rate_credentials", 190))
TYPES = {"RESPONSE", "UPDATE", "MESSAGE_TAG"}
ACTIONS = {"typing_on", "typing_off", "mark_seen", "react", "unreact"}
FILES = {"image", "video", "audio", "file"}
# A token of no channel tells by its end whose it is.
OWNER = re.compile(r"\d{5,25}$")


class MessagingApi:
    """``/<provider>/<version>/…`` of one of the two."""

    def __init__(self, carrier: Carrier, network: MessagingNetwork, lines: Lines) -> None:
        self.carrier = carrier
        self.world = carrier.world
        self.network = network
        self.kind = network.kind
        self.lines = lines

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        root = f"/{self.kind.provider}"
        node = rf"{root}/{{version:v\d+\.\d+}}/{{node:[\w.]+}}"
        edges = dict.fromkeys((self.kind.edge, "comments"))
        return [
            web.post(f"{node}/messages", self.guarded(self.post)),
            *(web.post(f"{node}/{edge}", self.guarded(self.comment)) for edge in edges),
            web.get(node, self.guarded(self.node)),
            web.route("*", f"{root}/{{rest:.*}}", self.guarded(self.nowhere)),
        ]

    def guarded(self, handler: Handler) -> Handler:
        """A handler behind the fault knobs; what it refuses becomes an answer."""

        async def handle(request: web.Request) -> web.StreamResponse:
            faults = self.carrier.faults_of(self.kind.provider)
            try:
                if happens(faults.drop_connection):
                    cut_off(request)
                    raise Refused(2)
                for name, code in FAULTS:
                    if happens(getattr(faults, name)):
                        await asyncio.sleep(faults.latency_ms / 1000)
                        raise Refused(code)
                return await handler(request)
            except Refused as refused:
                status, body = words.error(refused)
                return answer(body, status)

        return handle

    async def _line(self, request: web.Request) -> tuple[Line | None, str]:
        """The account whose token this is, and the token."""
        kind, _space, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token or token.startswith("wrong"):
            raise Refused(190)
        found = self._of_token(token)
        if found is None:  # perhaps a channel that was added a moment ago
            await self.lines.refresh()
            found = self._of_token(token)
        return found, token

    def _of_token(self, token: str) -> Line | None:
        own = (one for one in self.lines.all if one.provider == self.kind.provider)
        return next((one for one in own if token in one.tokens), None)

    async def _account(self, request: web.Request) -> Line:
        line, _token = await self._line(request)
        if line is None:
            raise Refused(190)
        return line

    # --- Messages ---------------------------------------------------------------------------------

    async def post(self, request: web.Request) -> web.StreamResponse:
        """A message, or a sign of life."""
        line = await self._account(request)
        if request.match_info["node"] not in {"me", line.service}:
            raise Refused(100, "Unsupported post request.")
        body = await read_object(request)
        phone, private = self._recipient(body)
        person = body["recipient"].get("id")
        if "sender_action" in body:
            return answer(self._signal(line, phone, body, person))
        if not private:
            self._check_type(line, phone, body)
        message = self._message(line, phone, check(body.get("message"), self.kind.longest))
        self.network.accept(message)
        await self._answer_late(request)
        return answer({"recipient_id": person or message.to, "message_id": message.sid})

    def _recipient(self, body: Json) -> tuple[Phone, bool]:
        """The person, and whether they are only known by a comment."""
        recipient = body.get("recipient")
        found = recipient if isinstance(recipient, dict) else {}
        if isinstance(found.get("comment_id"), str):
            if found["comment_id"] not in self.network.comments:
                raise Refused(100, "Invalid comment_id.")
            return self.network.comments[found["comment_id"]][0], True
        identity = found.get("id")
        if not isinstance(identity, str) or not identity:
            raise Refused(100, "Param recipient must be set.")
        number = number_of(self.kind.provider, identity)
        if number not in self.world.phones:
            raise Refused(100, "No matching user found.", subcode=2018001)
        return self.world.phone(number), False

    def _check_type(self, line: Line, phone: Phone, body: Json) -> None:
        kind, tag = body.get("messaging_type"), body.get("tag", "")
        if kind not in TYPES or (kind == "MESSAGE_TAG") != bool(tag):
            raise Refused(100, "messaging_type is missing or wrong.")
        if tag and tag != "HUMAN_AGENT":
            raise Refused(100, "This message tag is deprecated.", subcode=1893061)
        self.network.check_window(line, phone, str(tag))

    def _message(self, line: Line, phone: Phone, said: Json) -> Message:
        return Message(
            sid=words.new_mid(self.kind),
            provider=self.kind.provider,
            account=line.account,
            direction="outbound",
            sender=line.address,
            to=phone.number,
            body=words.in_words(said),
            phone=phone,
            line=line.address,
            status="sent",
            service=line.service,
            callback=line.webhook_url,
            token=line.token,
            content=said,
            shown=words.shown(said),
        )

    def _signal(self, line: Line, phone: Phone, body: Json, person: object) -> Json:
        kind = body["sender_action"]
        if kind not in ACTIONS:
            raise Refused(100, "Invalid sender_action.")
        provider = self.kind.provider
        about, given = "", body.get("payload")
        if kind in {"react", "unreact"}:
            about = str(given.get("message_id", "")) if isinstance(given, dict) else ""
            if about not in self.world.by_sid:
                raise Refused(100, "No matching message found.")
        self.world.signals.append(Shown(provider, line.address, phone.number, kind, about))
        if kind == "typing_on":
            event = {"type": "typing", "phone": phone.number, "line": line.address}
            self.world.publish(phone, event)
        if kind == "mark_seen":
            for one in phone.thread:
                if one.direction == "inbound" and one.line == line.address:
                    one.status = "read"
                    self.world.show(one)
        return {"recipient_id": person}

    async def _answer_late(self, request: web.Request) -> None:
        faults = self.carrier.faults_of(self.kind.provider)
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if happens(faults.drop_after_accept):
            cut_off(request)

    # --- The rest ---------------------------------------------------------------------------------

    async def comment(self, request: web.Request) -> web.StreamResponse:
        """An answer that everybody can read, below a comment."""
        line = await self._account(request)
        body, about = await read_object(request), request.match_info["node"]
        known = self.network.comments.get(about)
        edge = request.path.rpartition("/")[2]
        if known is None or edge != self.kind.edge:
            raise Refused(100, "Object does not exist or does not support this operation.")
        text, picture = body.get("message", ""), body.get("attachment_url")
        if not isinstance(text, str) or not (text or picture):
            raise Refused(100, "Param message must be set.")
        message = self._message(line, known[0], {"text": text or str(picture)})
        message.sid = words.new_comment(self.kind, known[1])
        message.traffic, message.reference, message.content = "comment", about, body
        self.network.comments[message.sid] = known
        self.network.accept(message)
        await self._answer_late(request)
        return answer({"id": message.sid})

    async def node(self, request: web.Request) -> web.StreamResponse:
        """Whose token it is, or an account by its id."""
        line, token = await self._line(request)
        node = request.match_info["node"]
        owner = OWNER.search(token)
        identity = line.service if line else (owner.group() if owner else "")
        if node != "me":
            if line is not None and node != line.service:
                raise Refused(100, "Unsupported get request.")
            identity = node
        if not identity:
            raise Refused(190)
        name = line.name if line else "Simulated account"
        user = (line.address if line else "simulated").removeprefix("@")
        return answer({"id": identity, "user_id": identity, "name": name, "username": user})

    async def nowhere(self, request: web.Request) -> web.StreamResponse:
        """Anything else."""
        raise Refused(2500)


async def read_object(request: web.Request) -> Json:
    """The JSON object of the body."""
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refused(100, "The body must be a JSON object.")
    return body


def check(said: object, longest: int) -> Json:
    """The message, if it is one that Meta would take; Refused otherwise."""
    found = said if isinstance(said, dict) else {}
    text, attached = found.get("text"), found.get("attachment")
    if (text is None) == (attached is None):
        raise Refused(100, "A message has either text or an attachment.")
    if text is not None:
        _words(text, longest)
    else:
        _attachment(attached)
    quick = found.get("quick_replies", [])
    if not isinstance(quick, list) or len(quick) > 13:
        raise Refused(100, "There are at most 13 quick replies.")
    for one in quick:
        if one.get("content_type") != "text":
            raise Refused(100, "content_type must be text.")
        _words(one.get("title"), 20)
        _words(one.get("payload"), 1000)
    return found


def _attachment(attached: Any) -> None:
    kind = attached.get("type") if isinstance(attached, dict) else None
    payload = attached.get("payload") if kind else None
    if not isinstance(payload, dict):
        raise Refused(100, "An attachment needs a type and a payload.")
    if kind in FILES:
        url = payload.get("url")
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise Refused(100, "url should represent a valid URL")
        return
    if kind == "template" and payload.get("template_type") == "button":
        _words(payload.get("text"), 640)
        _buttons(payload.get("buttons"))
    elif kind == "template" and payload.get("template_type") == "generic":
        _elements(payload.get("elements"))
    else:
        raise Refused(100, "This kind of attachment is not known.")


def _elements(elements: Any) -> None:
    if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
        raise Refused(100, "A generic template has 1 to 10 elements.")
    for one in elements:
        _words(one.get("title"), 80)
        if not {"subtitle", "image_url", "buttons"} & one.keys():
            raise Refused(100, "An element needs more than a title.")
        if "subtitle" in one:
            _words(one["subtitle"], 80)
        if "buttons" in one:
            _buttons(one["buttons"])


def _buttons(buttons: Any) -> None:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise Refused(100, "There are 1 to 3 buttons.")
    for one in buttons:
        if one.get("type") not in {"web_url", "postback", "phone_number"}:
            raise Refused(100, "This kind of button is not known.")
        _words(one.get("title"), 20)
        _words(one.get("url" if one["type"] == "web_url" else "payload"), 1000)


def _words(value: Any, limit: int) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        raise Refused(100, f"Length of param must be between 1 and {limit}.")
