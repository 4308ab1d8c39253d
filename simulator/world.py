"""Everything the simulator remembers: phones, messages and who is looking. In memory, bounded."""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

MESSAGE_LIMIT = 200_000
SIGNAL_LIMIT = 10_000
# Events a page may lag behind before it is told to load everything again.
LISTENER_LIMIT = 500
LISTED_PHONES = 40
RCS = frozenset({"google_rcs", "twilio_rcs"})
# Apps in which people write, tap and share places; each has conversations of its own.
APPS = frozenset({"line", "wechat", "whatsapp", "messenger", "instagram", "telegram", "viber", "x"})
# Those whose content has a shape that the phone page does not draw; see ``Message.shown``.
OWN_SHAPES = frozenset({"whatsapp", "messenger", "instagram"})
# A tap that opened something: the business is told, and no bubble shows it.
ACTION = "ACTION"


@dataclass(slots=True, eq=False)
class Message:
    """A message at the provider. ``direction`` is outbound (ours), inbound, or answer (the
    provider's own words to the customer). Times are Unix seconds: ``at`` when it was accepted,
    ``displayed_at`` when it was first seen on the phone, ``withdrawn_at`` when it was taken back.
    ``validity_s`` is for how long the business wants it tried, None: forever. ``way`` is its
    network, where the provider has one beside its own. Of RCS: ``content`` and ``traffic`` as
    sent, ``payload`` and ``location`` of what the customer tapped or shared, ``lapse`` what ends
    its time. ``shown``: what the phone draws, where the provider's ``content`` is of another shape.
    """

    sid: str
    provider: str
    account: str
    direction: str
    sender: str
    to: str
    body: str
    phone: "Phone"
    line: str  # the business's number, in whichever direction
    status: str
    service: str = ""
    media: tuple[tuple[str, str], ...] = ()
    callback: str = ""
    token: str = ""
    reference: str = ""  # what the business calls it, where the provider asks
    error_code: int = 0
    validity_s: int | None = None
    at: float = field(default_factory=time.time)
    updated: float = 0.0
    sent_at: float = 0.0
    displayed_at: float = 0.0
    withdrawn_at: float = 0.0
    content: dict[str, Any] | None = None
    traffic: str = ""
    payload: str | None = None
    location: tuple[float, float] | None = None
    lapse: asyncio.TimerHandle | None = None
    reporting: "asyncio.Task[None] | None" = None
    way: str = ""
    shown: dict[str, Any] | None = None
    # Of mail: its subject, Message-ID, HTML and heads.
    mail: dict[str, Any] | None = None

    @property
    def network(self) -> str:
        """The network that brings it, by name."""
        return self.way or self.provider


@dataclass(slots=True, eq=False)
class Phone:
    """A customer's phone. Pinned phones stay listed; others go when their last message goes.

    ``error_code`` makes messages to it fail with the provider's code.
    """

    number: str
    name: str = ""
    online: bool = True
    rcs: bool = False
    error_code: int = 0
    pinned: bool = False
    unread: int = 0
    thread: deque[Message] = field(default_factory=deque)
    held: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shown:
    """A signal that the business gave a customer: ``kind`` in the provider's word.

    ``about`` is the customer's message that was read; ``at`` in Unix seconds.
    """

    provider: str
    sender: str
    to: str
    kind: str
    about: str
    at: float = field(default_factory=time.time)


class Listener:
    """An open page: the phones it shows and the events it has not yet been sent."""

    def __init__(self, phones: Iterable[str]) -> None:
        self.phones = frozenset(phones)
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(LISTENER_LIMIT)
        self.touched: set[str] = set()
        self.lost = False

    def tell(self, number: str, event: dict[str, Any]) -> None:
        """Hand an event over; phones not shown are only remembered as changed."""
        self.touched.add(number)
        if number not in self.phones:
            return
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.lost = True


class World:
    """Phones and messages, newest messages last."""

    def __init__(self, limit: int = MESSAGE_LIMIT) -> None:
        self.limit = limit
        self.messages: deque[Message] = deque()
        self.by_sid: dict[str, Message] = {}
        self.phones: dict[str, Phone] = {}
        self.accepted: dict[str, int] = {}
        self.blocks: set[tuple[str, str]] = set()
        self.listeners: set[Listener] = set()
        self.signals: deque[Shown] = deque(maxlen=SIGNAL_LIMIT)

    def phone(self, number: str) -> Phone:
        """The phone with this number; made when it is new."""
        phone = self.phones.get(number)
        if phone is None:
            phone = self.phones[number] = Phone(number)
        return phone

    def add(self, message: Message) -> None:
        """Remember a message; the oldest ones are forgotten over the limit."""
        self.messages.append(message)
        self.by_sid[message.sid] = message
        message.phone.thread.append(message)
        if message.direction == "outbound":
            self.accepted[message.provider] = self.accepted.get(message.provider, 0) + 1
        while len(self.messages) > self.limit:
            self._forget(self.messages.popleft())

    def _forget(self, message: Message) -> None:
        self.by_sid.pop(message.sid, None)
        phone = message.phone
        if phone.thread and phone.thread[0] is message:
            phone.thread.popleft()
        if not phone.thread and not phone.pinned and phone.online:
            self.phones.pop(phone.number, None)

    def sent(self, provider: str) -> Iterator[Message]:
        """Messages accepted from the business, oldest first."""
        return (
            message
            for message in self.messages
            if message.direction == "outbound" and provider in ("", message.provider)
        )

    def publish(self, phone: Phone, event: dict[str, Any]) -> None:
        """Tell the open pages what happened on a phone."""
        for listener in self.listeners:
            listener.tell(phone.number, event)

    def show(self, message: Message) -> None:
        """Let a message appear on its phone, or its bubble change."""
        self.publish(message.phone, {"type": "message", **bubble(message)})

    def listed(self) -> list[Phone]:
        """Phones for the list: pinned ones first, then those with the newest messages."""
        pinned = [phone for phone in self.phones.values() if phone.pinned]
        recent: dict[str, Phone] = {}
        for message in reversed(self.messages):
            if not message.phone.pinned:
                recent.setdefault(message.phone.number, message.phone)
            if len(recent) >= LISTED_PHONES:
                break
        return pinned + list(recent.values())


def new_sid(prefix: str) -> str:
    """An id as Twilio makes them."""
    return prefix + uuid.uuid4().hex


def arrived(message: Message) -> bool:
    """Whether the message can be seen on the phone."""
    return message.direction != "outbound" or message.status in ("delivered", "read")


def bubble(message: Message) -> dict[str, Any]:
    """A message as the phone shows it."""
    return {
        "phone": message.phone.number,
        "line": message.line,
        "id": message.sid,
        "mine": message.direction == "inbound",
        "text": message.body,
        "media": [{"url": url, "type": kind} for url, kind in message.media],
        "at": message.at,
        "status": message.status,
        "rcs": message.network in RCS,
        "content": message.shown if message.network in OWN_SHAPES else message.content,
        "location": message.location,
        "quiet": message.traffic == ACTION,
        "subject": (message.mail or {}).get("subject", ""),
    }


def summary(phone: Phone) -> dict[str, Any]:
    """A phone as the list shows it."""
    last = next((message for message in reversed(phone.thread) if arrived(message)), None)
    return {
        "number": phone.number,
        "name": phone.name,
        "online": phone.online,
        "rcs": phone.rcs,
        "error_code": phone.error_code,
        "unread": phone.unread,
        "waiting": len(phone.held),
        "preview": last.body[:80] if last else "",
        "mine": bool(last and last.direction == "inbound"),
        "at": last.at if last else 0,
    }
