"""Twilio's error codes as data: what each means for us, and its words for people.

Twilio changes meanings now and then, so this is a table and unknown codes fall back by range.

BadCredentials pauses the whole channel, so it is used only for what concerns the channel itself.
Where the reason lies in one recipient (a country that is not enabled, a number a trial account may
not write to), the message fails and the channel goes on: one contact must not stop the others.
"""

from typing import NamedTuple

from gateway.contract import Response
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    NotCapable,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
    WindowClosed,
)

HOUR = 3600.0


class Known(NamedTuple):
    """What a code means: the class that drives what happens, words, seconds to wait if special."""

    error: type[SendError]
    text: str
    retry_after: float | None = None


TABLE: dict[int, Known] = {
    14107: Known(Throttled, "Send rate limit exceeded"),
    20003: Known(BadCredentials, "Authentication failed or permission denied"),
    20403: Known(BadCredentials, "Access forbidden"),
    20404: Known(BadCredentials, "The account was not found"),
    20429: Known(Throttled, "Too many requests"),
    20500: Known(Ambiguous, "Internal server error at the provider"),
    20503: Known(Unreachable, "Service unavailable"),
    20001: Known(Rejected, "The provider found the content invalid"),
    21211: Known(Rejected, "Invalid recipient number"),
    21212: Known(BadCredentials, "Invalid sender number"),
    21408: Known(NotCapable, "Sending to this country is not enabled for the account"),
    21602: Known(Rejected, "The message is empty"),
    21603: Known(BadCredentials, "The sender is missing"),
    21604: Known(Rejected, "The recipient is missing"),
    21606: Known(BadCredentials, "The sender number does not belong to the account"),
    21608: Known(Rejected, "The trial account may not write to this unverified number"),
    21610: Known(OptedOut, "The recipient has unsubscribed from this sender"),
    21611: Known(Throttled, "The sender's queue is full"),
    21612: Known(NotCapable, "The recipient cannot be reached from this sender"),
    21614: Known(NotCapable, "The recipient is not a mobile number"),
    21617: Known(TooLong, "The message is longer than 1600 characters"),
    21618: Known(Rejected, "The message text cannot be sent"),
    21620: Known(Rejected, "Invalid media URL"),
    21621: Known(Rejected, "The sender cannot send pictures"),
    21622: Known(Rejected, "Media messages are not enabled"),
    21623: Known(Rejected, "Too many media files"),
    21654: Known(Rejected, "The content template is missing"),
    21655: Known(Rejected, "The content template is invalid"),
    21656: Known(Rejected, "The content variables are invalid"),
    21666: Known(BadCredentials, "A fallback sender needs a Messaging Service"),
    21667: Known(BadCredentials, "The Messaging Service has no RCS sender"),
    21701: Known(BadCredentials, "The Messaging Service does not exist"),
    21702: Known(BadCredentials, "The Messaging Service is missing"),
    21703: Known(BadCredentials, "The Messaging Service has no sender"),
    21704: Known(BadCredentials, "The Messaging Service has no sender"),
    21705: Known(BadCredentials, "The Messaging Service is invalid"),
    30001: Known(Throttled, "The queue is full"),
    30002: Known(BadCredentials, "The account is suspended"),
    30003: Known(Unreachable, "The phone is off or out of coverage"),
    30004: Known(Rejected, "The message was blocked"),
    30005: Known(Rejected, "The number does not exist"),
    30006: Known(NotCapable, "A landline or a carrier that cannot be reached"),
    30007: Known(Rejected, "The carrier filtered the message"),
    30008: Known(Unreachable, "The provider does not know why it failed"),
    30009: Known(Rejected, "A part of the message is missing"),
    30011: Known(Rejected, "The carrier does not take media messages"),
    30017: Known(Unreachable, "The carrier's network is congested"),
    30018: Known(BadCredentials, "The destination wants a registered sender"),
    30019: Known(Rejected, "The content is too large for the carrier"),
    30022: Known(Throttled, "The US carriers' rate limit is exceeded"),
    30023: Known(Throttled, "The US carriers' daily limit is reached", HOUR),
    30024: Known(BadCredentials, "The sender number is not provisioned at the carrier"),
    30027: Known(Throttled, "T-Mobile's daily limit is reached", HOUR),
    30032: Known(BadCredentials, "The toll-free number is not verified"),
    30034: Known(BadCredentials, "The US number is not registered for business messages"),
    30036: Known(Rejected, "It could not be delivered within its validity period"),
    30410: Known(Unreachable, "The carrier did not answer in time"),
    63001: Known(BadCredentials, "The channel could not be authenticated"),
    63002: Known(BadCredentials, "The channel's sender was not found"),
    63003: Known(NotCapable, "The recipient was not found on this channel"),
    63005: Known(Rejected, "The channel did not accept the content"),
    63006: Known(Rejected, "The message could not be formatted for the channel"),
    63007: Known(BadCredentials, "The channel's sender is not set up"),
    63008: Known(BadCredentials, "The channel is wrongly configured"),
    63009: Known(Unreachable, "The channel answered with an error"),
    63010: Known(Unreachable, "Internal error at the provider"),
    63011: Known(Unreachable, "The channel did not say what the recipient can receive"),
    63012: Known(Unreachable, "The channel answered with an internal error"),
    63013: Known(Rejected, "Against the channel's policy"),
    63014: Known(OptedOut, "The recipient has blocked this sender"),
    63015: Known(Rejected, "The recipient has not joined the sandbox"),
    63016: Known(WindowClosed, "Only templates are allowed outside the reply window"),
    63017: Known(Throttled, "Too many messages for the account"),
    63018: Known(Throttled, "The sender's limit is reached"),
    63019: Known(Rejected, "The media could not be fetched"),
    63020: Known(BadCredentials, "The channel is wrongly configured"),
    63021: Known(Rejected, "The channel found the content invalid"),
    63023: Known(Unreachable, "The channel answered with an error"),
    63024: Known(NotCapable, "Invalid recipient on this channel"),
    63026: Known(Rejected, "The message was taken for spam"),
    63027: Known(Rejected, "The template does not exist"),
    63028: Known(Rejected, "The template's variables do not match"),
    63029: Known(Rejected, "The recipient failed to take part in the experiment"),
    63030: Known(Rejected, "The template's variables are not allowed"),
    63032: Known(Rejected, "A limitation of the channel"),
    63033: Known(OptedOut, "The recipient has blocked this sender"),
    63034: Known(Rejected, "The media is too large"),
    63035: Known(NotCapable, "The agent is not launched for this recipient"),
    63036: Known(NotCapable, "The number cannot be reached over RCS now"),
    63038: Known(Throttled, "The daily limit of messages is reached", HOUR),
    63040: Known(Rejected, "The template was rejected"),
    63041: Known(Rejected, "The template is paused"),
    63106: Known(NotCapable, "The phone takes no RCS"),
    92005: Known(Rejected, "The content template is missing"),
    92007: Known(Rejected, "The content variables are invalid"),
}

