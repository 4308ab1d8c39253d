"""What Google's answers to RCS Business Messaging calls mean for us.

Errors have one form, ``{"error": {"code", "message", "status", "details"}}``; the status word
decides, and the HTTP status where there is none. Source: providers.md section 3, and the reference
of the methods at developers.google.com/business-communications/rcs-business-messaging.
"""

from typing import Any, NamedTuple

from gateway.contract import Reach, Response
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    NotCapable,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)

NOT_FOUND = "NOT_FOUND"
PERMISSION_DENIED = "PERMISSION_DENIED"
ALREADY_EXISTS = "ALREADY_EXISTS"


class Known(NamedTuple):
    """The class that drives what happens, and our words where Google has none."""

    error: type[SendError]
    text: str


# 403 is both: the agent is not launched and this number is none of its testers, or the account may
# not use the agent. The adapter finds out which (google_rcs.GoogleRcs._whose_fault).
BY_WORD: dict[str, Known] = {
    NOT_FOUND: Known(NotCapable, "This number cannot be reached over RCS"),
    PERMISSION_DENIED: Known(BadCredentials, "The service account may not use this agent"),
    "UNAUTHENTICATED": Known(BadCredentials, "The service account is not accepted"),
    "INVALID_ARGUMENT": Known(Rejected, "Google did not accept the message"),
    "FAILED_PRECONDITION": Known(Rejected, "Google did not accept the message"),
    "OUT_OF_RANGE": Known(Rejected, "Google did not accept the message"),
    "UNIMPLEMENTED": Known(Rejected, "Google did not accept the message"),
    "RESOURCE_EXHAUSTED": Known(Throttled, "Too many requests"),
    "UNAVAILABLE": Known(Unreachable, "Service unavailable"),
}
BY_STATUS: dict[int, Known] = {
    401: BY_WORD["UNAUTHENTICATED"],
    403: BY_WORD[PERMISSION_DENIED],
    404: BY_WORD[NOT_FOUND],
    429: BY_WORD["RESOURCE_EXHAUSTED"],
    503: BY_WORD["UNAVAILABLE"],
}


def problem(response: Response) -> dict[str, Any]:
    """The error in an answer; empty without one."""
    answer = response.json()
    found = answer.get("error") if isinstance(answer, dict) else None
    return found if isinstance(found, dict) else {}


def word(response: Response) -> str:
    """Google's status word, as ``NOT_FOUND``; empty without one."""
    found = problem(response).get("status")
    return found if isinstance(found, str) else ""


def failure(response: Response, *, safe: bool = False) -> SendError:
    """The error an unsuccessful answer means. ``safe``: asking again could do no harm."""
    said = problem(response)
    known = _known(response.status, word(response))
    if known is None:
        unclear = response.status >= 500 or response.status < 400 or response.status == 408
        text = f"An answer that says nothing (HTTP {response.status})"
        known = Known((Unreachable if safe else Ambiguous) if unclear else Rejected, text)
    words = said.get("message")
    text = plain(words) if isinstance(words, str) and words else known.text
    code = plain(word(response))[:32] or str(response.status)
    error = known.error(text, code=code, retry_after=response.retry_after())
    if isinstance(error, NotCapable):
        error.reach = Reach.NO
    return error


def _known(status: int, said: str) -> Known | None:
    if status >= 500 or status < 400:
        # The word UNAVAILABLE of a gateway does not say that nothing behind it has the message.
        return BY_STATUS.get(status)
    return BY_WORD.get(said) or BY_STATUS.get(status)


def plain(text: str) -> str:
    """Words of a provider as the database can keep them."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:500]
