"""What happens to messages of apps that report nothing: shown, or waiting for a phone."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from simulator.carrier import Carrier, Said
from simulator.happenings import Reporter
from simulator.identities import identity
from simulator.lines import Line
from simulator.postman import Letter
from simulator.world import Message, Phone, Shown

ARRIVES_AFTER_S = 0.05
DAY_S = 86_400.0


class Posted(NamedTuple):
    """A webhook: where it goes, with what is signed in the address, and what it says."""

    url: str
    letter: Letter


class Words(Protocol):
    """How one provider words its webhooks. ``person`` is the customer's id there."""

    @property
    def events(self) -> Sequence[str]:
        """What customers do beside writing."""

    def new_id(self) -> str:
        """An id for something a customer writes."""

    def said(self, line: Line, person: str, message: Message) -> Posted:
        """Something that a customer wrote, tapped or shared."""

    def happened(self, line: Line, person: str, kind: str, about: str) -> Posted:
        """Something that a customer did which is no message."""


class ChatNetwork(Reporter):
    """One app. ``happens`` is told of what is no message before the webhook leaves, ``writes`` of
    who writes.
    """

    def __init__(self, carrier: Carrier, provider: str, words: Words) -> None:
        self.carrier = carrier
        self.world = carrier.world
        self.provider = provider
        self.words = words
        self.events = words.events
        self.happens: Callable[[Line, str, str, str], None] = lambda *_about: None
        self.writes: Callable[[Line, str], None] = lambda *_about: None

    # --- From the business to the customer -----------------------------------------------------

    def accept(self, message: Message) -> None:
        """Take a message; whoever has blocked the account never sees it."""
        self.world.add(message)
        if (message.line, message.phone.number) not in self.world.blocks:
            asyncio.get_running_loop().call_later(ARRIVES_AFTER_S, self.arrive, message)

    def arrive(self, message: Message) -> None:
        """Show it, or keep it for when the phone is online."""
        phone = message.phone
        if not phone.online:
            phone.held.append(message)
            self.world.publish(phone, {"type": "phone"})
            return
        message.status, message.updated = "delivered", time.time()
        message.displayed_at = message.updated
        phone.unread += 1
        self.world.show(message)

    def typing(self, line: Line, phone: Phone, person: str, kind: str) -> None:
        """The business is writing to this person."""
        self.world.signals.append(Shown(self.provider, line.address, person, kind, ""))
        typing = {"type": "typing", "phone": phone.number, "line": line.address}
        self.world.publish(phone, typing)

    def seen(self, phone: Phone) -> None:
        """Nobody is told who has read what."""

    # --- From the customer to the business -----------------------------------------------------

    def remember(self, line: Line, address: str, at: float) -> None:
        """As carrier.Remembering says; a little more generous, as it begins now."""
        if time.time() - at < DAY_S:
            self.writes(line, address)

    async def write(self, line: Line, phone: Phone, said: Said) -> tuple[Message, int | None]:
        """As carrier.Network says. That a page was opened, the business is not told."""
        message = self.world.by_sid.get(said.sid) if said.sid else None
        if message is None:
            message = self.carrier.written(line, phone, said, self.words.new_id())
        if said.action:
            message.status = "received"
            return message, 200
        person = identity(self.provider, phone.number)
        self.writes(line, person)
        posted = self.words.said(line, person, message)
        there = replace(line, webhook_url=posted.url)
        return message, await self.carrier.bring(there, message, posted.letter)

    async def tell(self, line: Line, phone: Phone, kind: str, about: str = "") -> int | None:
        """The customer does something else (follows, takes back …): the webhook's HTTP status."""
        person = identity(self.provider, phone.number)
        self.happens(line, phone.number, kind, about)
        posted = self.words.happened(line, person, kind, about)
        faults = self.carrier.faults_of(self.provider)
        return await self.carrier.postman.post_once(posted.url, posted.letter, faults)


def chip(label: str, payload: str) -> dict[str, Any]:
    """An answer to tap, as the phone page draws it."""
    return {"reply": {"text": label, "postbackData": payload}}


def opener(label: str, url: str) -> dict[str, Any]:
    """A button that opens a page or calls a number, as the phone page draws it."""
    number = url.removeprefix("tel:")
    what = {"dialAction": {"phoneNumber": number}} if number != url else None
    action = what or {"openUrlAction": {"url": url}}
    return {"action": {"text": label, "postbackData": label, **action}}
