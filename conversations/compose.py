"""Sends what an agent wrote, unless the thread moved while they wrote."""

from collections.abc import Sequence
from uuid import UUID

from accounts.models import Member
from conversations import services
from conversations.models import Conversation, Message
from conversations.selectors import threads


class ThreadMoved(Exception):
    """Others wrote since the draft began; nothing was sent. Raised once: the writer may insist."""

    def __init__(self, arrived: Sequence[Message]) -> None:
        super().__init__(f"{len(arrived)} messages arrived")
        self.arrived = arrived


def compose(
    *,
    conversation: Conversation,
    author: Member,
    text: str,
    uid: UUID,
    note: bool = False,
    seen: int | None = None,
) -> Message:
    """Send a reply, or keep a note. ``seen`` None: no matter what came since.

    Raises ThreadMoved, or ValidationError naming ``text`` or ``uid``. The same ``uid`` again gives
    the same message.
    """
    if note:
        return services.add_note(conversation=conversation, author=author, text=text, uid=uid)
    if seen is not None:
        arrived = threads.arrived_since(conversation, author, seen)
        if arrived and not threads.by_uid(conversation, [uid]):
            raise ThreadMoved(arrived)
    return services.send_message(conversation=conversation, author=author, text=text, uid=uid)
