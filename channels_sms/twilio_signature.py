"""Twilio's X-Twilio-Signature: HMAC-SHA1 over the public URL and the form's fields, in base64.

Source: providers.md section 1 and the ``twilio`` package's RequestValidator, with which the tests
compare this. Differences, all on the strict side: SHA1 is pinned (we hold no SharedKey, and an
attacker chooses headers), and a body that the signature does not cover is refused.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qs, parse_qsl, urlsplit

from gateway.contract import WebhookRequest
from gateway.errors import BadSignature, Malformed

HEADER = "x-twilio-signature"
# Names a SharedKey and its algorithm; sent only by accounts that sign with one.
SETTINGS_HEADER = "x-twilio-webhooks-signature-settings"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PORTS = {"http": 80, "https": 443}

Fields = Iterable[tuple[str, str]]


def sign(token: str, url: str, fields: Fields = (), *, algorithm: str = "sha1") -> str:
    """The signature of a request to ``url`` with these decoded form fields.

    Every distinct (name, value) counts once, in order of names, then values. A JSON request has no
    fields: its body's hash is in the URL.
    """
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.digest(token.encode(), signed.encode("utf-8", "replace"), algorithm)
    return base64.b64encode(digest).decode("ascii")


def spellings(url: str) -> Iterator[str]:
    """The URL as it stands, then without its port, or with the scheme's own port.

    Twilio is not consistent about ports, so its SDK tries these too. The host is from our settings,
    never from the request.
    """
    yield url
    parts = urlsplit(url)
    if parts.port is None:
        yield _with_netloc(url, f"{parts.netloc}:{PORTS.get(parts.scheme, 80)}")
    else:
        yield _with_netloc(url, parts.netloc.rpartition(":")[0])


def _with_netloc(url: str, netloc: str) -> str:
    return url.replace(f"//{urlsplit(url).netloc}", f"//{netloc}", 1)


def media_type(request: WebhookRequest) -> str:
    """The request's content type without parameters, lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def verify(request: WebhookRequest, tokens: Sequence[str]) -> None:
    """Raise BadSignature unless one of ``tokens`` signed the request.

    Two tokens are right while a rotation is under way. Malformed when the signature is right but
    the body is nothing that could have been signed, so that it authenticates nothing.
    """
    given = request.headers.get(HEADER, "")
    if not given:
        raise BadSignature("The signature is missing.")
    if request.headers.get(SETTINGS_HEADER, "").strip():
        raise BadSignature("The request names a SharedKey; only the Auth Token is agreed on.")
    try:
        fields = _signed_fields(request)
    except Malformed:
        unread = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        if _signed(request, tokens, given, unread) or _signed(request, tokens, given, []):
            raise
        raise BadSignature("The signature does not match.") from None
    if not _signed(request, tokens, given, fields):
        raise BadSignature("The signature does not match.")


def _signed(request: WebhookRequest, tokens: Sequence[str], given: str, fields: Fields) -> bool:
    """Compares in constant time; which of the tokens and spellings it was is no secret."""
    wanted = given.encode("utf-8", "replace")
    return any(
        hmac.compare_digest(sign(token, url, fields).encode(), wanted)
        for token in tokens
        if token
        for url in spellings(request.url)
    )


def _signed_fields(request: WebhookRequest) -> list[tuple[str, str]]:
    """The fields the signature must cover; Malformed for a body Twilio would not send."""
    if request.method == "GET" and not request.body:
        return []
    kind = media_type(request)
    if kind == FORM:
        return request.form()
    if kind != JSON:
        raise Malformed(f"Neither a form nor JSON: {kind[:80]}")
    _check_body_hash(request)
    return []


def _check_body_hash(request: WebhookRequest) -> None:
    """The URL is signed and carries the body's hash; without this the body is anybody's."""
    claimed = parse_qs(urlsplit(request.url).query).get("bodySHA256", [""])
    actual = hashlib.sha256(request.body).hexdigest()
    if not hmac.compare_digest(actual.encode(), claimed[0].encode("utf-8", "replace")):
        raise BadSignature("The body does not match its signed hash.")
