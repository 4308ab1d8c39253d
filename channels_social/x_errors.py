"""X's refusals as data: what each means for us, and its words for people.

A refusal is a problem (``title``, ``detail``, ``type``), or stands among ``errors`` in an answer of
200. What it is about is told by the type, and for a 403 by the detail alone, so both are tables:
https://docs.x.com/x-api/fundamentals/response-codes-and-errors
"""

import re
import time
from typing import Any, NamedTuple

from gateway.contract import Response
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
)


class Known(NamedTuple):
    """What a refusal means: the class that drives what happens, and words (empty: X's own)."""

    error: type[SendError]
    text: str = ""


# The last part of a problem's ``type``.
TYPES: dict[str, Known] = {
    "usage-capped": Known(BadCredentials, "The month's quota of the X app is used up"),
    "credits-depleted": Known(BadCredentials, "The credits of the X app are used up"),
    "oauth1-permissions": Known(
        BadCredentials,
        "The X app lacks a permission: set it to read, write and direct messages, then make new "
        "access tokens",
    ),
    "unsupported-authentication": Known(BadCredentials, "X wants another log-in for this"),
    "client-not-enrolled": Known(BadCredentials, "The X app belongs to no project"),
    "official-client-forbidden": Known(BadCredentials, "X does not let this app do that"),
    "resource-not-found": Known(Rejected, "The post or person does not exist (any more)"),
    "not-authorized-for-resource": Known(Rejected, "This account may not see the post or person"),
    "disallowed-resource": Known(Rejected, "X does not allow what the text contains"),
    "invalid-request": Known(Rejected),
    "rate-limit-exceeded": Known(Throttled, "X takes no more at the moment"),
}

# What the detail of a 400 or 403 says, in lower case; the first that is found counts.
DETAILS: tuple[tuple[str, Known], ...] = (
    ("duplicate content", Known(Rejected, "The same text was posted a short while ago")),
    ("too long", Known(TooLong, "The text is longer than X takes")),
    ("account is suspended", Known(BadCredentials, "X has suspended the account")),
    ("temporarily locked", Known(BadCredentials, "X has locked the account; log in there")),
    ("oauth1 app permissions", TYPES["oauth1-permissions"]),
    ("attached to a project", TYPES["client-not-enrolled"]),
    (
        "reply to this conversation",
        Known(Rejected, "X lets this account answer only who has mentioned it"),
    ),
    (
        "not been mentioned",
        Known(Rejected, "X lets this account answer only who has mentioned it"),
    ),
    ("blocked", Known(Rejected, "This person has blocked the account")),
    (
        "cannot send messages to this user",
        Known(Rejected, "This person takes no direct messages from the account"),
    ),
    (
        "one or more participants",
        Known(Rejected, "This person takes no direct messages from the account"),
    ),
    ("media", Known(Rejected, "X does not take one of the files")),
)
STATUSES: dict[int, Known] = {
    401: Known(BadCredentials, "X does not accept the access tokens"),
    402: TYPES["credits-depleted"],
    403: Known(BadCredentials, "X does not let the app do that"),
    404: Known(Rejected, "The post or person does not exist (any more)"),
    413: Known(Rejected, "The file is too large for X"),
}


def failure(response: Response) -> SendError:
    """What an answer to something sent means, when it is no success."""
    problem = _problem(response.json())
    if response.status == 429:
        return _too_many(response, problem)
    if response.status == 503:
        return Unreachable("X is not available.", code="503")
    if response.status >= 500 or 300 <= response.status < 400:
        return Ambiguous(f"X answered {response.status}.", code=str(response.status))
    if 200 <= response.status < 300 and not problem:
        return Ambiguous("X answered without an id.", code=str(response.status))
    return _refused(response.status, problem)


def question_failure(response: Response) -> SendError:
    """As ``failure``, for what can be asked again without harm: never Ambiguous."""
    error = failure(response)
    return Unreachable(error.text, code=error.code) if isinstance(error, Ambiguous) else error


def _refused(status: int, problem: dict[str, Any]) -> SendError:
    word, detail = _word(problem), _detail(problem)
    known = _by_detail(detail) or TYPES.get(word) or _by_status(status, detail)
    return known.error(known.text or detail or f"X answered {status}.", code=word or str(status))


def _by_detail(detail: str) -> Known | None:
    lower = detail.lower()
    return next((known for phrase, known in DETAILS if phrase in lower), None)


def _by_status(status: int, detail: str) -> Known:
    """A 403 that gives a reason is about this message; one that gives none is about the channel."""
    if status == 403 and detail:
        return Known(Rejected)
    return STATUSES.get(status, Known(Rejected))


def _too_many(response: Response, problem: dict[str, Any]) -> SendError:
    word = _word(problem)
    if word == "usage-capped":
        return BadCredentials(TYPES[word].text, code=word)
    text = _detail(problem) or TYPES["rate-limit-exceeded"].text
    return Throttled(text, code=word or "429", retry_after=_wait(response))


def _wait(response: Response) -> float | None:
    """Seconds until the limit is lifted: X says when in Unix time, a proxy before it how long."""
    said = response.headers.get("x-rate-limit-reset", "").strip()
    if not re.fullmatch(r"[0-9]{1,12}", said):
        return response.retry_after()
    date = response.date()
    return max(0.0, int(said) - (date.timestamp() if date else time.time()))


def _problem(found: Any) -> dict[str, Any]:
    """The problem itself, or the first of ``errors``; empty where there is none."""
    if not isinstance(found, dict) or isinstance(found.get("data"), dict):
        return {}
    errors = found.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    if found.get("type") or found.get("title") or found.get("detail"):
        return found if _detail(found) or not isinstance(first, dict) else {**first, **found}
    return first if isinstance(first, dict) else {}


def _word(problem: dict[str, Any]) -> str:
    """The type's last part; ``client-forbidden`` says more in its reason."""
    word = str(problem.get("type") or "").rstrip("/").rpartition("/")[2][:64]
    reason = str(problem.get("reason") or "")
    if word == "client-forbidden" and reason in TYPES:
        return reason
    return "" if word.startswith("about:") else word or str(problem.get("code") or "")[:16]


def _detail(problem: dict[str, Any]) -> str:
    return str(problem.get("detail") or problem.get("message") or problem.get("title") or "")[:300]
