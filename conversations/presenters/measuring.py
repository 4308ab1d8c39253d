"""How long an answer may be, and how its channel counts that."""

from dataclasses import dataclass

from conversations.models import Conversation
from gateway.events import About
from gateway.registry import UnknownKind, adapter_for
from gateway.secrets import Undecryptable


@dataclass(frozen=True, slots=True)
class Measure:
    """``room`` is what one message takes (0: not known), counted by the function ``name``: ``len``
    (characters), ``utf16``, ``utf8``, or ``weight`` (X's); the browser has the same by that name.

    What is longer goes as several messages; ``public``: as several posts.
    """

    name: str
    room: int
    public: bool


def measure_of(conversation: Conversation) -> Measure:
    """Of the channel that is answered on."""
    about = About(public=conversation.public)
    try:
        adapter = adapter_for(conversation.reply_channel)
        shows = adapter.shows_in(conversation.address.value, about)
    except (UnknownKind, Undecryptable):
        return Measure("len", 0, conversation.public)
    return Measure(getattr(shows.measure, "__name__", "len"), shows.text, conversation.public)
