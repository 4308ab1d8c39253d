"""SMPP's status codes and receipts as data: what each means for us, and its words for people.

Sources: SMPP 3.4 section 5.1.3 (command_status), 5.2.28 (message_state) and appendix B (receipts).

A status that says nothing about the channel as a whole never pauses it: one recipient must not stop
the others.
"""

from typing import NamedTuple

from gateway.contract import Response
from gateway.errors import (
    ERRORS,
    Ambiguous,
    BadCredentials,
    NotCapable,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
)
from gateway.states import State

TEMPORARY = 0x64
# What concerns one message, and will be the same the next time.
PERMANENT = frozenset({Rejected, TooLong, NotCapable})


class Known(NamedTuple):
    """What a code means: the class that drives what happens, and words."""

    error: type[SendError]
    text: str


STATUSES: dict[int, Known] = {
    0x01: Known(TooLong, "Message length is invalid"),
    0x02: Known(Rejected, "Command length is invalid"),
    0x03: Known(Rejected, "The SMSC does not know the command"),
    0x04: Known(Unreachable, "The bind is in the wrong state"),
    0x05: Known(Unreachable, "Already bound"),
    0x06: Known(Rejected, "Invalid priority flag"),
    0x07: Known(Rejected, "Invalid registered delivery flag"),
    0x08: Known(Unreachable, "System error at the SMSC"),
    0x0A: Known(Rejected, "Invalid source address"),
    0x0B: Known(Rejected, "Invalid destination address"),
    0x0D: Known(BadCredentials, "Bind failed"),
    0x0E: Known(BadCredentials, "Invalid password"),
    0x0F: Known(BadCredentials, "Invalid system id"),
    0x14: Known(Throttled, "The SMSC's message queue is full"),
    0x15: Known(Rejected, "Invalid service type"),
    0x43: Known(Rejected, "Invalid esm_class"),
    0x45: Known(Rejected, "The SMSC could not submit the message"),
    0x48: Known(Rejected, "Invalid type of number of the source address"),
    0x49: Known(Rejected, "Invalid numbering plan of the source address"),
    0x50: Known(Rejected, "Invalid type of number of the destination address"),
    0x51: Known(Rejected, "Invalid numbering plan of the destination address"),
    0x53: Known(BadCredentials, "Invalid system type"),
    0x58: Known(Throttled, "Throttled: too many messages"),
    0x61: Known(Rejected, "Invalid schedule"),
    0x62: Known(Rejected, "Invalid validity period"),
    0x64: Known(Unreachable, "Temporary error at the SMSC"),
    0x65: Known(Rejected, "Permanent error at the SMSC"),
    0x66: Known(Rejected, "The SMSC rejected the message"),
    0x67: Known(NotCapable, "The SMSC does not support this"),
}

# Receipts' words (cut to seven letters since their first days), and message_state in a TLV.
WORDS = {
    1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED",
    5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD", 9: "SKIPPED",
}  # fmt: skip
# None: the SMSC itself does not know, which changes nothing.
RECEIPTS: dict[str, tuple[State | None, Known | None]] = {
    "ENROUTE": (State.SENT, None),
    "ACCEPTD": (State.SENT, None),
    "DELIVRD": (State.DELIVERED, None),
    "EXPIRED": (State.EXPIRED, None),
    "UNDELIV": (State.FAILED, Known(Rejected, "The message could not be delivered")),
    "REJECTD": (State.FAILED, Known(Rejected, "The message was rejected")),
    "DELETED": (State.FAILED, Known(Rejected, "The message was deleted")),
    "SKIPPED": (State.FAILED, Known(Rejected, "The message was skipped")),
    "UNKNOWN": (None, None),
}


def meaning(status: int) -> Known:
    """What a command_status other than 0 means; one that nobody knows is permanent."""
    return STATUSES.get(status) or Known(Rejected, "The SMSC refused the message")


def code(status: int) -> str:
    """A command_status as people write it."""
    return f"0x{status:02X}"


def failure(response: Response, *, safe: bool = False) -> SendError:
    """The error an unsuccessful answer of the bridge means. ``safe``: asking again does no harm."""
    said = response.json()
    problem = said if isinstance(said, dict) else {}
    text = str(problem.get("text") or f"HTTP {response.status}")[:500]
    error = _class(response.status, str(problem.get("error", "")), safe)
    known = str(problem.get("code") or response.status)[:32]
    return error(text, code=known, retry_after=response.retry_after())


def _class(status: int, name: str, safe: bool) -> type[SendError]:
    by_status: dict[int, type[SendError]] = {
        401: BadCredentials, 403: BadCredentials, 404: Unreachable, 405: Unreachable,
        429: Throttled, 503: Unreachable,
    }  # fmt: skip
    if status in by_status:
        return by_status[status]
    if status >= 500 or status < 400 or status == 408:
        return Unreachable if safe else Ambiguous
    found = ERRORS.get(name, Rejected)
    return found if found in PERMANENT else Rejected
