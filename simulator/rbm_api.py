"""A look-alike of Google's RCS Business Messaging API, as far as the product uses it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from simulator import rbm_words as words
from simulator.bodies import answer
from simulator.carrier import Carrier
from simulator.faults import Faults, happens
from simulator.lines import Line, Lines
from simulator.rbm_network import RbmNetwork, TooLate
from simulator.rbm_tokens import WRONG, Refused, Tokens
from simulator.twilio_calls import cut_off, read_form
from simulator.world import Message, Phone, Shown

PROVIDER = "google_rcs"
MAX_USERS = 10_000
# An agent with this in its id has no carrier yet, and no testers either.
UNLAUNCHED = "unlaunched"
EVENTS = {"IS_TYPING", "READ"}
EVENT_LIMIT = 100_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Problem(Exception):
    """The call is answered with one of Google's errors."""

    def __init__(self, word: str, text: str) -> None:
        super().__init__(text)
        self.word = word
        self.text = text


FAULTS = (
    ("rate_429", Problem("RESOURCE_EXHAUSTED", "Quota exceeded")),
    ("rate_500", Problem("INTERNAL", "Internal error encountered.")),
    ("rate_503", Problem("UNAVAILABLE", "The service is currently unavailable.")),
    ("rate_credentials", Problem("UNAUTHENTICATED", "Invalid authentication credentials")),
)


