"""An activity line with its icon; the words are conversations.activity's."""

from dataclasses import dataclass

from conversations.activity import words
from conversations.models import Message

ICONS = {
    "assigned": "user-check",
    "unassigned": "user-x",
    "snoozed": "alarm-clock",
    "resolved": "circle-check",
    "reopened": "rotate-ccw",
    "pending": "circle-pause",
    "labels": "tag",
    "team": "users",
    "opted_out": "ban",
    "opted_in": "check",
}


@dataclass(frozen=True, slots=True)
class Activity:
    """One line between the bubbles."""

    icon: str
    text: str


def activity(message: Message) -> Activity:
    """The line of a message of kind ``activity``."""
    event = str(message.data.get("event", ""))
    return Activity(ICONS.get(event, "activity"), words(message.data) if event else message.text)
