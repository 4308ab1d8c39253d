"""What Meta's channels share: credentials, signed webhooks, the Graph API's requests and errors."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qs, urlsplit

from django.utils.translation import gettext_lazy as _

from gateway.contract import (
    Adapter,
    ConfigField,
    Part,
    Request,
    Response,
    WebhookRequest,
    WebhookResponse,
)
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    BadSignature,
    Malformed,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)

GRAPH = "https://graph.facebook.com"
VERSION = "v25.0"
SIGNATURE = "x-hub-signature-256"

ACCESS_TOKEN = ConfigField(
    "access_token",
    _("Access token"),
    help=_("Of a system user, so that it does not expire. It is kept encrypted."),
    secret=True,
    max_length=1000,
)
APP_SECRET = ConfigField(
    "app_secret",
    _("App secret"),
    help=_("In the Meta app, under App settings, Basic. Meta signs its webhooks with it."),
    secret=True,
    pattern=r"\S{16,128}",
    pattern_error=_("At least 16 characters, without spaces."),
)
VERIFY_TOKEN = ConfigField(
    "verify_token",
    _("Verify token"),
    help=_("Paste it at Meta beside the webhook's address. Leave empty to have one made."),
    required=False,
    generated=True,
    pattern=r"[\w.-]{8,100}",
    pattern_error=_("8 to 100 letters, digits, points, dashes or underscores."),
)
API_VERSION = ConfigField(
    "api_version",
    _("Graph API version"),
    help=_("Meta retires versions after about two years."),
    required=False,
    default=VERSION,
    pattern=r"v\d{1,3}\.\d{1,2}",
    pattern_error=_("As v25.0."),
    placeholder=VERSION,
)


class Known(NamedTuple):
    """What a code means: the class that drives what happens, words, seconds to wait if special."""

    error: type[SendError]
    text: str
    retry_after: float | None = None


# By code, or by (code, subcode), which goes first.
Table = Mapping[int | tuple[int, int], Known]

# What any of the Graph API's answers may say. 1 and 2 do not say that nothing was done.
# https://developers.facebook.com/docs/graph-api/guides/error-handling
COMMON: Table = {
    0: Known(BadCredentials, "The access token is not accepted"),
    1: Known(Ambiguous, "An unknown error at Meta"),
    2: Known(Ambiguous, "Meta's service is not available"),
    3: Known(BadCredentials, "The app may not do this"),
    4: Known(Throttled, "Too many requests of the app"),
    10: Known(BadCredentials, "The permission is missing or was taken back"),
    17: Known(Throttled, "Too many requests of the user"),
    32: Known(Throttled, "Too many requests of the page"),
    100: Known(Rejected, "Meta did not accept a parameter"),
    102: Known(BadCredentials, "The access token's session is over"),
    190: Known(BadCredentials, "The access token is not accepted"),
    368: Known(BadCredentials, "Blocked for a time for breaking Meta's policies"),
    613: Known(Throttled, "Too many requests"),
}
PERMISSIONS = range(200, 300)


@dataclass(frozen=True, slots=True)
class GraphError:
    """The ``error`` object of an answer, or of a report; 0 and empty where it does not say."""

    code: int
    subcode: int
    text: str
    transient: bool = False


class MetaAccount(Adapter):
    """A Graph API account: who derives from it names ``webhook_object`` and ``private``."""

    provider_url = GRAPH
    webhook_object: ClassVar[str]  # the "object" of its webhooks
    private: ClassVar[frozenset[str]] = frozenset()  # JSON fields that the log leaves out

    # --- In -----------------------------------------------------------------------------------

    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless Meta signed the raw body, or a GET names our verify token."""
        if request.method == "GET":
            _same(_query(request).get("hub.verify_token", ""), self.config.get("verify_token", ""))
        else:
            secret = self.config.get("app_secret", "")
            expected = sign(request.body, secret) if secret else ""
            _same(request.headers.get(SIGNATURE, ""), expected)

    def handshake(self, request: WebhookRequest) -> WebhookResponse | None:
        """The challenge of a GET (hub.mode=subscribe), given back."""
        if request.method != "GET":
            return None
        asked = _query(request)
        if asked.get("hub.mode") != "subscribe" or not asked.get("hub.challenge"):
            return WebhookResponse(status=400)
        return WebhookResponse(body=asked["hub.challenge"])

    def kept_url(self, request: WebhookRequest) -> str:
        """Without the query, which may hold the verify token."""
        return request.url.partition("?")[0]

    def payload(self, request: WebhookRequest) -> dict[str, Any]:
        """A webhook's body. Malformed unless it is JSON about this kind of account."""
        try:
            body = clean(json.loads(request.body))
        except (ValueError, RecursionError) as error:
            raise Malformed("The body is not JSON.") from error
        if not isinstance(body, dict) or not isinstance(body.get("entry"), list):
            raise Malformed("The body has no entries.")
        if body.get("object") != self.webhook_object:
            raise Malformed(f"The object is not {self.webhook_object}.")
        return body

    # --- Out ----------------------------------------------------------------------------------

    @property
    def version_url(self) -> str:
        """Where the Graph API's paths begin."""
        return f"{self.base_url}/{self.config.get('api_version') or VERSION}"

    def graph(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        json: Any = None,
        parts: Sequence[Part] = (),
    ) -> Request:
        """A request to a path of the Graph API, with the channel's token."""
        return Request(
            method=method,
            url=f"{self.version_url}/{path}",
            headers=self.bearer,
            params=params,
            json=json,
            parts=parts,
            secrets=self.secrets,
            private=self.private,
        )

    @cached_property
    def bearer(self) -> dict[str, str]:
        """The header that carries the token."""
        return {"Authorization": f"Bearer {self.config.get('access_token', '')}"}

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """What must not stand in any log."""
        names = ("access_token", "app_secret")
        return tuple(value for name in names if (value := self.config.get(name)))


