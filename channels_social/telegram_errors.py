"""What the Bot API's answers mean for us.

An answer is ``{"ok": false, "error_code", "description", "parameters": {"retry_after",
"migrate_to_chat_id"}}``. The code decides; the description, which is not stable, is only looked at
where one code means several things. Source: providers.md section 9.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from channels_social.json_values import plain
from gateway.contract import Response
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    TooLong,
    Unreachable,
)


class Known(NamedTuple):
    """The class that drives what happens, and our words where Telegram has none."""

    error: type[SendError]
    text: str


BY_CODE: dict[int, Known] = {
    400: Known(Rejected, "Telegram did not accept the message"),
    401: Known(BadCredentials, "The bot's token is not accepted"),
    403: Known(BadCredentials, "The bot may not do this"),
    404: Known(BadCredentials, "The bot's token is not accepted"),
    409: Known(BadCredentials, "Another program asks for this bot's messages"),
    413: Known(Rejected, "The file is too large for Telegram"),
    429: Known(Throttled, "Too many requests"),
    503: Known(Unreachable, "Service unavailable"),
}
# What a code means where its description has these words, in lower case.
BY_WORDS: tuple[tuple[int, str, type[SendError]], ...] = (
    (400, "message is too long", TooLong),
    (400, "message caption is too long", TooLong),
    (403, "blocked by the user", OptedOut),
    (403, "user is deactivated", OptedOut),
    # Any other 403 with words is about one person, who has not started the bot.
    (403, "", Rejected),
)


def said(response: Response) -> Mapping[str, Any]:
    """The answer's object; empty for what is none."""
    found = response.json()
    return found if isinstance(found, dict) else {}


def result(response: Response) -> Any:
    """What a call has resulted in; raises what went wrong. None where the answer says nothing."""
    found = said(response)
    if response.status != 200 or found.get("ok") is False:
        raise failure(response)
    return found.get("result") if found.get("ok") is True else None


def failure(response: Response, *, safe: bool = False) -> SendError:
    """The error an unsuccessful answer means. ``safe``: asking again could do no harm."""
    found = said(response)
    code = found.get("error_code")
    status = code if isinstance(code, int) and response.status == 200 else response.status
    words = found.get("description")
    description = plain(words)[:500] if isinstance(words, str) else ""
    known = BY_CODE.get(status)
    if known is None:
        unclear = status >= 500 or status < 400 or status == 408
        text = f"An answer that says nothing (HTTP {status})"
        known = Known((Unreachable if safe else Ambiguous) if unclear else Rejected, text)
    error = _by_words(status, description) or known.error
    return error(description or known.text, code=str(status), retry_after=retry_after(response))


def _by_words(status: int, description: str) -> type[SendError] | None:
    lower = description.lower()
    if not lower:
        return None
    return next((kind for code, words, kind in BY_WORDS if code == status and words in lower), None)


def retry_after(response: Response) -> float | None:
    """Seconds to wait, which Telegram says in the body; else as HTTP says it."""
    parameters = said(response).get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    known = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds >= 0
    return float(seconds) if known and seconds is not None else response.retry_after()


def moved_to(response: Response) -> int | None:
    """The chat's new id where a message was refused because the chat has moved."""
    parameters = said(response).get("parameters")
    found = parameters.get("migrate_to_chat_id") if isinstance(parameters, dict) else None
    moved = isinstance(found, int) and not isinstance(found, bool)
    return found if moved and response.status == 400 else None
