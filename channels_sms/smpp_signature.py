"""Signs what the bridge hands in, and shows the bridge that a request comes from the product.

Both keys come from SECRET_KEY and the channel's own credentials: they are never typed, another
channel's are others, and new credentials make them void at once.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac

from gateway.contract import WebhookRequest
from gateway.errors import BadSignature

HEADER = "x-smpp-signature"
SALT = "channels_sms.smpp"
IDENTITY = ("host", "port", "system_id", "password")


def keys(config: Mapping[str, str]) -> tuple[bytes, ...]:
    """The channel's keys, the present one first; none without a password."""
    if not config.get("password"):
        return ()
    identity = json.dumps([config.get(name, "") for name in IDENTITY])
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return tuple(
        salted_hmac(SALT, identity, secret=secret, algorithm="sha256").digest()
        for secret in secrets
    )


def signature(key: bytes, url: str, body: bytes) -> str:
    """HMAC-SHA256 over the path, which names the channel, and the raw body; in hex."""
    signed = urlsplit(url).path.encode() + b"\n" + body
    return hmac.new(key, signed, hashlib.sha256).hexdigest()


def verify(request: WebhookRequest, accepted: tuple[bytes, ...]) -> None:
    """Raise BadSignature unless one of these keys has signed the request."""
    given = request.headers.get(HEADER, "").encode("utf-8", "replace")
    if not given:
        raise BadSignature("The signature is missing.")
    for key in accepted:
        if hmac.compare_digest(given, signature(key, request.url, request.body).encode()):
            return
    raise BadSignature("The signature is wrong.")


def token(key: bytes) -> str:
    """What the bridge wants to see before it sends for the channel."""
    return hmac.new(key, b"bridge", hashlib.sha256).hexdigest()
