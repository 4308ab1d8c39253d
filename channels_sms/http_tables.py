"""Tables a person types into a channel's settings, one ``their word = our word`` a line."""

from django.utils.translation import gettext as _

from channels_sms.http_template import lines
from gateway.states import State

IGNORED = "ignored"
STATES: dict[str, State | None] = {
    IGNORED: None,
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    "failed": State.FAILED,
    "expired": State.EXPIRED,
}
# Our words for what an error means, and the class of gateway.errors that it drives.
MEANINGS = {
    "rejected": "Rejected",
    "opted_out": "OptedOut",
    "not_capable": "NotCapable",
    "too_long": "TooLong",
    "bad_credentials": "BadCredentials",
    "throttled": "Throttled",
    "unreachable": "Unreachable",
    "unclear": "Ambiguous",
}


class InvalidTable(ValueError):
    """A line cannot be read; the message is for people."""


def read_words(text: str) -> dict[str, State | None]:
    """Status words (lower case) and their states; None for those that change nothing."""
    rows = _rows(text, tuple(STATES), "DELIVRD = delivered")
    return {word.lower(): STATES[meaning] for word, meaning in rows}


def read_codes(text: str) -> dict[str, str]:
    """Error codes or HTTP statuses and the classes of gateway.errors they mean."""
    rows = _rows(text, tuple(MEANINGS), "1610 = opted_out")
    return {code: MEANINGS[meaning] for code, meaning in rows}


def _rows(text: str, known: tuple[str, ...], example: str) -> list[tuple[str, str]]:
    rows = []
    for line in lines(text):
        word, found, meaning = line.rpartition("=")
        word, meaning = word.strip(), meaning.strip().lower()
        if not found or not word:
            raise InvalidTable(_("Each line is like this: %s") % example)
        if meaning not in known:
            raise InvalidTable(
                _("“%(word)s” is none of: %(known)s.")
                % {"word": meaning[:40], "known": ", ".join(known)}
            )
        rows.append((word, meaning))
    return rows
