"""What the answer of a provider without an adapter means: by its status, and by the channel's own
table of codes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from channels_sms.http_webhooks import words_at
from gateway.contract import Response
from gateway.errors import (
    ERRORS,
    Ambiguous,
    BadCredentials,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)
from gateway.redaction import HIDDEN

SUCCESS = "2xx"
STATUS = re.compile(r"[1-5](\d\d|xx)")
NOTHING_SAID = "An answer that says nothing"


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read answers: which HTTP statuses mean accepted (``202``, ``2xx``), where the id, the
    error's words and its code stand, and what codes (or statuses) mean: classes of gateway.errors.
    """

    accepted: tuple[str, ...] = (SUCCESS,)
    id_path: str = ""
    error_path: str = ""
    code_path: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    def message_id(self, response: Response, own: str) -> str:
        """The message's id, ``own`` where the provider gives none; else raises what went wrong.

        Ambiguous when an accepted message should have an id and has none.
        """
        answer = response.json()
        code = words_at(answer, self.code_path)
        if not self._accepts(response.status) or code in self.codes:
            raise self._failure(response, answer, code)
        if not self.id_path:
            return own
        found = words_at(answer, self.id_path)
        if 0 < len(found) <= 255 and found.isprintable():
            return found
        raise Ambiguous("The provider accepted the request but its answer names no message.")

    def refusal(self, response: Response) -> SendError:
        """The error an unsuccessful answer to a question means: asking again does no harm."""
        answer = response.json()
        error = self._failure(response, answer, words_at(answer, self.code_path))
        unclear = isinstance(error, Ambiguous)
        return Unreachable(error.text, code=error.code) if unclear else error

    def _accepts(self, status: int) -> bool:
        return str(status) in self.accepted or f"{status // 100}xx" in self.accepted

    def _failure(self, response: Response, answer: Any, code: str) -> SendError:
        status = response.status
        name = self.codes.get(code) or self.codes.get(str(status))
        error = ERRORS[name] if name else by_status(status)
        unsaid = f"{NOTHING_SAID} (HTTP {status})" if error is Ambiguous else f"HTTP {status}"
        text = words_at(answer, self.error_path) or unsaid
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        wait = response.retry_after()
        return error(text[:500], code=(code or str(status))[:32], retry_after=wait)


def by_status(status: int) -> type[SendError]:
    """What an HTTP status means by itself."""
    if status == 429:
        return Throttled
    if status == 503:
        return Unreachable
    if status in {401, 403}:
        return BadCredentials
    if status >= 500 or status < 400 or status == 408:
        return Ambiguous
    return Rejected


def read_statuses(text: str) -> tuple[str, ...]:
    """``200, 202`` or ``2xx``; ValueError for anything else."""
    found = tuple(re.split(r"[\s,]+", text.strip().lower()))
    if not all(STATUS.fullmatch(one) for one in found):
        raise ValueError(text)
    return found


def secret_forms(secrets: Iterable[str]) -> tuple[str, ...]:
    """Secrets as they may appear in a log: as they are and as a URL or a form spells them."""
    forms = [form for one in secrets for form in (one, quote(one, safe=""), quote_plus(one))]
    return tuple(dict.fromkeys(filter(None, forms)))