class RbmApi:
    """The resources below ``/google_rcs/``."""

    def __init__(self, carrier: Carrier, network: RbmNetwork, lines: Lines) -> None:
        self.carrier = carrier
        self.network = network
        self.world = carrier.world
        self.lines = lines
        self.tokens = Tokens(lines)
        self.events: dict[str, None] = {}

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        root = f"/{PROVIDER}/{words.VERSION}"
        phone = f"{root}/phones/{{number}}"
        return [
            web.post(f"/{PROVIDER}/token", self.token),
            web.post(f"{phone}/agentMessages", self.guarded(self.send)),
            web.delete(f"{phone}/agentMessages/{{id}}", self.guarded(self.revoke)),
            web.post(f"{phone}/agentEvents", self.guarded(self.event)),
            web.get(f"{phone}/capabilities", self.guarded(self.capabilities)),
            web.post(f"{root}/users:batchGet", self.guarded(self.batch)),
            web.route("*", f"/{PROVIDER}/{{rest:.*}}", self.nowhere),
        ]

    async def token(self, request: web.Request) -> web.StreamResponse:
        """Change a signed claim for a token."""
        try:
            return answer(await self.tokens.change(await read_form(request)))
        except Refused as refused:
            said = {"error": "invalid_grant", "error_description": str(refused)}
            return answer(said, 400)

    def guarded(self, handler: Handler) -> Handler:
        """A handler behind the token and the fault knobs; what it refuses becomes an answer."""

        async def handle(request: web.Request) -> web.StreamResponse:
            faults = self.carrier.faults_of(PROVIDER)
            try:
                await _check_faults(faults)
                found = await handler(request)
            except Problem as problem:
                return refusal(problem)
            if faults.latency_ms:
                await asyncio.sleep(faults.latency_ms / 1000)
            if request.method != "GET" and happens(faults.drop_after_accept):
                cut_off(request)
            return found

        return handle

    async def _agent(self, request: web.Request, agent: object) -> tuple[str, Line | None]:
        """The agent a call is about, and its line; Problem unless its account may use it."""
        account = self.tokens.account(request.headers.get("Authorization", ""))
        if account is None:
            raise Problem("UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if not isinstance(agent, str) or not agent:
            raise Problem("INVALID_ARGUMENT", "agentId is required.")
        line = self.lines.by_address.get((PROVIDER, agent))
        if line is None:  # perhaps a channel that was added a moment ago
            await self.lines.refresh()
            line = self.lines.by_address.get((PROVIDER, agent))
        owner = line.agent.email if line and line.agent else account
        if agent.startswith(WRONG) or owner != account:
            raise Problem("PERMISSION_DENIED", f"The caller may not use the agent {agent}.")
        return agent, line

    async def _phone(self, request: web.Request) -> tuple[Phone, str, Line | None]:
        """The phone, the agent and its line; Problem when the agent cannot reach the phone."""
        agent, line = await self._agent(request, request.query.get("agentId"))
        number = request.match_info["number"]
        if not words.PHONE.fullmatch(number):
            raise Problem("INVALID_ARGUMENT", f"{number} is not a phone number in E.164 format.")
        if UNLAUNCHED in agent:
            raise Problem("PERMISSION_DENIED", f"{agent} is not launched; {number} is no tester.")
        phone = self.world.phones.get(number)
        if phone is None or not phone.rcs:
            raise Problem("NOT_FOUND", f"{number} is not reachable over RCS.")
        return phone, agent, line

    # --- Messages ---------------------------------------------------------------------------------

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Take a message; one whose id was seen before is answered again, and nothing more."""
        identity = _identity(request, "messageId")
        known = self.world.by_sid.get(identity)
        if known is not None and known.provider == PROVIDER:
            await self._agent(request, request.query.get("agentId"))
            return answer(words.resource(known))
        phone, agent, line = await self._phone(request)
        body = await read_json(request)
        try:
            content, lasts = words.check_message(body), words.lifetime(body)
        except words.Wrong as wrong:
            raise Problem("INVALID_ARGUMENT", str(wrong)) from None
        message = Message(
            sid=identity,
            provider=PROVIDER,
            account=agent,
            direction="outbound",
            sender=agent,
            to=phone.number,
            body=words.in_words(content),
            phone=phone,
            line=agent,
            status="sent",
            callback=line.webhook_url if line else "",
            token=line.token if line else "",
            content=content,
            traffic=body["messageTrafficType"],
        )
        if identity not in self.events:
            self.network.accept(message, lasts)
        return answer(words.resource(message))

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        """Withdraw a message; NOT_FOUND for one that was delivered, or never there."""
        agent, _line = await self._agent(request, request.query.get("agentId"))
        message = self.world.by_sid.get(request.match_info["id"])
        ours = message is not None and (message.account, message.to) == (
            agent,
            request.match_info["number"],
        )
        try:
            if message is None or not ours:
                raise TooLate
            self.network.revoke(message)
        except TooLate:
            raise Problem("NOT_FOUND", "There is no such message waiting.") from None
        return answer({})

    async def event(self, request: web.Request) -> web.StreamResponse:
        """The business writes at this moment, or has read something."""
        identity = _identity(request, "eventId")
        phone, agent, _line = await self._phone(request)
        body = await read_json(request)
        kind = body.get("eventType")
        if kind not in EVENTS or (kind == "READ" and not isinstance(body.get("messageId"), str)):
            raise Problem("INVALID_ARGUMENT", "eventType must be IS_TYPING or READ.")
        if identity not in self.events:
            self._remember(identity)
            self._happens(phone, agent, kind, str(body.get("messageId", "")))
        name = f"phones/{phone.number}/agentEvents/{identity}"
        return answer({"name": name, "eventType": kind})

    def _happens(self, phone: Phone, agent: str, kind: str, about: str) -> None:
        self.world.signals.append(Shown(PROVIDER, agent, phone.number, kind, about))
        if kind == "IS_TYPING":
            self.world.publish(phone, {"type": "typing", "phone": phone.number, "line": agent})
            return
        message = self.world.by_sid.get(about)
        if message and message.direction == "inbound" and message.phone is phone:
            message.status = "read"
            self.world.show(message)

    def _remember(self, identity: str) -> None:
        self.events[identity] = None
        while len(self.events) > EVENT_LIMIT:
            self.events.pop(next(iter(self.events)))

    # --- Capabilities -----------------------------------------------------------------------------

    async def capabilities(self, request: web.Request) -> web.StreamResponse:
        """What a phone can show."""
        _identity(request, "requestId")
        await self._phone(request)
        return answer({"features": words.FEATURES})

    async def batch(self, request: web.Request) -> web.StreamResponse:
        """Which of these phones the agent can reach."""
        body = await read_json(request)
        agent, _line = await self._agent(request, body.get("agentId"))
        users = body.get("users")
        if not isinstance(users, list) or not 0 < len(users) <= MAX_USERS:
            raise Problem("INVALID_ARGUMENT", f"users must name 1 to {MAX_USERS} numbers.")
        phones, sample = self.world.phones, len(users) * 3 // 4 if len(users) >= 500 else 0
        having = [] if UNLAUNCHED in agent else [n for n in users if n in phones and phones[n].rcs]
        found: dict[str, Any] = {"reachableUsers": having} if having else {}
        if sample:
            found["totalRandomSampleUserCount"] = sample
            found["reachableRandomSampleUserCount"] = sample * len(having) // len(users)
        return answer(found)

    async def nowhere(self, request: web.Request) -> web.StreamResponse:
        """Anything else."""
        return refusal(Problem("NOT_FOUND", "Method not found."))


async def _check_faults(faults: Faults) -> None:
    for name, problem in FAULTS:
        if happens(getattr(faults, name)):
            await asyncio.sleep(faults.latency_ms / 1000)
            raise problem


def _identity(request: web.Request, name: str) -> str:
    value = request.query.get(name, "")
    if not words.is_uuid(value):
        raise Problem("INVALID_ARGUMENT", f"{name} must be a UUID.")
    return value


async def read_json(request: web.Request) -> dict[str, Any]:
    """The body; Problem when it is no JSON object."""
    try:
        found = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Problem("INVALID_ARGUMENT", "Invalid JSON payload received.")
    return found


def refusal(problem: Problem) -> web.Response:
    """An error as Google answers it."""
    return answer(words.problem(problem.word, problem.text), words.STATUSES[problem.word])
