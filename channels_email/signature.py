"""Signs the mails that our own process hands in, and shows that process who is asking.

The key comes from SECRET_KEY and the channel's own signing key: another channel's is another one.
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

HEADER = "x-mail-signature"
FROM, TO = "x-envelope-from", "x-envelope-to"
# The method of a stored "request" that a mail came in as.
MAIL = "MAIL"
SALT = "channels_email"


def keys(config: Mapping[str, str]) -> tuple[bytes, ...]:
    """The channel's keys, the present one first; none without a signing key."""
    own = config.get("secret", "")
    if not own:
        return ()
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return tuple(
        salted_hmac(SALT, own, secret=secret, algorithm="sha256").digest() for secret in secrets
    )


def signature(key: bytes, request: WebhookRequest) -> str:
    """HMAC-SHA256 over the path, which names the channel, the envelope and the mail; in hex."""
    about = json.dumps(
        [
            urlsplit(request.url).path,
            request.headers.get("content-type", ""),
            request.headers.get(FROM, ""),
            request.headers.get(TO, ""),
        ]
    )
    return hmac.new(key, about.encode() + b"\n" + request.body, hashlib.sha256).hexdigest()


def verify(request: WebhookRequest, accepted: tuple[bytes, ...]) -> None:
    """Raise BadSignature unless one of these keys has signed the request."""
    given = request.headers.get(HEADER, "").encode("utf-8", "replace")
    if not given:
        raise BadSignature("The signature is missing.")
    for key in accepted:
        if hmac.compare_digest(given, signature(key, request).encode()):
            return
    raise BadSignature("The signature is wrong.")


def token(key: bytes) -> str:
    """What the bridge wants to see before it does anything for the channel."""
    return hmac.new(key, b"bridge", hashlib.sha256).hexdigest()
