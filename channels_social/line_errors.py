"""What LINE's answers mean for us.

Errors are ``{"message", "details": [{"message", "property"}]}`` with an HTTP status; where one
status means several things, the words tell. Source: providers.md section 11.
"""

from typing import Any, NamedTuple

from gateway.contract import Response
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    NotCapable,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)

# With this header a 409 says that the same retry key was accepted before.
ACCEPTED_BEFORE = "x-line-accepted-request-id"
INVALID_TOKEN = "invalid reply token"  # noqa: S105 - LINE's words


class Known(NamedTuple):
    """The class that drives what happens, and our words where LINE has none."""

    error: type[SendError]
    text: str


BY_WORDS: tuple[tuple[int, str, Known], ...] = (
    # The plan's messages are used up. Until the next month, or a larger plan, nothing is pushed.
    (429, "monthly limit", Known(BadCredentials, "The plan's monthly messages are used up")),
    (400, "failed to send messages", Known(NotCapable, "LINE does not reach this person")),
)
BY_STATUS: dict[int, Known] = {
    400: Known(Rejected, "LINE did not accept the message"),
    401: Known(BadCredentials, "The channel access token is not accepted"),
    403: Known(BadCredentials, "The channel or its plan may not do this"),
    404: Known(Rejected, "LINE does not know what this is about"),
    409: Known(Rejected, "The retry key was used for another message"),
    410: Known(Rejected, "It is no longer there"),
    413: Known(Rejected, "The message is too large"),
    415: Known(Rejected, "LINE does not take such files"),
    429: Known(Throttled, "Too many requests"),
    503: Known(Unreachable, "Service unavailable"),
}


def invalid_token(response: Response) -> bool:
    """Whether a reply was certainly not sent because its token is used up or too old."""
    return response.status == 400 and INVALID_TOKEN in _words(response).lower()


def failure(response: Response, *, safe: bool = False) -> SendError:
    """The error an unsuccessful answer means. ``safe``: asking again could do no harm."""
    said, status = _words(response), response.status
    known = next(
        (one for code, words, one in BY_WORDS if code == status and words in said.lower()),
        BY_STATUS.get(status),
    )
    if known is None:
        unclear = status >= 500 or status < 400 or status == 408
        words = f"An answer that says nothing (HTTP {status})"
        known = Known((Unreachable if safe else Ambiguous) if unclear else Rejected, words)
    text = said or known.text
    return known.error(text, code=str(status), retry_after=response.retry_after())


def _words(response: Response) -> str:
    """LINE's words with those about single fields; empty without any."""
    answer = response.json()
    found = answer if isinstance(answer, dict) else {}
    details = found.get("details")
    parts = [found.get("message"), *map(_detail, details if isinstance(details, list) else ())]
    text = "; ".join(part for part in parts if isinstance(part, str) and part)
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:500]


def _detail(one: Any) -> str:
    found = one if isinstance(one, dict) else {}
    return ": ".join(str(found[name]) for name in ("property", "message") if found.get(name))