def sign(body: bytes, app_secret: str) -> str:
    """The signature header's value: HMAC-SHA256 of the raw body, 71 characters."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def objects(value: object) -> Iterator[dict[str, Any]]:
    """The JSON objects of a list; nothing for what is no list."""
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def part(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object within an object; empty where it is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def words(value: Mapping[str, Any], name: str, limit: int = 255) -> str:
    """A text (or a number as text) within an object; empty where it is none."""
    found = value.get(name)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    return found[:limit] if isinstance(found, str) else ""


def clean(value: Any) -> Any:
    """JSON as PostgreSQL can keep it: no NUL, no half of a surrogate pair."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [clean(one) for one in value]
    if isinstance(value, dict):
        return {clean(name): clean(one) for name, one in value.items()}
    return value


def problem(value: object) -> GraphError:
    """An ``error`` object in our words; also one of a report's ``errors``."""
    found = value if isinstance(value, dict) else {}
    details = words(part(found, "error_data"), "details", 500)
    names = ("error_user_msg", "message", "title")
    text = details or next(filter(None, (words(found, name, 500) for name in names)), "")
    return GraphError(
        code=_number(found.get("code")),
        subcode=_number(found.get("error_subcode")),
        text=clean(text),
        transient=found.get("is_transient") is True,
    )


def answered(response: Response) -> GraphError:
    """The error in an answer."""
    body = response.json()
    return problem(body.get("error") if isinstance(body, dict) else None)


def meaning(error: GraphError, table: Table) -> Known | None:
    """What a code means by the channel's own table, else by what is common; None: unknown."""
    for known in (table, COMMON):
        found = known.get((error.code, error.subcode)) or known.get(error.code)
        if found is not None and (error.code or error.text):
            return found
    if error.code in PERMISSIONS:
        return Known(BadCredentials, "The permission is missing")
    return None


def failure(response: Response, table: Table, *, safe: bool = False) -> SendError:
    """The error an unsuccessful answer means. ``safe``: asking again could do no harm."""
    said = answered(response)
    known = meaning(said, table) or _by_status(response.status)
    kind = Unreachable if safe and known.error is Ambiguous else known.error
    wait = response.retry_after()
    return kind(
        said.text or known.text,
        code=str(said.code or response.status)[:32],
        retry_after=known.retry_after if wait is None else wait,
    )


def _by_status(status: int) -> Known:
    if status == 429:
        return Known(Throttled, "Too many requests")
    if status == 503:
        return Known(Unreachable, "Service unavailable")
    if status in {401, 403}:
        return Known(BadCredentials, "Authentication failed or permission denied")
    if status >= 500 or status < 400 or status == 408:
        return Known(Ambiguous, f"An answer that says nothing (HTTP {status})")
    return Known(Rejected, f"HTTP {status}")


def _number(value: object) -> int:
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else 0


def _same(given: str, expected: str) -> None:
    if not expected or not hmac.compare_digest(_bytes(given), _bytes(expected)):
        raise BadSignature("The signature or the verify token is missing or wrong.")


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "replace")


def _query(request: WebhookRequest) -> dict[str, str]:
    found = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
    return {name: values[0] for name, values in found.items()}
