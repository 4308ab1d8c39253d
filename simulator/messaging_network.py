"""What happens to messages of Messenger and Instagram: windows, echoes, reading, comments."""

import asyncio
import time
from typing import Any

from simulator import messaging_words as words
from simulator.bodies import Body
from simulator.carrier import SENT_AFTER_S, Carrier, Said
from simulator.happenings import Happened
from simulator.identities import number_of
from simulator.lines import Line
from simulator.messaging_words import Json, Kind, Refused
from simulator.world import Message, Phone

DAY, WEEK = 86_400.0, 7 * 86_400.0
SEEN_AT_ONCE = 200
POST = "106540352242922_777000111"
# What somebody does with a message, with a post, or in the app.
EVENTS = (
    "reaction",
    "edit",
    "unsend",
    "referral",
    "story_mention",
    "story_reply",
    "comment",
    "edit_comment",
    "remove_comment",
    "echo",
    "close_window",
)


class MessagingNetwork:
    """One of the two. A message's status is sent, delivered or read."""

    events = EVENTS

    def __init__(self, carrier: Carrier, kind: Kind) -> None:
        self.carrier = carrier
        self.world = carrier.world
        self.kind = kind
        self.provider = kind.provider
        # When somebody last wrote to an account; who wrote which comment, and below which post.
        self.written_at: dict[tuple[str, str], float] = {}
        self.comments: dict[str, tuple[Phone, str]] = {}

    # --- From the business to the customer -----------------------------------------------------

    def remember(self, line: Line, address: str, at: float) -> None:
        """As carrier.Remembering says."""
        self.written_at.setdefault((line.service, number_of(line.provider, address)), at)

    def check_window(self, line: Line, phone: Phone, tag: str) -> None:
        """Refused unless this person has written lately."""
        lasts = WEEK if tag == "HUMAN_AGENT" else DAY
        if time.time() - self.written_at.get((line.service, phone.number), 0.0) > lasts:
            raise Refused(10, subcode=self.kind.closed)

    def accept(self, message: Message) -> None:
        """Take a message; it is there in a moment."""
        self.world.add(message)
        asyncio.get_running_loop().call_later(SENT_AFTER_S, self.arrive, message)

    def arrive(self, message: Message) -> None:
        """The phone shows it, or it waits for the phone."""
        phone = message.phone
        if not phone.online:
            phone.held.append(message)
            self.world.publish(phone, {"type": "phone"})
            return
        phone.unread += 1
        message.status, message.updated = "delivered", time.time()
        message.displayed_at = message.updated
        self.world.show(message)
        if message.traffic == "comment":
            return
        self._echo(message)
        if self.kind.delivers:
            mark = {"mids": [message.sid], "watermark": int(message.updated * 1000)}
            self._report(message, delivery=mark)

    def _echo(self, message: Message) -> None:
        """What every app of the page is told of a message, ours too."""
        said = {"mid": message.sid, "is_echo": True, **(message.content or {})}
        if message.account:
            said["app_id"] = int(message.account)
        self._report(message, echo=True, message=said)

    def seen(self, phone: Phone) -> None:
        """The newest messages the customer had not read yet are read now."""
        read: dict[str, Message] = {}
        for _, message in zip(range(SEEN_AT_ONCE), reversed(phone.thread), strict=False):
            ours = message.provider == self.provider and message.direction == "outbound"
            if not ours or message.status != "delivered" or message.traffic == "comment":
                continue
            message.status = "read"
            if not self.kind.delivers:
                self._report(message, read={"mid": message.sid})
            elif message.line not in read:
                read[message.line] = message
                self._report(message, read={"watermark": int(time.time() * 1000)})

    def _report(self, message: Message, /, *, echo: bool = False, **what: Any) -> None:
        if message.callback:
            body = words.item(self.kind, message.service, message.phone.number, echo=echo, **what)
            letter = words.letter(body, message.token)
            self.carrier.report(message, letter, may_be_overtaken="read" not in what)

    # --- From the customer to the business -----------------------------------------------------

    async def write(self, line: Line, phone: Phone, said: Said) -> tuple[Message, int | None]:
        """As carrier.Network says."""
        message = self.world.by_sid.get(said.sid) if said.sid else None
        if message is None:
            message = self.carrier.written(line, phone, said, words.new_mid(self.kind))
            self.written_at[line.service, phone.number] = message.at
        if said.action:  # a page opened, a number called: Meta tells nobody
            message.status = "received"
            return message, 200
        found = words.said(message, said.reply_to, self._is_quick(message))
        body = words.item(self.kind, line.service, phone.number, **found)
        return message, await self.carrier.bring(line, message, words.letter(body, line.token))

    def _is_quick(self, message: Message) -> bool:
        """Whether a tap was on a quick reply; other buttons come back as postbacks."""
        return any(
            chip["payload"] == message.payload
            for one in message.phone.thread
            if one.direction == "outbound" and one.line == message.line and one.content
            for chip in one.content.get("quick_replies", [])
        )

    # --- What people do beside writing ------------------------------------------------------------

    async def happen(self, line: Line, phone: Phone, kind: str, body: Body) -> Happened:
        """As Eventful says."""
        about = body.text("message_id", default="", limit=255)
        text = body.text("text", default="", limit=8_000)
        body.finish(strict=False)
        if kind == "close_window":
            self.written_at.pop((line.service, phone.number), None)
            return "", None
        if "comment" in kind:
            identity, found = self._comment(line, phone, kind, about, text)
        else:
            identity = words.new_mid(self.kind)
            what = self._event(kind, about, text, identity)
            echo = kind == "echo"
            found = words.item(self.kind, line.service, phone.number, echo=echo, **what)
        letter = words.letter(found, line.token)
        faults = self.carrier.faults_of(line.provider)
        return identity, await self.carrier.postman.post_once(line.webhook_url, letter, faults)

    def _event(self, event: str, about: str, text: str, identity: str) -> Json:
        story = {"url": text or "https://lookaside.fbsbx.com/story", "id": "17900000000000001"}
        mention = {"type": "story_mention", "payload": {"url": story["url"]}}
        acted = {"action": "react", "emoji": text} if text else {"action": "unreact"}
        found: dict[str, Json] = {
            "reaction": {"reaction": {"mid": about, "reaction": "other", **acted}},
            "edit": {"message_edit": {"mid": about, "text": text, "num_edit": 1}},
            "unsend": {"message": {"mid": about, "is_deleted": True}},
            "referral": {"referral": {"ref": text, "source": "ADS", "type": "OPEN_THREAD"}},
            "story_mention": {"message": {"mid": identity, "attachments": [mention]}},
            "story_reply": {
                "message": {"mid": identity, "text": text, "reply_to": {"story": story}}
            },
            "echo": {"message": {"mid": identity, "text": text, "is_echo": True}},
        }
        return found[event]

    def _comment(
        self, line: Line, phone: Phone, event: str, about: str, text: str
    ) -> tuple[str, Json]:
        _phone, post = self.comments.get(about, (phone, POST))
        if self.provider == "instagram":
            post = post.partition("_")[2] or post
        new = event == "comment"
        identity = words.new_comment(self.kind, post) if new else about
        self.comments[identity] = (phone, post)
        verb = {"comment": "add", "edit_comment": "edited", "remove_comment": "remove"}[event]
        said = {"text": text, "verb": verb, "post": post, "parent": about if new else ""}
        ends = (self.kind, line.service, phone.number, phone.name, identity)
        return identity, words.comment(*ends, said)
