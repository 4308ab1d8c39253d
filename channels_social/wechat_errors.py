"""What WeChat's answers mean for us: HTTP 200 all of them, with an ``errcode``.

Source: providers.md section 12, and developers.weixin.qq.com (global return codes).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

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
    WindowClosed,
)


class Known(NamedTuple):
    """The class that drives what happens, our words, and how long to wait in seconds."""

    error: type[SendError]
    text: str
    retry_after: float | None = None


# The token is taken no more; the transport asks for another, once.
STALE = frozenset({40001, 40014, 42001})
TABLE: dict[int, Known] = {
    -1: Known(Unreachable, "WeChat is busy"),
    40001: Known(BadCredentials, "The access token is not accepted"),
    40002: Known(BadCredentials, "The kind of token is not known"),
    40003: Known(Rejected, "There is no such person at this account"),
    40004: Known(Rejected, "WeChat does not take this kind of file"),
    40005: Known(Rejected, "WeChat does not take this kind of file"),
    40006: Known(Rejected, "The file is too large"),
    40007: Known(Rejected, "The file is not known to WeChat"),
    40008: Known(Rejected, "WeChat does not know this kind of message"),
    40013: Known(BadCredentials, "The AppID is wrong"),
    40014: Known(BadCredentials, "The access token is not accepted"),
    40037: Known(Rejected, "The template does not exist"),
    40125: Known(BadCredentials, "The AppSecret is wrong"),
    40164: Known(
        BadCredentials, "The IP address of this server is not in the account's allow-list"
    ),
    40243: Known(BadCredentials, "The AppSecret is frozen"),
    42001: Known(BadCredentials, "The access token is too old"),
    43004: Known(OptedOut, "The person does not follow the account"),
    45001: Known(Rejected, "The file is too large"),
    45002: Known(TooLong, "The text is too long"),
    45009: Known(Throttled, "The day's calls are used up", 3600.0),
    45011: Known(Throttled, "Too many calls in this minute", 60.0),
    45015: Known(WindowClosed, "The person has not written for 48 hours, or no longer follows"),
    45047: Known(WindowClosed, "All messages of this window are used up"),
    47001: Known(Rejected, "WeChat does not understand the message"),
    47003: Known(Rejected, "The template's values do not fit"),
    48001: Known(BadCredentials, "The account has no permission for this call"),
    48002: Known(OptedOut, "The person refuses messages of this account"),
    48004: Known(BadCredentials, "The call is blocked for this account"),
    50002: Known(BadCredentials, "The account is restricted"),
}
BY_STATUS: dict[int, Known] = {
    401: Known(BadCredentials, "The account is not accepted"),
    403: Known(BadCredentials, "The account may not do this"),
    429: Known(Throttled, "Too many requests"),
    503: Known(Unreachable, "Service unavailable"),
}


def stale(response: Response) -> bool:
    """Whether the answer says that the token is taken no more."""
    return code_of(response) in STALE


def code_of(response: Response) -> int | None:
    """The answer's ``errcode``; None when it has none."""
    answer = response.json()
    code = answer.get("errcode") if isinstance(answer, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def body(response: Response, *, safe: bool) -> Mapping[str, Any]:
    """The answer of a call that did what it should; raises what went wrong.

    ``safe``: asking again could do no harm, so nothing is unclear.
    """
    answer = response.json()
    code = code_of(response)
    if response.status == 200 and isinstance(answer, dict) and code in {0, None}:
        return answer
    known = BY_STATUS.get(response.status)
    if known is None and code:
        known = TABLE.get(code, Known(Rejected, f"WeChat did not accept it ({code})"))
    if known is None:
        unclear = response.status >= 500 or response.status < 400 or response.status == 408
        words = f"An answer that says nothing (HTTP {response.status})"
        known = Known((Unreachable if safe else Ambiguous) if unclear else Rejected, words)
    said = answer.get("errmsg") if isinstance(answer, dict) else None
    text = known.text
    if code and isinstance(said, str) and said:
        text = f"{known.text}: {said}".replace("\0", "").encode("utf-8", "replace").decode()[:500]
    wait = response.retry_after()
    raise known.error(
        text,
        code=str(code or response.status),
        retry_after=known.retry_after if wait is None else wait,
    )