# Unknown codes of a range, by their thousands: request refused, delivery failed, channel failed.
RANGES: dict[int, type[SendError]] = {21: Rejected, 30: Unreachable, 63: NotCapable}


def meaning(code: int, default: type[SendError] = Rejected) -> Known:
    """What a code means; an unknown one by its range, else ``default`` without words."""
    return TABLE.get(code) or Known(RANGES.get(code // 1000, default), "")


def number(value: object) -> int:
    """An error code as Twilio writes it: a number, or digits in a callback; 0 for anything else."""
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else 0


def failure(response: Response, *, safe: bool = False) -> SendError:
    """The error an unsuccessful answer means. ``safe``: asking again could do no harm (a GET)."""
    answer = response.json()
    problem = answer if isinstance(answer, dict) else {}
    code = number(problem.get("code"))
    known = _by_status(response.status, safe) or meaning(code, _by_refusal(response.status))
    text = str(problem.get("message") or known.text or f"HTTP {response.status}")
    # What PostgreSQL cannot keep must not turn an answer into a crash.
    text = text.replace("\0", "").encode("utf-8", "replace").decode()[:500]
    wait = response.retry_after()
    wait = known.retry_after if wait is None else wait
    return known.error(text, code=str(code or response.status)[:32], retry_after=wait)


def _by_status(status: int, safe: bool) -> Known | None:
    """What the HTTP status alone decides, whatever the body says."""
    if status == 429:
        return Known(Throttled, "Too many requests")
    if status == 503:
        return Known(Unreachable, "Service unavailable")
    if status >= 500 or status < 400 or status == 408:
        text = f"An answer that says nothing (HTTP {status})"
        return Known(Unreachable if safe else Ambiguous, text)
    return None


def _by_refusal(status: int) -> type[SendError]:
    return BadCredentials if status in {401, 403} else Rejected
