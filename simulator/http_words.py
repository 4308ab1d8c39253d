"""How the made-up provider of the generic HTTP channel says things; docs/http-channel.md has it as
its first example.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from simulator.world import Message

ERRORS: dict[str, tuple[int, str]] = {
    "unauthorized": (401, "The key is missing or wrong."),
    "too_many_requests": (429, "Too many messages per second."),
    "internal": (500, "Something went wrong on our side."),
    "unavailable": (503, "We are being maintained."),
    "invalid": (400, "The field “{}” is missing or wrong."),
    "not_found": (404, "There is no {}."),
}


def error(code: str, about: str = "") -> tuple[int, dict[str, Any]]:
    """HTTP status and body of an error."""
    status, words = ERRORS[code]
    return status, {"error": {"code": code, "message": words.format(about)}}


def accepted(found: Message) -> dict[str, Any]:
    """The answer to a message that is on its way."""
    return {"messages": [{"id": found.sid, "to": found.to, "status": "accepted"}]}


def status_fields(found: Message, status: str) -> dict[str, str]:
    """A report."""
    fields = {"event": "report", "id": found.sid, "to": found.to, "status": status}
    if status == "undelivered" and found.error_code:
        fields["error"] = str(found.error_code)
    return fields | {"reference": found.reference}


def message_fields(found: Message, word: str = "") -> dict[str, str]:
    """A customer's message; this provider leaves keywords to the business."""
    return {
        "event": "message",
        "id": found.sid,
        "from": found.sender,
        "to": found.to,
        "text": found.body,
        "time": datetime.fromtimestamp(found.at, UTC).isoformat(),
    }


def seal(url: str, fields: Mapping[str, str], token: str) -> tuple[bytes, dict[str, str]]:
    """The webhook's body and headers: JSON, and an HMAC-SHA256 of it."""
    body = orjson.dumps(dict(fields))
    digest = hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
    return body, {"Content-Type": "application/json", "X-Signature": f"sha256={digest}"}
