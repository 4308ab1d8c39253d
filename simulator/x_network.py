"""X's posts and direct messages: seen by people, pushed to the business or kept until it asks."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulator import x_words as words
from simulator.carrier import Carrier, Said
from simulator.happenings import Reporter
from simulator.identities import identity, number_of
from simulator.lines import X_PUBLIC, Line
from simulator.world import Message, Phone

PROVIDER = "x"
ARRIVES_AFTER_S = 0.05
SEEN_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where a post stands: its conversation, the post it answers, and whose that is."""

    conversation: str
    parent: str = ""
    to: str = ""


class XNetwork(Reporter):
    """Both sides of X: what is public, and direct messages. ``places`` are those of posts."""

    events = words.EVENTS

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.world = carrier.world
        self.places: dict[str, Place] = {}

    def phone(self, person: str) -> Phone:
        """The phone of the person with this id."""
        return self.world.phone(number_of(PROVIDER, person))

    def messages(self, line_account: str, way: str) -> Iterator[Message]:
        """Posts or direct messages of an account and to it, newest first."""
        return (
            message
            for message in reversed(self.world.messages)
            if message.network == way and message.account == line_account
        )

    def tagged(self, hashtag: str) -> Iterator[Message]:
        """Everybody's posts with a hashtag, newest first."""
        return (
            message
            for message in reversed(self.world.messages)
            if message.network == X_PUBLIC and hashtag.lower() in words.hashtags(message.body)
        )

    def find(self, sid: str) -> Message | None:
        """A post; None for one that is not known."""
        found = self.world.by_sid.get(sid)
        return found if found and found.network == X_PUBLIC else None

    def place_of(self, message: Message) -> Place:
        """Where a post stands; its own conversation where nothing else is known."""
        return self.places.get(message.sid) or Place(message.sid)

    # --- From the business to the customer -----------------------------------------------------

    def accept(self, message: Message, line: Line | None) -> None:
        """Take a post or message; the business is told of it as of any other of its own."""
        self.world.add(message)
        asyncio.get_running_loop().call_later(ARRIVES_AFTER_S, self.arrive, message)
        if line is not None and line.webhook_url:
            self.carrier.postman.spawn(self._push(line, self._event(line, message)))

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

    def seen(self, phone: Phone) -> None:
        """The newest direct messages the customer had not read yet are read now."""
        told: set[str] = set()
        for _, message in zip(range(SEEN_AT_ONCE), reversed(phone.thread), strict=False):
            ours = message.network == PROVIDER and message.direction == "outbound"
            if ours and message.status == "delivered":
                message.status = "read"
                line = self._line(message)
                if line is not None and message.line not in told:
                    told.add(message.line)
                    self.carrier.postman.spawn(self.tell(line, phone, "read", message.sid))

    def _line(self, message: Message) -> Line | None:
        return self.lines_by_address.get(message.line)

    # Filled by the API, which knows the lines.
    lines_by_address: dict[str, Line]

    # --- From the customer to the business -----------------------------------------------------

    async def write(self, line: Line, phone: Phone, said: Said) -> tuple[Message, int | None]:
        """As Network says. Without webhooks it waits until it is asked for: then no status."""
        message = self.world.by_sid.get(said.sid) if said.sid else None
        if message is None:
            message = self._written(line, phone, said)
        if not line.webhook_url or not message.to:
            return message, None
        letter = words.letter(self._event(line, message), line.token)
        return message, await self.carrier.bring(line, message, letter)

    def _written(self, line: Line, phone: Phone, said: Said) -> Message:
        message = self.carrier.written(line, phone, said, words.new_id())
        message.sender, message.to = identity(PROVIDER, phone.number), line.account
        if line.network == X_PUBLIC and words.is_to_all(message.body, line.address, said.reply_to):
            message.to = ""
        elif line.network == X_PUBLIC:
            parent = self._parent(line, phone, said.reply_to)
            conversation = message.sid
            if parent is not None:
                conversation = self.place_of(parent).conversation
                self.places[message.sid] = Place(conversation, parent.sid, parent.sender)
            handle = line.address.partition(" ")[0]
            if handle not in message.body:
                message.body = f"{handle} {message.body}".strip()
                self.world.show(message)
        if not line.webhook_url and message.to:
            message.status = "waiting"
        return message

    def _parent(self, line: Line, phone: Phone, reply_to: str) -> Message | None:
        if reply_to != words.LAST:
            return self.find(reply_to)
        return next(
            (
                message
                for message in reversed(phone.thread)
                if message.line == line.address and message.direction == "outbound"
            ),
            None,
        )

    async def tell(self, line: Line, phone: Phone, kind: str, about: str = "") -> int | None:
        """The customer reads, writes, deletes, likes or follows: the webhook's HTTP status."""
        person = identity(PROVIDER, phone.number)
        if kind == "delete":
            self._forget(about)
        if not line.webhook_url:
            return None
        return await self._push(line, self._happened(line, person, phone, kind, about))

    def _forget(self, sid: str) -> None:
        found = self.world.by_sid.get(sid)
        if found is not None:
            found.body, found.media, found.way = "", (), "x_deleted"
            self.world.show(found)

    def _happened(
        self, line: Line, person: str, phone: Phone, kind: str, about: str
    ) -> dict[str, Any]:
        own, at = line.account, str(int(time.time() * 1000))
        happened = {"created_timestamp": at, "sender_id": person, "target": {"recipient_id": own}}
        if kind == "typing":
            payload: dict[str, Any] = {"direct_message_indicate_typing_events": [happened]}
            return words.activity(own, "dm.indicate_typing", payload)
        if kind == "read":
            read = [happened | {"last_read_event_id": about}]
            return words.activity(own, "dm.read", {"direct_message_mark_read_events": read})
        if kind == "delete":
            return words.activity(own, "post.delete", {"id": about, "author_id": person})
        who = words.person(person, phone)
        if kind == "like":
            return words.activity(own, "like.create", {"liked_tweet_id": about, "user": who})
        return words.activity(own, "follow.followed", {"source": {"data": who}})

    # --- Webhooks -------------------------------------------------------------------------------

    def _event(self, line: Line, message: Message) -> dict[str, Any]:
        """The event of a new post or message."""
        inbound = message.direction == "inbound"
        people = self.people(line, [message])
        if message.network != X_PUBLIC:
            payload = {
                "direct_message_events": [words.pushed_direct(message)],
                "users": {one["id"]: {"data": one} for one in people},
            }
            return words.activity(line.account, "dm.received" if inbound else "dm.sent", payload)
        place = self.place_of(message)
        kind = "post.create"
        if inbound:
            kind = "post.reply.create" if place.to == line.account else "post.mention.create"
        includes = {"users": people, "media": words.files(message)}
        found = words.post(message, place.conversation, place.parent, place.to)
        return words.activity(line.account, kind, found, includes)

    def people(self, line: Line, messages: list[Message]) -> list[dict[str, Any]]:
        """Those who wrote, or were written to, and the account."""
        own = words.user(line.account, line.name, line.address.lstrip("@").partition(" ")[0])
        found = {line.account: own}
        for message in messages:
            other = message.sender if message.direction == "inbound" else message.to
            if other:
                found.setdefault(other, words.person(other, message.phone))
        return list(found.values())

    async def _push(self, line: Line, body: dict[str, Any]) -> int | None:
        faults = self.carrier.faults_of(PROVIDER)
        letter = words.letter(body, line.token)
        return await self.carrier.postman.deliver(line.webhook_url, letter, faults)
