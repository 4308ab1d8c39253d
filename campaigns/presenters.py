"""Ledger lines in words, for the page and the export."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.ledger import Entry
from campaigns.models import Recipient
from campaigns.selectors import Progress
from contacts.models import Contact
from conversations.presenters.messages import PROBLEMS, fate
from gateway.models import Delivery
from gateway.quiet.places import Rule
from gateway.quiet.words import why_held
from gateway.states import State

OUTCOME_NAMES = {
    "pending": gettext_lazy("Waiting"),
    "queued": gettext_lazy("On its way"),
    "sent": gettext_lazy("Sent"),
    "delivered": gettext_lazy("Delivered"),
    "read": gettext_lazy("Read"),
    "failed": gettext_lazy("Failed"),
    "unknown": gettext_lazy("Not clear"),
    "expired": gettext_lazy("Too late"),
    "cancelled": gettext_lazy("Stopped"),
    "skipped": gettext_lazy("Not sent"),
}
TONES = {
    "delivered": "success",
    "read": "success",
    "sent": "accent",
    "failed": "danger",
    "unknown": "warning",
    "expired": "warning",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger. ``outcome`` is one of ledger.OUTCOMES; no ``why``: all is well."""

    recipient: Recipient
    contact: Contact | None
    outcome: str
    outcome_name: str
    tone: str
    why: str
    detail: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of the funnel."""

    name: str
    count: int


def lines(entries: Iterable[Entry], rule: Rule) -> Iterator[Line]:
    """Each line's outcome and reason; ``rule`` is the workspace's quiet hours."""
    return (_line(entry, rule) for entry in entries)


def funnel(numbers: Progress) -> list[Step]:
    """From everybody in the segment to those who answered."""
    return [
        Step(_("In the segment"), numbers.total),
        Step(_("Get a message"), numbers.audience),
        Step(_("Sent"), numbers.sent),
        Step(_("Delivered"), numbers.delivered),
        Step(_("Answered"), numbers.replied),
    ]


def failure_words(error_class: str) -> str:
    """Why deliveries of this class failed."""
    words = PROBLEMS.get(error_class)
    return str(words) if words else _("The message could not be sent.")


def _line(entry: Entry, rule: Rule) -> Line:
    delivery = entry.delivery
    outcome = "queued" if entry.state == State.SENDING else entry.state
    behind = [entry.fallback] if entry.fallback else []
    known = fate(delivery, behind) if delivery else None
    held = why_held(delivery, rule) if delivery else ""
    return Line(
        recipient=entry.recipient,
        contact=entry.contact,
        outcome=outcome,
        outcome_name=_("Waits for the morning") if held else _outcome_name(outcome),
        tone=TONES.get(outcome, ""),
        why=held or ((known.problem or known.story) if known else entry.reason_text),
        detail=known.detail if known else "",
        at=_moment(delivery) if delivery else None,
    )


def _outcome_name(outcome: str) -> str:
    name = OUTCOME_NAMES.get(outcome)
    return str(name if name is not None else State(outcome).label)


def _moment(delivery: Delivery) -> datetime | None:
    return delivery.read_at or delivery.delivered_at or delivery.failed_at or delivery.sent_at
