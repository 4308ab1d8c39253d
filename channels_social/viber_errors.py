"""What Viber's answers mean for us: HTTP is 200 even for errors, a status in the body decides.

Source: providers.md section 10.
"""

from typing import Any, NamedTuple

from channels_social.json_values import plain
from gateway.contract import Response
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    NotCapable,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
    WindowClosed,
)


class Known(NamedTuple):
    """The class that drives what happens, and our words where Viber has none."""

    error: type[SendError]
    text: str


BY_STATUS: dict[int, Known] = {
    1: Known(BadCredentials, "The webhook's address is not valid"),
    2: Known(BadCredentials, "The bot's token is not accepted"),
    3: Known(Rejected, "Viber did not understand the message"),
    4: Known(Rejected, "Something is missing in the message"),
    5: Known(NotCapable, "This person has no Viber account any more"),
    6: Known(OptedOut, "This person has not subscribed to the bot"),
    7: Known(BadCredentials, "The bot is blocked"),
    8: Known(BadCredentials, "There is no such bot"),
    9: Known(BadCredentials, "The bot is suspended"),
    10: Known(BadCredentials, "The bot has no webhook"),
    11: Known(NotCapable, "This person's app is too old for the message"),
    12: Known(Throttled, "Too many requests"),
    13: Known(NotCapable, "This person's app is too old for the message"),
    14: Known(Rejected, "The message fits no version of Viber's API"),
    15: Known(BadCredentials, "The bot may not send this"),
    16: Known(Rejected, "This person's region is not served"),
    17: Known(BadCredentials, "The bot may not be used like this"),
    18: Known(BadCredentials, "The bot may not be used like this"),
    19: Known(BadCredentials, "The bot may not send to many at once"),
    20: Known(BadCredentials, "The bot may not send to many at once"),
    21: Known(Rejected, "This person's device is not supported"),
    22: Known(BadCredentials, "The bot may not be used like this"),
    23: Known(WindowClosed, "No more messages of the business's own accord this month"),
    24: Known(BadCredentials, "The bot has no balance"),
}
BY_HTTP: dict[int, Known] = {
    401: BY_STATUS[2],
    403: BY_STATUS[2],
    429: BY_STATUS[12],
    503: Known(Unreachable, "Service unavailable"),
}


def said(response: Response) -> dict[str, Any]:
    """The answer's object; empty for what is none."""
    found = response.json()
    return found if isinstance(found, dict) else {}


def status_of(response: Response) -> int | None:
    """Viber's status; None where the answer has none."""
    status = said(response).get("status")
    return status if isinstance(status, int) and not isinstance(status, bool) else None


def succeeded(response: Response) -> bool:
    """Whether the call was taken."""
    return response.status == 200 and status_of(response) == 0


def failure(response: Response, *, safe: bool = False) -> SendError:
    """The error an unsuccessful answer means. ``safe``: asking again could do no harm."""
    status = status_of(response)
    if response.status == 200 and status:
        # A status we do not know: certainly not taken, and perhaps later.
        known = BY_STATUS.get(status, Known(Unreachable, f"Viber's status {status}"))
        code = str(status)
    else:
        unclear = Known(
            Unreachable if safe else Ambiguous,
            f"An answer that says nothing (HTTP {response.status})",
        )
        refused = Known(Rejected, "Viber did not accept the message")
        is_refusal = 400 <= response.status < 500 and response.status != 408
        known = BY_HTTP.get(response.status, refused if is_refusal else unclear)
        code = str(response.status)
    words = said(response).get("status_message")
    text = plain(words)[:500] if isinstance(words, str) and words and status else known.text
    return known.error(text, code=code, retry_after=response.retry_after())
