"""What the mail bridge answers, as an adapter understands it.

Sources: RFC 5321 section 4.2 (replies), RFC 3463 (enhanced codes), RFC 4954 (authentication).
"""

import re
from typing import Any

from gateway.contract import Response
from gateway.errors import (
    ERRORS,
    Ambiguous,
    BadCredentials,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
)

# What concerns one mail, and will be the same the next time.
PERMANENT = frozenset({Rejected, TooLong, OptedOut})
STATUSES: dict[type[SendError], int] = {
    Throttled: 429, Unreachable: 503, Ambiguous: 502, BadCredentials: 401,
}  # fmt: skip
REFUSED = 422
BY_STATUS: dict[int, type[SendError]] = {
    401: BadCredentials, 403: BadCredentials, 404: Unreachable, 405: Unreachable,
    429: Throttled, 503: Unreachable,
}  # fmt: skip
# Authentication required, credentials wrong, mechanism too weak, encryption required.
CREDENTIALS = frozenset({530, 534, 535, 538})
# 4.7.0 and 4.7.1 of a 421 or 450/451 mean: slow down, or greylisting; come again.
BUSY = frozenset({421, 450, 451, 452})
TOO_LARGE = 552
ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# RFC 3463: bad mailbox, bad domain, moved, null MX (RFC 7505): nobody will ever be there.
DEAD = frozenset({"5.1.1", "5.1.2", "5.1.6", "5.1.10"})


def enhanced(text: str) -> str:
    """The enhanced status code of a reply's text; empty without one."""
    found = ENHANCED.search(text[:200])
    return found.group(0) if found else ""


def refusal(code: int, text: str) -> SendError:
    """The error that an SMTP reply other than success means."""
    words, known = text.strip()[:500] or f"SMTP {code}", enhanced(text) or str(code)
    if code in CREDENTIALS:
        return BadCredentials(words, code=known)
    if code in BUSY:
        return Throttled(words, code=known)
    if 400 <= code < 500:
        return Unreachable(words, code=known)
    if code == TOO_LARGE and enhanced(text) in {"", "5.3.4", "5.2.3"}:
        return TooLong(words, code=known)
    return Rejected(words, code=known)


def dead(error: SendError) -> bool:
    """Whether a refusal says that the address does not exist."""
    return type(error) is Rejected and error.code in DEAD


def failure(response: Response, *, safe: bool = False) -> SendError:
    """The error an unsuccessful answer of the bridge means. ``safe``: asking again does no harm."""
    said = response.json()
    problem = said if isinstance(said, dict) else {}
    text = str(problem.get("text") or f"HTTP {response.status}")[:500]
    error = _class(response.status, str(problem.get("error", "")), safe)
    known = str(problem.get("code") or response.status)[:32]
    return error(text, code=known, retry_after=response.retry_after())


def member(response: Response, name: str) -> Any:
    """A member of the answer's object; None without."""
    said = response.json()
    return said.get(name) if isinstance(said, dict) else None


def _class(status: int, name: str, safe: bool) -> type[SendError]:
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status >= 500 or status < 400 or status == 408:
        return Unreachable if safe else Ambiguous
    found = ERRORS.get(name, Rejected)
    return found if found in PERMANENT else Rejected
