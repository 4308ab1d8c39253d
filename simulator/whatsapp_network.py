"""What happens to WhatsApp messages: the 24-hour window, delivery, reading, and what people do."""

import asyncio
import time
import uuid
from typing import Any

from simulator import whatsapp_words as words
from simulator.bodies import Body
from simulator.carrier import ARRIVES_AFTER_S, SENT_AFTER_S, Carrier, Said
from simulator.happenings import Happened
from simulator.lines import Line
from simulator.twilio_media import CDN
from simulator.world import Message, Phone, new_sid

WINDOW_S = 86_400.0
SEEN_AT_ONCE = 200
# What somebody does with a message, or in WhatsApp's menus.
EVENTS = ("reaction", "edit", "revoke", "stop", "resume", "changed_number", "close_window", "echo")


class WhatsAppNetwork:
    """WhatsApp's side. A message's status is accepted, sent, delivered, read or failed."""

    events = EVENTS

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.world = carrier.world
        # When somebody last wrote to a number; who wants no marketing of it; files by their ids.
        self.written_at: dict[tuple[str, str], float] = {}
        self.stopped: set[tuple[str, str]] = set()
        self.files: dict[str, str] = {}

    # --- From the business to the customer -----------------------------------------------------

    def accept(self, message: Message, *, free: bool, marketing: bool) -> None:
        """Take a message. What may not be sent is told a moment later, as WhatsApp does."""
        self.world.add(message)
        key = (message.line, message.to)
        if free and time.time() - self.written_at.get(key, 0) > WINDOW_S:
            message.error_code = 131047
        elif marketing and key in self.stopped:
            message.error_code = 131050
        asyncio.get_running_loop().call_later(SENT_AFTER_S, self._leave, message)

    def _leave(self, message: Message) -> None:
        message.error_code = message.error_code or message.phone.error_code
        if message.error_code:
            self._move(message, "failed")
            return
        self._move(message, "sent")
        message.sent_at = message.updated
        asyncio.get_running_loop().call_later(ARRIVES_AFTER_S, self.arrive, message)

    def arrive(self, message: Message) -> None:
        """The phone shows it, or it waits for the phone."""
        phone = message.phone
        if not phone.online:
            phone.held.append(message)
            self.world.publish(phone, {"type": "phone"})
            return
        phone.unread += 1
        self._move(message, "delivered")
        message.displayed_at = message.updated
        self.world.show(message)

    def seen(self, phone: Phone) -> None:
        """The newest messages the customer had not read yet are read now."""
        for _, message in zip(range(SEEN_AT_ONCE), reversed(phone.thread), strict=False):
            ours = message.provider == words.PROVIDER and message.direction == "outbound"
            if ours and message.status == "delivered":
                self._move(message, "read")

    def _move(self, message: Message, status: str) -> None:
        message.status, message.updated = status, time.time()
        if not message.callback:
            return
        report = words.status(message, status, message.error_code if status == "failed" else 0)
        body = words.of_number(
            message.account, message.service, message.line, "messages", statuses=[report]
        )
        letter = words.letter(body, message.token)
        self.carrier.report(message, letter, may_be_overtaken=status in {"sent", "delivered"})

    # --- From the customer to the business -----------------------------------------------------

    def remember(self, line: Line, address: str, at: float) -> None:
        """As carrier.Remembering says."""
        self.written_at.setdefault((line.address, address), at)

    async def write(self, line: Line, phone: Phone, said: Said) -> tuple[Message, int | None]:
        """As carrier.Network says. Each file is a message of its own, the first with the words."""
        first, *others = said.media or (None,)
        told = await self._write(line, phone, said, (first,) if first else ())
        for one in others:
            await self._write(line, phone, Said(media=(one,), origin=said.origin), (one,))
        return told

    async def _write(
        self, line: Line, phone: Phone, said: Said, media: tuple[Any, ...]
    ) -> tuple[Message, int | None]:
        message = self.world.by_sid.get(said.sid) if said.sid else None
        if message is None:
            alone = Said(
                said.text, media, said.sid, said.payload, said.action, said.location, said.origin
            )
            message = self.carrier.written(line, phone, alone, f"wamid.{new_sid('')}")
            self.written_at[line.address, phone.number] = message.at
        if said.action:  # a link was opened, of which WhatsApp tells nobody
            message.status = "received"
            return message, None
        files = {url: self._file_id(url) for url, _kind in message.media}
        context, tap = self._tapped(message)
        found = words.said(message, files, context=said.reply_to or context, tap=tap)
        return message, await self.carrier.bring(line, message, self._letter(line, phone, found))

    def _letter(self, line: Line, phone: Phone, message: words.Json) -> Any:
        contacts = [words.contact(phone.number, phone.name)]
        body = words.of_number(
            line.account,
            line.service,
            line.address,
            "messages",
            contacts=contacts,
            messages=[message],
        )
        return words.letter(body, line.token)

    def _file_id(self, url: str) -> str:
        known = url.rpartition("/")[2]
        identity = known if f"{CDN}/" in url else uuid.uuid5(uuid.NAMESPACE_URL, url).hex
        self.files[identity] = url
        return identity

    def _tapped(self, message: Message) -> tuple[str, words.Json]:
        """The message whose button was tapped, and what the tap says."""
        if message.payload is None:
            return "", {}
        for one in reversed(message.phone.thread):
            if one.direction == "outbound" and one.line == message.line and one.content:
                tap = words.tapped(one.content, message.payload, message.body)
                if tap:
                    return one.sid, tap
        reply = {"id": message.payload, "title": message.body}
        inner = {"type": "button_reply", "button_reply": reply}
        return "", {"type": "interactive", "interactive": inner}

    # --- What people do beside writing ------------------------------------------------------------

    async def happen(self, line: Line, phone: Phone, kind: str, body: Body) -> Happened:
        """As Eventful says."""
        about = body.text("message_id", default="", limit=255)
        text = body.text("text", default="", limit=4_096)
        body.finish(strict=False)
        identity = f"wamid.{new_sid('')}"
        if kind == "close_window":
            self.written_at.pop((line.address, phone.number), None)
            return identity, None
        letter = words.letter(self._event(line, phone, kind, about, text, identity), line.token)
        faults = self.carrier.faults_of(line.provider)
        return identity, await self.carrier.postman.post_once(line.webhook_url, letter, faults)

    def _event(
        self, line: Line, phone: Phone, event: str, about: str, text: str, identity: str
    ) -> words.Json:
        ends = (line.account, line.service, line.address)
        now = {"timestamp": str(int(time.time()))}
        contact = words.contact(phone.number, phone.name)
        if event in {"stop", "resume"}:
            return words.of_number(
                *ends, "user_preferences", **self._preference(line, phone, event)
            )
        if event == "echo":
            to = {"from": line.address[1:], "to": phone.number.removeprefix("+")}
            echo = {**to, "id": identity, **now, "type": "text", "text": {"body": text}}
            return words.of_number(*ends, "smb_message_echoes", message_echoes=[echo])
        inner = {
            "reaction": {"message_id": about} | ({"emoji": text} if text else {}),
            "edit": {
                "original_message_id": about,
                "message": {"type": "text", "text": {"body": text}},
            },
            "revoke": {"original_message_id": about},
            "changed_number": {
                "type": "user_changed_number",
                "wa_id": text.removeprefix("+"),
                "body": f"User changed from {phone.number} to {text}",
            },
        }[event]
        kind = "system" if event == "changed_number" else event
        message = {**words.sender(phone.number), "id": identity, **now, "type": kind, kind: inner}
        return words.of_number(*ends, "messages", contacts=[contact], messages=[message])

    def _preference(self, line: Line, phone: Phone, value: str) -> words.Json:
        key = (line.address, phone.number)
        (self.stopped.add if value == "stop" else self.stopped.discard)(key)
        contact = words.contact(phone.number, phone.name)
        ids = {name: one for name, one in contact.items() if name != "profile"}
        found = {
            **ids,
            "category": "marketing_messages",
            "value": value,
            "detail": f"User requested to {value} marketing messages",
            "timestamp": str(int(time.time())),
        }
        return {"contacts": [contact], "user_preferences": [found]}
