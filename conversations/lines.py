"""A batch of inbound messages on its way into conversations."""

from dataclasses import dataclass, field

from contacts.resolve import Resolved
from conversations.placing import Place
from gateway.events import InboundMessage, Received
from gateway.sql import storable

PREVIEW = 160
LONGEST_THREAD = 255

Key = tuple[int, str, str]  # contact, channel and thread: what a conversation is of


@dataclass(slots=True)
class Line:
    """A received message and who wrote it; ``tap`` is which of the options offered it chose.

    ``home`` is the channel of the conversation it belongs in, empty for the one it came on;
    ``place`` that conversation, where the message says so.
    """

    received: Received
    message: InboundMessage
    who: Resolved
    tap: dict[str, str | None] | None = None
    home: str = ""
    place: Place | None = None

    @property
    def key(self) -> Key:
        """Which conversation it belongs in."""
        channel = self.home or str(self.received.channel_id)
        if self.place is not None:
            return self.place.contact_id, channel, self.place.thread
        return self.who.contact_id, channel, self.thread

    @property
    def thread(self) -> str:
        """What keeps it apart from what else they write on this channel."""
        return storable(self.message.thread)[:LONGEST_THREAD]

    @property
    def preview(self) -> str:
        """What lists show of it."""
        message = self.message
        subject = message.mail.subject if message.mail else ""
        return (message.text or subject)[:PREVIEW] or ("📎" if message.attachments else "")


@dataclass(slots=True)
class Thread:
    """The new messages of one contact on one channel, in the order received."""

    lines: list[Line]
    conversation_id: int = 0
    opened: bool = False
    message_ids: list[int] = field(default_factory=list)

    @property
    def first(self) -> Received:
        """The message that began it."""
        return self.lines[0].received

    @property
    def last(self) -> Line:
        """The message that lists show."""
        return self.lines[-1]

    @property
    def wakes(self) -> bool:
        """Whether a person wrote some of it."""
        return not all(line.message.automatic for line in self.lines)
