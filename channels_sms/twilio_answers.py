"""Reads what Twilio's API answers."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from channels_sms import twilio_errors
from gateway.contract import Response
from gateway.errors import Ambiguous, Unreachable

Json = dict[str, Any]


def message_id(answer: object) -> str:
    """The message's sid; Ambiguous when a success does not name it."""
    sid = _sid(answer)
    if sid is None:
        raise Ambiguous("The provider accepted the request but its answer names no message.")
    return sid


def content_id(answer: object) -> str:
    """A content resource's sid; Unreachable when an answer does not name it."""
    sid = _sid(answer)
    if sid is None:
        raise Unreachable("The provider's answer is not understood.")
    return sid


def _sid(answer: object) -> str | None:
    sid = answer.get("sid") if isinstance(answer, dict) else None
    right = isinstance(sid, str) and 0 < len(sid) <= 255 and sid.isascii() and sid.isprintable()
    return sid if right else None


def body(response: Response) -> Json:
    """A JSON object answered to a question; raises what went wrong. Asking again is harmless."""
    if response.status != 200:
        raise twilio_errors.failure(response, safe=True)
    answer = response.json()
    if not isinstance(answer, dict):
        raise Unreachable("The provider's answer is not understood.")
    return answer


def rows(response: Response, name: str) -> list[Json]:
    """A list of objects inside an answer."""
    found = body(response).get(name)
    if not isinstance(found, list):
        raise Unreachable("The provider's answer is not understood.")
    return [row for row in found if isinstance(row, dict)]


def moment(value: object) -> datetime | None:
    """A time as Twilio writes it (RFC 2822), in UTC; None when it is none."""
    try:
        return parsedate_to_datetime(str(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
