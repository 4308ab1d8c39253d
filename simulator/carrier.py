"""What happens to messages between the provider and the phones, and what is reported of it."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Protocol

from simulator import http_words, twilio_words
from simulator.faults import Faults, happens
from simulator.happenings import Eventful
from simulator.lines import Line
from simulator.postman import Letter, Postman, http_letter, twilio_letter, worth_another_try
from simulator.twilio_media import Given, Media
from simulator.world import ACTION, Message, Phone, World, new_sid

SENT_AFTER_S = 0.05
ARRIVES_AFTER_S = 0.15
# How far a report falls back that another one shall overtake.
OVERTAKEN_S = 1.0

# How each provider words its webhooks and writes them, and which handle opt-outs themselves.
WORDS = {"twilio": twilio_words, "http": http_words}
LETTERS = {"twilio": twilio_letter, "http": http_letter}
# What a message is whose time ended before its phone was on: the provider's status and code.
TOO_LATE = {
    "twilio": ("undelivered", 30036),
    "http": ("expired", 0),
    "smpp": ("expired", 0),
    "email": ("expired", 0),
}
MINDS_KEYWORDS = frozenset({"twilio"})


@dataclass(frozen=True, slots=True)
class Said:
    """What a customer writes, taps or shares.

    ``sid``: the id it shall have, if any; one that exists already is repeated. ``payload`` is what
    a tapped suggestion carries, ``action`` whether the tap opened or called something,
    ``location`` latitude and longitude in degrees, ``origin`` where its files can be fetched,
    ``reply_to`` the message it answers, where that is told. ``mail``: ``subject``, ``in_reply_to``
    and ``raw`` of a mail, as far as they are given.
    """

    text: str = ""
    media: tuple[Given, ...] = ()
    sid: str = ""
    payload: str | None = None
    action: bool = False
    location: tuple[float, float] | None = None
    origin: str = ""
    reply_to: str = ""
    mail: dict[str, Any] | None = None


class Network(Protocol):
    """How one provider's messages come to phones and from them."""

    def arrive(self, message: Message) -> None:
        """A message reaches its phone, or waits for it."""

    async def write(self, line: Line, phone: Phone, said: Said) -> tuple[Message, int | None]:
        """A customer writes: the message, and its webhook's HTTP status (None: no answer)."""

    def seen(self, phone: Phone) -> None:
        """The customer has looked at the phone."""


class Remembering(Protocol):
    """A network that counts for how long a customer may be written to."""

    def remember(self, line: Line, address: str, at: float) -> None:
        """The person with this address wrote at this moment, before the simulator began."""


class Courier(Protocol):
    """Speaks to the product where a provider does not do so by webhooks."""

    def report(self, message: Message, status: str) -> None:
        """Tell what became of a message."""

    async def carry(self, line: Line, message: Message) -> int | None:
        """Bring what a customer wrote; an HTTP status, None while the product is away."""


