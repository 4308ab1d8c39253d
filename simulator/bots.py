"""What happens to the messages of a messenger: they are shown at once, or when the phone is on."""

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from simulator.bodies import Body
from simulator.carrier import Carrier, Said
from simulator.happenings import Happened
from simulator.identities import identity, number_of
from simulator.lines import Line
from simulator.postman import Letter
from simulator.world import Message, Phone

ARRIVES_AFTER_S = 0.05
SEEN_AT_ONCE = 200


class BotNetwork(ABC):
    """One messenger. A message's status is sent, delivered or read; ``reports`` tells of it.

    ``events`` are what customers can do beside writing, as ``POST /inbound`` calls it.
    """

    provider: ClassVar[str]
    longest: ClassVar[int]
    events: ClassVar[tuple[str, ...]]

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.world = carrier.world

    # --- From the business to the customer -----------------------------------------------------

    def phone(self, person: str) -> Phone:
        """The phone of the person with this id."""
        return self.world.phone(number_of(self.provider, person))

    def accept(self, message: Message) -> None:
        """Take a message; it is on its way from now on."""
        self.world.add(message)
        asyncio.get_running_loop().call_later(ARRIVES_AFTER_S, self.arrive, message)

    def arrive(self, message: Message) -> None:
        """Show it, or keep it for when the phone is on."""
        phone = message.phone
        if not phone.online:
            phone.held.append(message)
            self.world.publish(phone, {"type": "phone"})
            return
        message.status, message.updated = "delivered", time.time()
        message.displayed_at = message.updated
        phone.unread += 1
        self.world.show(message)
        self.reports(message, "delivered")

    def seen(self, phone: Phone) -> None:
        """The newest messages the customer had not read yet are read now."""
        for _, message in zip(range(SEEN_AT_ONCE), reversed(phone.thread), strict=False):
            ours = message.provider == self.provider and message.direction == "outbound"
            if ours and message.status == "delivered":
                message.status = "read"
                self.reports(message, "seen")

    @abstractmethod
    def reports(self, message: Message, word: str) -> None:
        """Tell the business what became of a message, where the messenger does so."""

    # --- From the customer to the business -----------------------------------------------------

    async def write(self, line: Line, phone: Phone, said: Said) -> tuple[Message, int | None]:
        """As Network says; one whose id is known is sent again as it was."""
        message = self.world.by_sid.get(said.sid) if said.sid else None
        if message is None:
            message = self.carrier.written(line, phone, said, self.new_id(phone))
        if said.action:  # a page was opened, of which these messengers do not tell
            message.status = "received"
            return message, None
        first, *others = self.letters(line, message)
        status = await self.carrier.bring(line, message, first)
        for letter in others:
            await self.post(line, letter)
        return message, status

    async def happen(self, line: Line, phone: Phone, kind: str, body: Body) -> Happened:
        """As Eventful says."""
        letter = self.event_letter(line, phone, kind, body)
        body.finish(strict=False)
        self.happens(line, phone, kind)
        return None, await self.post(line, letter)

    async def post(self, line: Line, letter: Letter) -> int | None:
        """Post a webhook until it is taken."""
        faults = self.carrier.faults_of(self.provider)
        return await self.carrier.postman.deliver(line.webhook_url, letter, faults)

    def person(self, phone: Phone) -> str:
        """The id by which the messenger knows who has this phone."""
        return identity(self.provider, phone.number)

    @abstractmethod
    def new_id(self, phone: Phone) -> str:
        """An id for a message."""

    @abstractmethod
    def letters(self, line: Line, message: Message) -> list[Letter]:
        """The webhooks that bring what a customer wrote; one at least."""

    @abstractmethod
    def event_letter(self, line: Line, phone: Phone, kind: str, body: Body) -> Letter:
        """The webhook of one of ``events``; what it needs is read from the body."""

    def happens(self, line: Line, phone: Phone, kind: str) -> None:
        """What an event changes on the messenger's side."""
        if kind == "block":
            self.world.blocks.add((line.sender, phone.number))
        elif kind == "unblock":
            self.world.blocks.discard((line.sender, phone.number))

    def blocked(self, line: Line | None, phone: Phone) -> bool:
        """Whether this person wants nothing from this business."""
        return line is not None and (line.sender, phone.number) in self.world.blocks


def chip(label: str, payload: str) -> dict[str, Any]:
    """An answer to tap, as the phone page draws it."""
    return {"reply": {"text": label, "postbackData": payload}}


def link_chip(label: str, url: str) -> dict[str, Any]:
    """A button that opens a page, as the phone page draws it."""
    action = {"text": label, "postbackData": label, "openUrlAction": {"url": url}}
    return {"action": action}


def place_chip(label: str) -> dict[str, Any]:
    """A button that asks for the place, as the phone page draws it."""
    return {"action": {"text": label, "postbackData": label, "shareLocationAction": {}}}
