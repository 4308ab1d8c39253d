"""What happens to messages between the provider and the phones, and what is reported of it."""

import asyncio
import time
from collections.abc import Sequence

from simulator import twilio_words
from simulator.faults import Faults, happens
from simulator.lines import Line
from simulator.postman import Postman, worth_another_try
from simulator.twilio_media import Given, Media
from simulator.world import Message, Phone, World, new_sid

SENT_AFTER_S = 0.05
ARRIVES_AFTER_S = 0.15
# How far a report falls back that another one shall overtake.
OVERTAKEN_S = 1.0


class Carrier:
    """Moves messages, keeps opt-outs, and reports to the product."""

    def __init__(self, world: World, postman: Postman) -> None:
        self.world = world
        self.postman = postman
        self.faults: dict[str, Faults] = {}
        self.media = Media()

    def faults_of(self, provider: str) -> Faults:
        """How this provider misbehaves at the moment."""
        return self.faults.get(provider) or Faults()

    # --- From the business to the customer -----------------------------------------------------

    def accept(self, message: Message) -> None:
        """Take a message from the business; it is on its way from now on."""
        self.world.add(message)
        asyncio.get_running_loop().call_later(SENT_AFTER_S, self._leave, message)

    def _leave(self, message: Message) -> None:
        if message.service:
            self._report(message, "queued")
        self._move(message, "sent")
        message.sent_at = message.updated
        asyncio.get_running_loop().call_later(ARRIVES_AFTER_S, self._arrive, message)

    def _arrive(self, message: Message) -> None:
        phone = message.phone
        message.error_code = phone.error_code
        if phone.error_code:
            self._move(message, "undelivered")
        elif not phone.online:
            phone.held.append(message)
            self.world.publish(phone, {"type": "phone"})
        else:
            phone.unread += 1
            self._move(message, "delivered")
            self.world.show(message)

    def switch(self, phone: Phone, *, online: bool) -> None:
        """Turn a phone on or off; on, it gets everything that waited for it."""
        phone.online = online
        if online:
            held, phone.held = phone.held, []
            for message in held:
                self._arrive(message)
        self.world.publish(phone, {"type": "phone"})

    def _move(self, message: Message, status: str) -> None:
        message.status = status
        message.updated = time.time()
        self._report(message, status)

    def _report(self, message: Message, status: str) -> None:
        if not message.callback:
            return
        faults = self.faults_of(message.provider)
        overtaken = status != "delivered" and happens(faults.reorder)
        pause = faults.late_status_s + (OVERTAKEN_S if overtaken else 0)
        previous = None if overtaken else message.reporting
        task = self.postman.spawn(self._deliver_report(message, status, previous, pause, faults))
        if not overtaken:
            message.reporting = task

    async def _deliver_report(
        self,
        message: Message,
        status: str,
        previous: "asyncio.Task[None] | None",
        pause: float,
        faults: Faults,
    ) -> None:
        fields = twilio_words.status_fields(message, status)
        if pause:
            await asyncio.sleep(pause)
        if previous:
            await asyncio.wait([previous])
        await self.postman.deliver(message.callback, fields, message.token, faults)
        if message.reporting is asyncio.current_task():
            message.reporting = None

    # --- From the customer to the business -----------------------------------------------------

    async def write(
        self, line: Line, phone: Phone, text: str, media: Sequence[Given], sid: str, origin: str
    ) -> tuple[Message, int | None]:
        """A customer writes: the message, and its webhook's HTTP status (None: no answer).

        A ``sid`` that exists already is sent again, as a provider repeats itself. While the product
        is away it is tried on in the background. ``origin`` is where its files can be fetched.
        """
        message = self.world.by_sid.get(sid) if sid else None
        if message is None:
            sid = sid or new_sid("MM" if media else "SM")
            kept = self.media.keep(media, origin=origin, account=line.account, message=sid)
            message = self._written(line, phone, text, kept, sid)
        word = twilio_words.keyword(message.body)
        fields = twilio_words.message_fields(message, word)
        faults = self.faults_of(line.provider)
        status = await self.postman.post_once(line.webhook_url, fields, line.token, faults)
        self._settle(message, status)
        if worth_another_try(status):
            self.postman.spawn(self._try_on(line, message, fields, faults))
        return message, status

    def _written(
        self, line: Line, phone: Phone, text: str, media: tuple[tuple[str, str], ...], sid: str
    ) -> Message:
        message = Message(
            sid=sid,
            provider=line.provider,
            account=line.account,
            direction="inbound",
            sender=phone.number,
            to=line.address,
            body=text,
            phone=phone,
            line=line.address,
            status="sending",
            service=line.service,
            media=media,
        )
        self.world.add(message)
        self.world.show(message)
        self._follow_keyword(line, phone, text)
        return message

    def _follow_keyword(self, line: Line, phone: Phone, text: str) -> None:
        """What the carrier does by itself at STOP and START, and says to the customer."""
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
        )
        self.world.add(answer)
        phone.unread += 1
        self.world.show(answer)

    async def _try_on(
        self, line: Line, message: Message, fields: dict[str, str], faults: Faults
    ) -> None:
        self._settle(
            message, await self.postman.deliver(line.webhook_url, fields, line.token, faults)
        )

    def _settle(self, message: Message, status: int | None) -> None:
        """The bubble's tick: the business has it, is away, or refused it."""
        if status is not None and status < 300:
            message.status = "received"
        elif message.status != "received":
            message.status = "waiting" if worth_another_try(status) else "refused"
        self.world.show(message)