class Carrier:
    """Moves messages, keeps opt-outs, and reports to the product; SMS by itself.

    ``networks`` are all of them, by provider, ``eventful`` those on which customers do more.
    """

    def __init__(self, world: World, postman: Postman) -> None:
        self.world = world
        self.postman = postman
        self.faults: dict[str, Faults] = {}
        self.networks: dict[str, Network] = dict.fromkeys(("twilio", "http", "smpp", "email"), self)
        self.couriers: dict[str, Courier] = {}
        self.eventful: dict[str, Eventful] = {}
        self.remembering: dict[str, Remembering] = {}
        self.media = Media()

    def faults_of(self, provider: str) -> Faults:
        """How this provider misbehaves at the moment."""
        return self.faults.get(provider) or Faults()

    # --- From the business to the customer -----------------------------------------------------

    def accept(self, message: Message) -> None:
        """Take a message from the business; it is on its way from now on."""
        self.world.add(message)
        asyncio.get_running_loop().call_later(SENT_AFTER_S, self.leave, message)

    def leave(self, message: Message) -> None:
        """The message leaves the provider for its phone."""
        if message.service:
            self._report(message, "queued")
        self._move(message, "sent")
        message.sent_at = message.updated
        asyncio.get_running_loop().call_later(ARRIVES_AFTER_S, self.arrive, message)

    def arrive(self, message: Message) -> None:
        """The phone shows it, keeps it waiting or fails."""
        phone = message.phone
        message.error_code = phone.error_code
        if phone.error_code:
            self._move(message, "undelivered")
        elif not phone.online:
            phone.held.append(message)
            self._wait(message)
            self.world.publish(phone, {"type": "phone"})
        else:
            phone.unread += 1
            self._move(message, "delivered")
            message.displayed_at = message.updated
            self.world.show(message)

    def _wait(self, message: Message) -> None:
        """Let a held message end when its time is over."""
        if message.validity_s is not None and message.lapse is None:
            left = message.at + message.validity_s - time.time()
            loop = asyncio.get_running_loop()
            message.lapse = loop.call_later(max(0.0, left), self._lapse, message)

    def _lapse(self, message: Message) -> None:
        if message not in message.phone.held:
            return
        message.phone.held.remove(message)
        status, message.error_code = TOO_LATE[message.provider]
        self._move(message, status)
        self.world.publish(message.phone, {"type": "phone"})

    def switch(self, phone: Phone, *, online: bool) -> None:
        """Turn a phone on or off; on, it gets everything that waited for it."""
        phone.online = online
        if online:
            held, phone.held = phone.held, []
            for message in held:
                self.networks[message.network].arrive(message)
        self.world.publish(phone, {"type": "phone"})

    def _move(self, message: Message, status: str) -> None:
        message.status = status
        message.updated = time.time()
        self._report(message, status)

    def _report(self, message: Message, status: str) -> None:
        courier = self.couriers.get(message.provider)
        if courier is not None:
            courier.report(message, status)
        elif message.callback:
            fields = WORDS[message.provider].status_fields(message, status)
            letter = LETTERS[message.provider](message.callback, fields, message.token)
            self.report(message, letter, may_be_overtaken=status != "delivered")

    def report(
        self, message: Message, letter: Letter, *, may_be_overtaken: bool, after_s: float = 0
    ) -> None:
        """Send a report on a message to its callback, after those that were before it."""
        faults = self.faults_of(message.provider)
        overtaken = may_be_overtaken and happens(faults.reorder)
        apart = overtaken or after_s > 0
        pause = faults.late_status_s + after_s + (OVERTAKEN_S if overtaken else 0)
        previous = None if apart else message.reporting
        task = self.postman.spawn(self._deliver_report(message, letter, previous, pause, faults))
        if not apart:
            message.reporting = task

    async def _deliver_report(
        self,
        message: Message,
        letter: Letter,
        previous: "asyncio.Task[None] | None",
        pause: float,
        faults: Faults,
    ) -> None:
        if pause:
            await asyncio.sleep(pause)
        if previous:
            await asyncio.wait([previous])
        await self.postman.deliver(message.callback, letter, faults)
        if message.reporting is asyncio.current_task():
            message.reporting = None

    # --- From the customer to the business -----------------------------------------------------

    async def write(self, line: Line, phone: Phone, said: Said) -> tuple[Message, int | None]:
        """As Network says. While the product is away it is tried on in the background."""
        message = self.world.by_sid.get(said.sid) if said.sid else None
        if message is None:
            message = self.written(line, phone, said, new_sid("MM" if said.media else "SM"))
            if not said.action:
                self._follow_keyword(line, phone, message.body)
        courier = self.couriers.get(line.provider)
        if courier is not None:
            status = await courier.carry(line, message)
            self._settle(message, status)
            return message, status
        word = "" if said.action else twilio_words.keyword(message.body)
        fields = WORDS[line.provider].message_fields(message, word)
        letter = LETTERS[line.provider](line.webhook_url, fields, line.token)
        return message, await self.bring(line, message, letter)

    def written(self, line: Line, phone: Phone, said: Said, sid: str) -> Message:
        """A message of the customer's, seen on the phone."""
        sid = said.sid or sid
        keep = self.media.keep if line.provider == "twilio" else self.media.keep_open
        message = Message(
            sid=sid,
            provider=line.provider,
            account=line.account,
            direction="inbound",
            sender=phone.number,
            to=line.address,
            body=said.text,
            phone=phone,
            line=line.address,
            status="sending",
            service=line.service,
            media=keep(said.media, origin=said.origin, account=line.account, message=sid),
            payload=said.payload,
            location=said.location,
            traffic=ACTION if said.action else "",
            mail=said.mail,
            way=line.network,
        )
        self.world.add(message)
        self.world.show(message)
        return message

    async def bring(self, line: Line, message: Message, letter: Letter) -> int | None:
        """Bring the customer's message to the product: the first try's HTTP status."""
        faults = self.faults_of(line.provider)
        status = await self.postman.post_once(line.webhook_url, letter, faults)
        self._settle(message, status)
        if worth_another_try(status):
            self.postman.spawn(self._try_on(line, message, letter, faults))
        return status

    def seen(self, phone: Phone) -> None:
        """SMS does not tell who has read it."""

    async def tell(self, line: Line, phone: Phone, kind: str, about: str = "") -> int | None:
        """By SMS there is nothing but messages."""
        return None

    def _follow_keyword(self, line: Line, phone: Phone, text: str) -> None:
        """What the carrier does by itself at STOP and START, and says to the customer."""
        if line.provider not in MINDS_KEYWORDS:
            return
        word = twilio_words.keyword(text)
        if word == "STOP":
            self.world.blocks.add((line.sender, phone.number))
        elif word == "START":
            self.world.blocks.discard((line.sender, phone.number))
        if word:
            asyncio.get_running_loop().call_later(
                ARRIVES_AFTER_S, self._answer, line, phone, twilio_words.ANSWERS[word]
            )

    def _answer(self, line: Line, phone: Phone, text: str) -> None:
        answer = Message(
            sid=new_sid("SM"),
            provider=line.provider,
            account=line.account,
            direction="answer",
            sender=line.address,
            to=phone.number,
            body=text,
            phone=phone,
            line=line.address,
            status="delivered",
            way=line.network,
        )
        self.world.add(answer)
        phone.unread += 1
        self.world.show(answer)

    async def _try_on(self, line: Line, message: Message, letter: Letter, faults: Faults) -> None:
        self._settle(message, await self.postman.deliver(line.webhook_url, letter, faults))

    def _settle(self, message: Message, status: int | None) -> None:
        """The bubble's tick: the business has it, is away, or refused it."""
        if status is not None and status < 300:
            message.status = "received"
        elif message.status != "received":
            message.status = "waiting" if worth_another_try(status) else "refused"
        self.world.show(message)
